"""Deadlines of many on one timer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from mailauth.net.deadlines import TICK, DeadlineWheel


class Entry:
    """Notes when its deadline passed."""

    def __init__(self, clock: Clock) -> None:
        self.due: float | None = None
        self.slot: int | None = None
        self.passed: list[float] = []
        self._clock = clock

    def deadline_passed(self) -> None:
        self.passed.append(self._clock.seconds())


@pytest.fixture
def clock() -> Clock:
    return Clock()


def run(clock: Clock, seconds: float) -> None:
    for _ in range(int(seconds / 0.125)):
        clock.advance(0.125)


def test_a_deadline_passes_once_and_at_most_a_tick_late(clock: Clock) -> None:
    wheel, entry = DeadlineWheel(clock), Entry(clock)
    wheel.set(entry, 10)
    run(clock, 9.875)
    assert entry.passed == []
    run(clock, 20)
    assert len(entry.passed) == 1
    assert 10 <= entry.passed[0] <= 10 + TICK


def test_a_later_deadline_replaces_the_earlier_one(clock: Clock) -> None:
    wheel, entry = DeadlineWheel(clock), Entry(clock)
    wheel.set(entry, 10)
    run(clock, 5)
    wheel.set(entry, 10)
    run(clock, 9)
    assert entry.passed == []
    run(clock, 2)
    assert len(entry.passed) == 1


def test_an_earlier_deadline_replaces_the_later_one(clock: Clock) -> None:
    wheel, entry = DeadlineWheel(clock), Entry(clock)
    wheel.set(entry, 1800)
    wheel.set(entry, 1)
    run(clock, 2)
    assert len(entry.passed) == 1
    run(clock, 1)
    assert clock.getDelayedCalls() == []


def test_a_cancelled_deadline_leaves_nothing_behind(clock: Clock) -> None:
    """A closed connection is not kept in memory until its deadline would have passed."""
    wheel = DeadlineWheel(clock)
    entries = [Entry(clock) for _ in range(100)]
    for entry in entries:
        wheel.set(entry, 1800)
        wheel.cancel(entry)
    assert wheel.holds == 0
    run(clock, 1801)
    assert all(entry.passed == [] for entry in entries)
    assert clock.getDelayedCalls() == []


def test_thousands_share_one_timer(clock: Clock) -> None:
    wheel = DeadlineWheel(clock)
    for number in range(1000):
        wheel.set(Entry(clock), 1 + number / 10)
    assert len(clock.getDelayedCalls()) == 1


def test_a_deadline_that_sets_the_next_one_goes_on(clock: Clock) -> None:
    wheel = DeadlineWheel(clock)

    class Again(Entry):
        def deadline_passed(self) -> None:
            super().deadline_passed()
            wheel.set(self, 0)

    entry = Again(clock)
    wheel.set(entry, 0)
    run(clock, 2)
    assert 4 <= len(entry.passed) <= 8


def test_one_that_fails_does_not_keep_the_others(clock: Clock) -> None:
    wheel, other = DeadlineWheel(clock), Entry(clock)

    class Failing(Entry):
        def deadline_passed(self) -> None:
            raise RuntimeError

    wheel.set(Failing(clock), 1)
    wheel.set(other, 2)
    with pytest.raises(RuntimeError):
        run(clock, 3)
    run(clock, 3)
    assert len(other.passed) == 1


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.one_of(st.none(), st.floats(0, 30)), st.floats(0, 5)),
        max_size=30,
    )
)
def test_whatever_is_set_and_cancelled(steps: list[tuple[int, float | None, float]]) -> None:
    """Never too early, at most a tick and a step of the clock late, never when cancelled."""
    clock = Clock()
    wheel = DeadlineWheel(clock)
    entries = [Entry(clock) for _ in range(5)]
    due: dict[int, float] = {}

    def look() -> None:
        for number, entry in enumerate(entries):
            for when in entry.passed:
                assert number in due
                assert due[number] <= when <= due[number] + TICK + 0.126
                del due[number]
            entry.passed.clear()
        for when in due.values():
            assert clock.seconds() <= when + TICK + 0.126

    for number, seconds, pause in steps:
        if seconds is None:
            wheel.cancel(entries[number])
            due.pop(number, None)
        else:
            wheel.set(entries[number], seconds)
            due[number] = clock.seconds() + seconds
        for _ in range(int(pause / 0.125)):
            clock.advance(0.125)
            look()
