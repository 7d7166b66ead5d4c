"""When everything that clients have sent so far has been dealt with.

What a client that has gone did is in the kernel: a connection to be accepted, octets, an end. The
kernel says whether there is any of it left, so that nobody has to guess a time.
"""

import select

from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.task import deferLater

QUIET_SECONDS = 5.0  # at most, however much goes on arriving


async def quiet(reactor: PosixReactorBase, seconds: float = QUIET_SECONDS) -> None:
    """Return when what has arrived until now has been read, or after so many seconds.

    A turn of the reactor takes one step on each socket: accept, read, read the end.
    """
    deadline = reactor.seconds() + seconds
    while True:
        await deferLater(reactor, 0)
        if not _has_arrived(reactor) or reactor.seconds() >= deadline:
            break
    await deferLater(reactor, 0)  # what was put off to the next turn


def _has_arrived(reactor: PosixReactorBase) -> bool:
    """Say whether anything waits to be read or accepted (a poller of ours is one descriptor)."""
    arrived = select.poll()
    for reader in reactor.getReaders():
        descriptor = reader.fileno()
        if descriptor >= 0:
            arrived.register(descriptor, select.POLLIN)
    return bool(arrived.poll(0))
