"""Turns: what takes long waits, and in between others are served."""

from time import perf_counter

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from mailauth.web.turns import Turns


class Workers:
    """Those who do something for a while when it is their turn."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.done: list[int] = []
        self._turns = Turns(clock)
        self._seconds = seconds

    def begin(self, number: int) -> Deferred[None]:
        return Deferred.fromCoroutine(self._work(number))

    async def _work(self, number: int) -> None:
        await self._turns.turn()
        begun = perf_counter()
        while perf_counter() - begun < self._seconds:
            pass
        self.done.append(number)


def test_one_has_its_turn_at_once_and_the_others_one_after_another() -> None:
    clock = Clock()
    workers = Workers(clock, 0.005)
    for number in range(4):
        workers.begin(number)
    assert workers.done == [0]
    clock.advance(0)
    assert workers.done == [0, 1]
    clock.advance(0)
    assert workers.done == [0, 1]  # others have as long
    clock.advance(1)
    assert workers.done == [0, 1, 2]
    clock.advance(1)
    clock.advance(1)
    assert workers.done == [0, 1, 2, 3]
    assert clock.getDelayedCalls() == []


def test_what_is_brief_is_done_together() -> None:
    clock = Clock()
    workers = Workers(clock, 0)
    for number in range(20):
        workers.begin(number)
    clock.advance(0)
    assert workers.done == list(range(20))


def test_whoever_leaves_keeps_nobody_from_their_turn() -> None:
    clock = Clock()
    workers = Workers(clock, 0)
    workers.begin(0)
    leaving = workers.begin(1)
    workers.begin(2)
    leaving.addErrback(lambda _: None)
    leaving.cancel()
    clock.advance(0)
    assert workers.done == [0, 2]
    workers.begin(3)
    assert workers.done == [0, 2, 3]


@pytest.mark.parametrize("times", [1, 3])
def test_there_is_nothing_left_to_do_behind_the_last(times: int) -> None:
    clock = Clock()
    workers = Workers(clock, 0)
    for number in range(times):
        workers.begin(number)
        clock.advance(0)
    assert clock.getDelayedCalls() == []
