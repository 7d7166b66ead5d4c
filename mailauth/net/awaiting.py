"""Results to come, awaited: the pure packages' `Pending` in Twisted's coroutines."""

from typing import TypeVar

from twisted.internet.defer import Deferred

from mailauth.wire.pending import Pending

T = TypeVar("T")


async def value_of(value: T | Pending[T]) -> T:
    """Return a value: at once when it is there, else when it comes."""
    return await arrival(value) if isinstance(value, Pending) else value


async def arrival(pending: Pending[T]) -> T:
    """Return a value when it comes."""
    deferred: Deferred[T] = Deferred()
    pending.listen(deferred.callback)
    return await deferred
