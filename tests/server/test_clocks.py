"""Which clocks the date has no part in."""

import time

import pytest
from twisted.internet.epollreactor import EPollReactor

from mailauth.server.clocks import keep_deadlines, lasting


def test_a_reactors_deadlines_keep_to_what_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The date is set back and forth; what is due is due."""
    reactor = EPollReactor()
    keep_deadlines(reactor)
    now = 1000.0
    done: list[bool] = []
    monkeypatch.setattr(time, "time", lambda: 0.0)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    keep_deadlines(reactor)
    call = reactor.callLater(30, done.append, True)
    assert call.getTime() == 1030.0
    assert reactor.timeout() == 30
    now = 1029.0
    reactor.runUntilCurrent()
    assert done == []
    now = 1030.0
    reactor.runUntilCurrent()
    assert done == [True]
    reactor.removeAll()


def test_what_lasts_goes_on_with_time() -> None:
    before = lasting()
    assert before <= lasting() < before + 60
