"""Events for those who read on from a number or wait for the next."""

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from mailauth.events.feed import COUNTED_SECONDS, KEPT, NEWS_SECONDS, Feed
from mailauth.events.selection import Batch, Selection
from mailauth.wire.pending import Pending
from tests.support.events import event

EVERYTHING = Selection()
BOB = Selection(user="bob@mydomain.com")


class NoHistory:
    """A history that nobody may ask."""

    def between(self, after: int, until: int, limit: int, wanted: Selection) -> Batch:
        raise AssertionError("history was asked")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def feed(clock: Clock) -> Feed:
    return Feed(clock, NoHistory(), newest=7)


def seqs(batch: Batch | None) -> list[int]:
    assert batch is not None
    return [one.seq for one in batch.events]


def waited(feed: Feed, after: int, wanted: Selection, seconds: float) -> list[Any]:
    """Wait in the background; the list gets the batch when it is there."""
    result: list[Any] = []
    waiting = Deferred.fromCoroutine(feed.wait(after, 10, wanted, seconds))
    waiting.addCallback(result.append)
    waiting.addErrback(result.append)
    return result


def test_events_are_read_on_from_a_number(feed: Feed) -> None:
    for seq in range(8, 12):
        feed.publish(event(seq))
    assert seqs(feed.recent(7, 10, EVERYTHING)) == [8, 9, 10, 11]
    assert seqs(feed.recent(9, 10, EVERYTHING)) == [10, 11]
    batch = feed.recent(7, 2, EVERYTHING)
    assert (seqs(batch), batch and batch.cursor) == ([8, 9], 9)
    assert feed.recent(99, 2, EVERYTHING) == Batch([], 99)


def test_the_cursor_passes_what_was_not_wanted(feed: Feed) -> None:
    feed.publish(event(8))
    feed.publish(event(9, user="sue@mydomain.com"))
    assert feed.recent(8, 10, BOB) == Batch([], 9)


def test_memory_does_not_reach_back_before_the_start(feed: Feed) -> None:
    assert feed.recent(6, 10, EVERYTHING) is None
    assert feed.recent(7, 10, EVERYTHING) == Batch([], 7)


def test_memory_is_bounded(feed: Feed) -> None:
    last = 7 + 3 * KEPT
    for seq in range(8, last + 1):
        feed.publish(event(seq))
    assert feed.recent(last - 2 * KEPT - 1, 1, EVERYTHING) is None
    assert seqs(feed.recent(last - KEPT, 1, EVERYTHING)) == [last - KEPT + 1]


def test_many_events_are_told_once(feed: Feed, clock: Clock) -> None:
    told: list[int] = []
    stop = feed.listen(lambda: told.append(feed.newest))
    for seq in range(8, 100):
        feed.publish(event(seq))
    assert told == []
    clock.advance(NEWS_SECONDS)
    assert told == [99]
    feed.publish(event(100))
    clock.advance(NEWS_SECONDS)
    assert told == [99, 100]
    stop()
    feed.publish(event(101))
    clock.advance(1)
    assert told == [99, 100]


def test_what_is_there_is_not_waited_for(feed: Feed) -> None:
    feed.publish(event(8))
    [batch] = waited(feed, 7, BOB, 30)
    assert seqs(batch) == [8]


def test_the_next_event_is_waited_for(feed: Feed, clock: Clock) -> None:
    result = waited(feed, 7, BOB, 30)
    feed.publish(event(8, user="sue@mydomain.com"))
    clock.advance(NEWS_SECONDS)
    assert result == []
    feed.publish(event(9))
    clock.advance(NEWS_SECONDS)
    assert seqs(result[0]) == [9]
    assert clock.getDelayedCalls() == []


def test_a_wait_ends(feed: Feed, clock: Clock) -> None:
    result = waited(feed, 7, BOB, 30)
    feed.publish(event(8, user="sue@mydomain.com"))
    clock.advance(29.9)
    assert result == []
    clock.advance(0.1)
    assert result == [Batch([], 8)]
    assert clock.getDelayedCalls() == []


def test_who_stops_waiting_leaves_nothing_behind(feed: Feed, clock: Clock) -> None:
    waiting = Deferred.fromCoroutine(feed.wait(7, 10, BOB, 30))
    waiting.addErrback(lambda _: None)
    waiting.cancel()
    assert clock.getDelayedCalls() == []
    feed.publish(event(8))
    assert clock.getDelayedCalls() == []


def test_what_is_only_counted_is_recorded_for_whoever_waits(feed: Feed, clock: Clock) -> None:
    asked: list[float] = []

    def drained() -> Pending[None]:
        asked.append(clock.seconds())
        if len(asked) == 2:
            feed.publish(event(8, count=30))
        pending: Pending[None] = Pending()
        pending.resolve(None)
        return pending

    result: list[Batch] = []
    waiting = feed.wait(7, 10, EVERYTHING, 60, drained)
    Deferred.fromCoroutine(waiting).addCallback(result.append)
    clock.pump([1] * int(2 * COUNTED_SECONDS - 1))
    assert (asked, result) == ([COUNTED_SECONDS], [])
    clock.pump([1, 1])
    assert [one.count for one in result[0].events] == [30]
