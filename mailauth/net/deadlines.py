"""The deadlines of thousands of connections on one timer; setting one again is an assignment."""

from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

TICK = 0.25  # seconds; a deadline passes at most this much late


class Deadlined(Protocol):
    """An object with a deadline; the attributes belong to the wheel."""

    due: float | None
    slot: int | None

    def deadline_passed(self) -> None:
        """The deadline has passed, and is no longer set."""


class DeadlineWheel:
    """Keeps each entry in the slot of the tick at which to check its deadline, or earlier."""

    def __init__(self, clock: IReactorTime, tick: float = TICK) -> None:
        self._clock = clock
        self._tick = tick
        self._slots: dict[int, set[Deadlined]] = {}
        self._next: int | None = None  # the slot for which the timer is set
        self._timer: IDelayedCall | None = None

    def set(self, entry: Deadlined, seconds: float) -> None:
        """Set the deadline to this many seconds from now, in place of an earlier one."""
        entry.due = self._clock.seconds() + seconds
        slot = self._slot_after(entry.due)
        if entry.slot is None or slot < entry.slot:
            self._move(entry, slot)

    def cancel(self, entry: Deadlined) -> None:
        """Remove the deadline and the entry."""
        entry.due = None
        if entry.slot is not None:
            self._take_out(entry, entry.slot)

    @property
    def holds(self) -> int:
        """The number of entries."""
        return sum(map(len, self._slots.values()))

    def _slot_after(self, due: float) -> int:
        """Return the first slot whose time is later; never the current one."""
        return int(due / self._tick) + 1

    def _move(self, entry: Deadlined, slot: int) -> None:
        if entry.slot is not None:
            self._take_out(entry, entry.slot)
        entry.slot = slot
        self._slots.setdefault(slot, set()).add(entry)
        if self._next is None or slot < self._next:
            self._schedule(slot)

    def _take_out(self, entry: Deadlined, slot: int) -> None:
        entry.slot = None
        entries = self._slots[slot]
        entries.discard(entry)
        if not entries:
            del self._slots[slot]

    def _schedule(self, slot: int) -> None:
        self._next = slot
        wait = max(0.0, slot * self._tick - self._clock.seconds())
        if self._timer is not None and self._timer.active():
            self._timer.reset(wait)
        else:
            self._timer = self._clock.callLater(wait, self._turn)

    def _turn(self) -> None:
        self._next = None
        now = self._clock.seconds()
        try:
            for slot in [slot for slot in self._slots if slot * self._tick <= now]:
                for entry in list(self._slots.get(slot, ())):
                    if entry.slot == slot:  # a deadline that passed just before may have removed it
                        self._look_at(entry, slot, now)
        finally:
            if self._slots:
                self._schedule(min(self._slots))

    def _look_at(self, entry: Deadlined, slot: int, now: float) -> None:
        if entry.due is not None and entry.due > now:
            self._move(entry, self._slot_after(entry.due))
            return
        self._take_out(entry, slot)
        entry.due = None
        entry.deadline_passed()
