"""Results to come, awaited: the pure packages' `Pending` in Twisted's coroutines."""

from typing import TypeVar

from twisted.internet.defer import Deferred

from mailauth.wire.pending import Pending

T = TypeVar("T")


async def settled(value: T | Pending[T]) -> T:
    """Return a value: at once when it is there, else when it comes."""
    if not isinstance(value, Pending):
        return value
    deferred: Deferred[T] = Deferred()
    value.listen(deferred.callback)
    return await deferred
