"""Waiting until everything that clients have sent so far has been processed.

What a client did before it left is in the kernel: a connection to accept, octets, an end of input.
The kernel says whether any of it is left, so no time needs to be guessed.
"""

import select

from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.task import deferLater

QUIET_SECONDS = 5.0  # at most, even if more keeps arriving


async def quiet(reactor: PosixReactorBase, seconds: float = QUIET_SECONDS) -> None:
    """Return when what has arrived until now has been read, or after this many seconds.

    A turn of the reactor takes one step on each socket: accept, read, or read the end.
    """
    deadline = reactor.seconds() + seconds
    while True:
        await deferLater(reactor, 0)
        if not _has_arrived(reactor) or reactor.seconds() >= deadline:
            break
    await deferLater(reactor, 0)  # what was deferred to the next turn


def _has_arrived(reactor: PosixReactorBase) -> bool:
    """Return whether any socket can be read or accepted (our poller is one descriptor)."""
    arrived = select.poll()
    for reader in reactor.getReaders():
        descriptor = reader.fileno()
        if descriptor >= 0:
            arrived.register(descriptor, select.POLLIN)
    return bool(arrived.poll(0))
