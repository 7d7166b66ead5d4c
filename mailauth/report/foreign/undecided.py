"""What a reader remembers until later lines decide it, and since when.

A growing log is read in numbered turns. The oldest turn with a remembered value says from where the
log must be read again after a restart.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

V = TypeVar("V")


class Undecided(Generic[V]):
    """A limited number of values by key, oldest first. `turn` is the current one."""

    def __init__(self, at_most: int) -> None:
        self.turn = 0
        self._at_most = at_most
        self._kept: dict[str, tuple[int, V]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def oldest(self) -> int | None:
        """The turn of the oldest value, or `None`."""
        for turn, _ in self._kept.values():
            return turn
        return None

    def get(self, key: str) -> V | None:
        """Return a value."""
        kept = self._kept.get(key)
        return None if kept is None else kept[1]

    def pop(self, key: str) -> V | None:
        """Remove and return a value."""
        kept = self._kept.pop(key, None)
        return None if kept is None else kept[1]

    def put(self, key: str, value: V) -> V | None:
        """Remember a value since this turn; return the oldest one if there is no room for it."""
        self._kept.pop(key, None)
        given_up = None
        if len(self._kept) >= self._at_most:
            _, given_up = self._kept.pop(next(iter(self._kept)))
        self._kept[key] = (self.turn, value)
        return given_up

    def renew(self, before: int | None) -> None:
        """Set the turn of older values to this one; at the end, forget everything."""
        for key, value in list(self.before(before)):
            if before is not None:
                self.put(key, value)

    def before(self, turn: int | None) -> Iterator[tuple[str, V]]:
        """Remove and yield the values from before a turn, or all."""
        while self._kept:
            key = next(iter(self._kept))
            began, value = self._kept[key]
            if turn is not None and began >= turn:
                return
            del self._kept[key]
            yield key, value
