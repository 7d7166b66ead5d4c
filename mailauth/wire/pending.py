"""A result that is not available yet: the only way of waiting in pure packages."""

from collections.abc import Callable
from typing import Generic, TypeVar, cast

T = TypeVar("T")
U = TypeVar("U")

_UNSET = object()


class Pending(Generic[T]):
    """A value that will be set once, in the reactor's thread, and passed to its listeners."""

    __slots__ = ("_listeners", "_value")

    def __init__(self) -> None:
        self._value: object = _UNSET
        self._listeners: list[Callable[[T], None]] = []

    def resolve(self, value: T) -> None:
        """Set the value and call the listeners in the order in which they were added."""
        assert self._value is _UNSET, "resolved twice"
        self._value = value
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener(value)

    def listen(self, listener: Callable[[T], None]) -> None:
        """Call `listener` with the value: now if it is set, otherwise when it is."""
        if self._value is _UNSET:
            self._listeners.append(listener)
        else:
            listener(cast(T, self._value))


def then(value: T | Pending[T], step: Callable[[T], U | Pending[U]]) -> U | Pending[U]:
    """Apply `step` to a value: now, synchronously, if it is available, otherwise when it is."""
    if not isinstance(value, Pending):
        return step(value)
    result: Pending[U] = Pending()

    def arrived(arrival: T) -> None:
        outcome = step(arrival)
        if isinstance(outcome, Pending):
            outcome.listen(result.resolve)
        else:
            result.resolve(outcome)

    value.listen(arrived)
    return result
