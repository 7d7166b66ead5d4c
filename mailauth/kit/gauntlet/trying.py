"""Running a mail client against a case, as a command of the user's."""

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Mapping

import msgspec

PLACEHOLDERS = ("host", "port", "ca", "user", "password", "protocol", "tls", "case")
OUTPUT_OCTETS = 65536  # of the client's own words that are kept

_PLACEHOLDER = re.compile("{(" + "|".join(PLACEHOLDERS) + ")}")


class Ended(msgspec.Struct, frozen=True):
    """How a command ended: its exit code, `None` where it hung and was killed, and what it said.

    `words` are its last line, or its first where it failed.
    """

    code: int | None
    words: str


def command_line(template: str, values: Mapping[str, str]) -> str:
    """Fill in what stands in braces, quoted for the shell; other braces are the shell's own."""
    return _PLACEHOLDER.sub(lambda found: shlex.quote(values[found[1]]), template)


def run(template: str, values: Mapping[str, str], seconds: float) -> Ended:
    """Run a command by the shell, for so long at most; afterwards nothing of it runs any more.

    The values stand in its environment too, as `MAILAUTH_HOST` and so on.
    """
    environment = {f"MAILAUTH_{name.upper()}": value for name, value in values.items()}
    with subprocess.Popen(  # noqa: S602 (the user's command is a shell's)
        command_line(template, values),
        shell=True,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
            code: int | None = process.returncode
        except subprocess.TimeoutExpired:
            _kill_group(process.pid)
            output, _ = process.communicate()
            code = None
        else:
            _kill_group(process.pid)
    said = output[-OUTPUT_OCTETS:].decode("utf-8", "replace").strip()
    lines = said.replace(values["password"], "*").splitlines() or [""]
    return Ended(code, lines[-1 if code == 0 else 0].strip())


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return  # all of it has ended by itself
