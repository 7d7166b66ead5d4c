"""Awaiting the pure packages' `Pending` results in Twisted's coroutines."""

from typing import TypeVar

from twisted.internet.defer import Deferred

from mailauth.wire.pending import Pending

T = TypeVar("T")


async def value_of(value: T | Pending[T]) -> T:
    """Return a value: at once if it is available, else when it arrives."""
    return await arrival(value) if isinstance(value, Pending) else value


async def arrival(pending: Pending[T]) -> T:
    """Return a value when it arrives."""
    deferred: Deferred[T] = Deferred()
    pending.listen(deferred.callback)
    return await deferred
