"""The logs of `mailauth watch`: a journal of what a line cannot say, in another server's times."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from mailauth.login.event import ConnectionFacts, Service
from mailauth.record.recorder import FileRecorder
from mailauth.report.home import HomeLogs
from mailauth.report.rows import Case, Login, Row
from tests.record.desk import BOB, NOON, Clock, opened
from tests.support.asking import EVERYTHING, of_directory

R = TypeVar("R", bound=Row)
Ask = Callable[[type[R]], list[R]]

BEGAN = datetime.fromtimestamp(NOON, UTC)


def login(
    recorder: FileRecorder, minute: int, *, secure: bool | None, user: str | None = "bob"
) -> None:
    connection = ConnectionFacts(protocol=Service.IMAP, ip="10.1.1.1", secure=secure)
    at = BEGAN + timedelta(minutes=minute)
    recorder.transcribe(
        msgspec.structs.replace(
            BOB, user=user, at=at, id=f"{minute:020x}", source="courier", connection=connection
        )
    )


@pytest.fixture
def recorder(tmp_path: Path) -> FileRecorder:
    return opened(tmp_path / "logs", Clock(NOON + 86_400))


@pytest.fixture(params=["console", "command"])
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ask[Row]]:
    """Ask as the console does, whose tables are read on, or as a command does."""
    logs = tmp_path / "logs"
    with HomeLogs(logs, tmp_path / "state") as console:
        if request.param == "command":
            yield lambda kind: of_directory(kind, logs)
        else:
            yield lambda kind: console.rows(kind, EVERYTHING)


def test_unknown_logins_are_counted_once_beside_those_that_have_a_line(
    recorder: FileRecorder, ask: Callable[[type[Login]], list[Login]]
) -> None:
    login(recorder, 1, secure=False)
    assert [each.verdict for each in ask(Login)] == ["UNSECURE"]
    login(recorder, 2, secure=None)
    login(recorder, 3, secure=True)
    login(recorder, 4, secure=None, user=None)
    found = [(each.account, each.verdict) for each in ask(Login)]
    assert found == [("bob", "UNSECURE"), ("bob", "UNKNOWN"), ("bob", "SECURE"), ("", "UNKNOWN")]


def test_a_login_that_was_decided_late_stands_where_it_happened(
    recorder: FileRecorder, ask: Callable[[type[Case]], list[Case]]
) -> None:
    """Courier's log tells at the end of a session that it was in the clear."""
    login(recorder, 30, secure=True)
    login(recorder, 10, secure=False)
    [case] = ask(Case)
    assert (case.open, case.time_to_fix) == (False, 1200)
    login(recorder, 40, secure=False)
    assert [(case.open, case.unsecure, case.reopened) for case in ask(Case)] == [(True, 2, 1)]
