"""Running the user's mail client against a case, as a shell command."""

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
OUTPUT_OCTETS = 65536  # of the client's output that are kept
KILLED_SECONDS = 5.0  # for a killed process to end

_PLACEHOLDER = re.compile("{(" + "|".join(PLACEHOLDERS) + ")}")

# What clients print that allow only one instance, if another one is running.
_LOCKED = re.compile(
    r"already (?:locked|running)|another (?:instance|copy|process)|is locked by|lock(?:ed)? by"
    r"|(?:cannot|can't|could not|unable to|failed to) (?:get|acquire|obtain|create|take)"
    r"[^\n]{0,40}\block|lock ?file[^\n]{0,40}exists",
    re.IGNORECASE,
)


class Oracle(msgspec.Struct, frozen=True):
    """Patterns in the client's output that mean success or failure.

    Without either of them, the exit code decides.
    """

    succeeded: re.Pattern[str] | None = None
    failed: re.Pattern[str] | None = None

    def says_well(self, code: int | None, output: str) -> bool:
        """Return whether the client reports success."""
        if self.failed is not None and self.failed.search(output):
            return False
        if self.succeeded is not None:
            return bool(self.succeeded.search(output))
        return code is not None and (code == 0 or self.failed is not None)


BY_EXIT_CODE = Oracle()


class Ended(msgspec.Struct, frozen=True):
    """How a command ended: its exit code (`None` if it hung and was killed) and its output.

    `words` is its last line, or its first line if it failed. `says_well` is whether the client
    reports success, and `is_locked` whether another instance locked it out. It took `seconds`.
    """

    code: int | None
    words: str
    says_well: bool
    is_locked: bool = False
    seconds: float = 0.0


def command_line(template: str, values: Mapping[str, str]) -> str:
    """Fill in the placeholders in braces, quoted for the shell; other braces are left as is."""
    return _PLACEHOLDER.sub(lambda found: shlex.quote(values[found[1]]), template)


def run(
    template: str, values: Mapping[str, str], seconds: float, oracle: Oracle = BY_EXIT_CODE
) -> Ended:
    """Run a shell command for a limited time; afterwards none of its processes is left.

    The values are also environment variables, such as `MAILAUTH_HOST`. The output goes to a file,
    so that a process that keeps a pipe open does not delay the end.
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
    """Kill all its processes; wait for the command itself, so that its sockets are closed."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # all of them have ended
    process.wait(KILLED_SECONDS)
