"""Running a mail client against a case, as a command of the user's."""

import os
import re
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from typing import BinaryIO

import msgspec

PLACEHOLDERS = ("host", "port", "ca", "user", "password", "protocol", "tls", "case")
OUTPUT_OCTETS = 65536  # of the client's own words that are kept
KILLED_SECONDS = 5.0  # for what was killed to be gone

_PLACEHOLDER = re.compile("{(" + "|".join(PLACEHOLDERS) + ")}")

# What clients say that run once at a time, and of which another one runs.
_LOCKED = re.compile(
    r"already (?:locked|running)|another (?:instance|copy|process)|is locked by|lock(?:ed)? by"
    r"|(?:cannot|can't|could not|unable to|failed to) (?:get|acquire|obtain|create|take)"
    r"[^\n]{0,40}\block|lock ?file[^\n]{0,40}exists",
    re.IGNORECASE,
)


class Oracle(msgspec.Struct, frozen=True):
    """What a client says when it has succeeded, and when it has failed: patterns of its output.

    Without either, its exit code says so.
    """

    succeeded: re.Pattern[str] | None = None
    failed: re.Pattern[str] | None = None

    def says_well(self, code: int | None, output: str) -> bool:
        """Say whether the client claims that all is well."""
        if self.failed is not None and self.failed.search(output):
            return False
        if self.succeeded is not None:
            return bool(self.succeeded.search(output))
        return code is not None and (code == 0 or self.failed is not None)


BY_EXIT_CODE = Oracle()


class Ended(msgspec.Struct, frozen=True):
    """How a command ended: its exit code, `None` where it hung and was killed, and what it said.

    `words` are its last line, or its first where it failed. `says_well` is what the client claims,
    `is_locked` that another one of its kind was in its way. It took `seconds`.
    """

    code: int | None
    words: str
    says_well: bool
    is_locked: bool = False
    seconds: float = 0.0


def command_line(template: str, values: Mapping[str, str]) -> str:
    """Fill in what stands in braces, quoted for the shell; other braces are the shell's own."""
    return _PLACEHOLDER.sub(lambda found: shlex.quote(values[found[1]]), template)


def run(
    template: str, values: Mapping[str, str], seconds: float, oracle: Oracle = BY_EXIT_CODE
) -> Ended:
    """Run a command by the shell, for so long at most; afterwards nothing of it runs any more.

    The values stand in its environment too, as `MAILAUTH_HOST` and so on. What it says goes to a
    file: somebody who keeps a pipe open is not waited for.
    """
    environment = {f"MAILAUTH_{name.upper()}": value for name, value in values.items()}
    began = time.monotonic()
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(  # noqa: S602 (the user's command is a shell's)
            command_line(template, values),
            shell=True,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            code: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        took = time.monotonic() - began
        _kill_group(process)
        said = _tail(output).replace(values["password"], "*")
    well = oracle.says_well(code, said)
    lines = said.splitlines() or [""]
    return Ended(
        code=code,
        words=lines[-1 if well else 0].strip(),
        says_well=well,
        is_locked=not well and _LOCKED.search(said) is not None,
        seconds=took,
    )


def _tail(output: BinaryIO) -> str:
    length = output.seek(0, os.SEEK_END)
    output.seek(max(0, length - OUTPUT_OCTETS))
    return output.read().decode("utf-8", "replace").strip()


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill what runs of it, and wait for the command itself, so that its sockets are closed."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # all of it has ended by itself
    process.wait(KILLED_SECONDS)
