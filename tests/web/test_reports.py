"""Asking for reports beside the reactor."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

import msgspec
import pytest
from twisted.internet.defer import Deferred

from mailauth.report.home import HomeLogs
from mailauth.report.logs import Logs
from mailauth.web.http.message import HttpError
from mailauth.web.reports import WAITING, Reports
from mailauth.wire.pending import Pending


class Desk:
    """Reports whose thread works when it is told to."""

    def __init__(self) -> None:
        self.newest = 1
        self.asked: list[int] = []
        self._work: list[tuple[Callable[[], Any], Deferred[Any]]] = []
        self.checks: Pending[None] = Pending()
        self.checks.resolve(None)
        self.reports = Reports(
            lambda: cast(HomeLogs, self),
            self._in_thread,
            newest=lambda: self.newest,
            now=lambda: datetime(2026, 11, 23),
            checked=lambda: self.checks,
        )

    def ask(self, number: int) -> Deferred[int]:
        return Deferred.fromCoroutine(self.reports.answer(Number(number)))

    def work(self) -> None:
        work, self._work = self._work, []
        for function, told in work:
            try:
                outcome = function()
            except OSError:
                told.errback()
            else:
                told.callback(outcome)

    def answer(self, number: int) -> int:
        self.asked.append(number)
        if number < 0:
            raise OSError("no such log")
        return number

    def _in_thread(self, function: Callable[[], Any]) -> Deferred[Any]:
        told: Deferred[Any] = Deferred()
        self._work.append((function, told))
        return told


class Number(msgspec.Struct, frozen=True):
    """A question whose answer is itself."""

    number: int

    def ask(self, logs: Logs) -> int:
        return cast(Desk, logs).answer(self.number)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def result(deferred: Deferred[int]) -> int:
    assert deferred.called
    return cast(int, deferred.result)


def test_equal_questions_are_asked_once_until_the_log_grows(desk: Desk) -> None:
    first, second = desk.ask(1), desk.ask(1)
    desk.work()
    assert (result(first), result(second), result(desk.ask(1))) == (1, 1, 1)
    assert desk.asked == [1]
    desk.newest = 2
    again = desk.ask(1)
    desk.work()
    assert result(again) == 1
    assert desk.asked == [1, 1]


def test_no_more_than_so_many_wait(desk: Desk) -> None:
    waiting = [desk.ask(number) for number in range(WAITING)]
    refused = desk.ask(WAITING)
    failure: Any = refused.result
    assert failure.check(HttpError)
    assert failure.value.status == 503
    refused.addErrback(lambda _: None)
    desk.work()
    assert [result(one) for one in waiting] == list(range(WAITING))
    assert not desk.ask(WAITING).called


def test_who_gives_up_harms_nobody(desk: Desk) -> None:
    """A browser that goes away while others wait for the same."""
    impatient, patient = desk.ask(1), desk.ask(1)
    impatient.addErrback(lambda _: None)
    impatient.cancel()
    desk.work()
    assert result(patient) == 1


def test_what_fails_is_said_and_tried_again(desk: Desk) -> None:
    failed = desk.ask(-1)
    desk.work()
    failure: Any = failed.result
    assert failure.value.status == 503
    failed.addErrback(lambda _: None)
    again = desk.ask(-1)
    again.addErrback(lambda _: None)
    desk.work()
    assert desk.asked == [-1, -1]


def test_passwords_that_are_being_checked_are_waited_for(desk: Desk) -> None:
    """A report tells whether they were exposed."""
    desk.checks = Pending()
    asked = desk.ask(1)
    desk.work()
    assert desk.asked == []
    desk.checks.resolve(None)
    desk.work()
    assert result(asked) == 1
