"""The only process of a server without workers, which serves all clients itself.

`workers.pool` is the alternative. A server has one of the two, with the same methods.
"""

import socket
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from twisted.internet.posixbase import PosixReactorBase

from mailauth.config import Config
from mailauth.events.feed import Feed
from mailauth.events.history import JournalHistory
from mailauth.net.listener import Listener
from mailauth.record.sinks import Sinks
from mailauth.server.operations import RunningOperations
from mailauth.server.process import ServingProcess


class OneProcess:
    """A server that shares nothing with other processes."""

    state = counts = None

    def __init__(
        self, process: ServingProcess, maildir: Path | None, reactor: PosixReactorBase
    ) -> None:
        self._process = process
        self._maildir = maildir
        self._reactor = reactor

    @property
    def operations(self) -> RunningOperations:
        """What the console queries and changes."""
        return self._process.operations

    @property
    def sinks(self) -> Sinks:
        """The sinks that receive each recorded event."""
        return self._process.shown.sinks

    def open(self, history: JournalHistory, opened: ExitStack) -> Feed:
        """Open the mail, and return the feed of recorded events. Raises `OSError`."""
        self._process.open_mail(self._maildir, opened)
        self._process.derive_keys(opened)
        return Feed(self._reactor, history, self._process.shown.newest)

    def start(self, listening: Sequence[tuple[Listener, socket.socket]], _: ExitStack) -> None:
        """Accept clients on all listeners."""
        for listener, taken in listening:
            self._process.accept(listener, taken)

    async def reload(self, config: Config) -> None:
        """Do nothing: no other process reads the configuration."""

    async def leave(self) -> None:
        """Do nothing: no other process has clients."""
