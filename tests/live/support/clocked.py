"""A server whose clock stands still until a test sets it: it is the modification time of a file.

    python -m tests.live.support.clocked HOME

The clock stamps records and drives blocking, tokens and sessions; deadlines are the reactor's.
"""

import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import cast

import msgspec

from mailauth.testing import RunningServer

CLOCK = "clock"


class ClockedServer(RunningServer):
    """Such a server; its clock begins at `start`, in seconds."""

    def __init__(self, home: Path, start: float) -> None:
        super().__init__(home)
        self._clock = home / CLOCK
        self._clock.touch()
        os.utime(self._clock, (start, start))

    def command(self) -> list[str]:
        """Run this module."""
        return [sys.executable, "-m", "tests.live.support.clocked", str(self.home)]

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        now = self._clock.stat().st_mtime + seconds
        os.utime(self._clock, (now, now))


def main(home: Path) -> None:
    """Serve as `mailauth serve --ephemeral --ready-json` does."""
    from twisted.internet import reactor as installed
    from twisted.internet.posixbase import PosixReactorBase

    from mailauth.cli.startup import ready
    from mailauth.config import FILE_NAME, load
    from mailauth.server.clocks import keep_deadlines
    from mailauth.server.diagnostics import begin_logging
    from mailauth.server.server import Server

    reactor = cast(PosixReactorBase, installed)
    keep_deadlines(reactor)
    begin_logging()
    read_config = partial(load, home / FILE_NAME, ephemeral=True)
    server = Server(
        read_config(),
        home,
        reactor,
        read_config=read_config,
        now=lambda: (home / CLOCK).stat().st_mtime,
    )
    server.start()
    reactor.addSystemEventTrigger("before", "shutdown", server.stop)
    reactor.callWhenRunning(
        lambda: signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(server.reload))
    )
    sys.stdout.buffer.write(msgspec.json.encode(ready(server)) + b"\n")
    sys.stdout.flush()
    reactor.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
