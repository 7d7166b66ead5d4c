"""Programs that want a terminal, typed at as somebody would: a key when the screen asks for it."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.live.support.programs import Failed, environment, needs

SECONDS = 30.0
_CONTROLS = re.compile(rb"\x1b\[[\d;?]*[A-Za-z]|\x1b[()].|\x1b.|[\0\x0e\x0f]")


class Terminal:
    """A program that runs in a terminal of 100 columns until it has ended by itself."""

    def __init__(self, *command: str, home: Path, **more: str) -> None:
        needs(command[0])
        self._name = command[0]
        self._screen, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self._program = subprocess.Popen(
            command,
            stdin=inside,
            stdout=inside,
            stderr=inside,
            cwd=home,
            env={**environment(home), "TERM": "xterm", **more},
            start_new_session=True,
        )
        os.close(inside)
        self._shown = b""  # and not looked at yet
        self._deadline = time.monotonic() + SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._program.kill()
        self._program.wait()
        os.close(self._screen)

    def see(self, text: str) -> str:
        """Wait until a text is shown; return what was shown up to it. Raises `Failed`."""
        wanted = text.encode()
        while True:
            shown = _CONTROLS.sub(b"", self._shown)
            before, found, behind = shown.partition(wanted)
            if found:
                self._shown = behind
                return (before + found).decode(errors="replace")
            if not self._read():
                raise Failed(f"{self._name} does not show {text!r}, but {shown[-2000:]!r}")

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._screen, keys.encode())

    def ended(self) -> str:
        """Wait until the program has ended; return what was shown last. Raises `Failed`."""
        while self._read():
            pass
        shown = _CONTROLS.sub(b"", self._shown).decode(errors="replace")
        if time.monotonic() > self._deadline or self._program.wait() != 0:
            raise Failed(f"{self._name} has not ended well: {shown[-2000:]!r}")
        return shown

    def _read(self) -> bool:
        """Read what comes next; false at the end, or when it has taken too long."""
        remaining = self._deadline - time.monotonic()
        if remaining <= 0 or not select.select([self._screen], [], [], remaining)[0]:
            return False
        try:
            data = os.read(self._screen, 65536)
        except OSError:  # EIO: the program has closed its side
            return False
        self._shown += data
        return bool(data)
