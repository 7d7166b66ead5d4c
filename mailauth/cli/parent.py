"""Stopping the server when the process that started it ends: `mailauth serve --exit-with-stdin`.

A killed process cannot stop its children, but the kernel closes its pipes.
"""

import os
import sys
from collections.abc import Callable

import click
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

_STDIN = 0
_OCTETS = 65536


@implementer(IReadDescriptor)
class StdinEnd:
    """Waits for the end of stdin; whatever is read before it is ignored."""

    def __init__(self, reactor: IReactorFDSet, ended: Callable[[], object]) -> None:
        self._reactor = reactor
        self._ended = ended
        reactor.addReader(self)

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return _STDIN

    def doRead(self) -> None:
        """Read until the end."""
        try:
            if os.read(_STDIN, _OCTETS):  # does not block: it is readable (its mode is shared)
                return
        except OSError:
            pass  # a terminal that is gone has ended, too
        self.connectionLost()

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Stdin has ended."""
        self._reactor.removeReader(self)
        self._ended()

    def logPrefix(self) -> str:
        """Return the name that Twisted logs."""
        return "stdin"


def check_stdin() -> None:
    """Reject `--exit-with-stdin` if stdin is not open."""
    if sys.stdin is None:  # its number may already be another file's
        raise click.UsageError("--exit-with-stdin: stdin is not open")
