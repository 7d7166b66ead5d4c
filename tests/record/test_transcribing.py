"""What the log of another server tells, written with its own time and id."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mailauth.login.event import Attempt, ConnectionFacts
from tests.record.desk import BOB, NOON, Clock, journal, lines, opened

AT_NOON = datetime.fromtimestamp(NOON, UTC)


def told(**facts: Any) -> Attempt:
    """What another server's log tells of bob, at noon unless said otherwise."""
    usual = msgspec.structs.replace(BOB, source="dovecot", id="00ff", at=AT_NOON)
    return msgspec.structs.replace(usual, **facts)


def test_the_record_has_the_time_and_the_id_that_the_log_tells(tmp_path: Path) -> None:
    recorder = opened(tmp_path, Clock(NOON + 5))
    event = recorder.transcribe(told())
    assert (event.at, event.id, event.source) == (AT_NOON, "00ff", "dovecot")
    assert journal(tmp_path) == [event]
    assert lines(tmp_path) == [
        "2020-07-28 12:00:00,000 - [IMAP] {UNSECURE} - bob@mydomain.com - 10.11.12.102 (LAN)"
    ]


@pytest.mark.parametrize("minutes", [-1, 60])
def test_a_line_is_not_older_than_the_one_before_it_nor_yet_to_come(
    tmp_path: Path, minutes: int
) -> None:
    """The record keeps the other server's time."""
    recorder = opened(tmp_path, Clock(NOON))
    recorder.transcribe(told())
    at = AT_NOON + timedelta(minutes=minutes)
    assert recorder.transcribe(told(at=at)).at == at
    assert [line[:23] for line in lines(tmp_path)] == ["2020-07-28 12:00:00,000"] * 2


@pytest.mark.parametrize("facts", [{"connection": ConnectionFacts(ip="10.1.1.1")}, {"user": None}])
def test_a_login_without_verdict_or_name_has_a_record_and_no_line(
    tmp_path: Path, facts: dict[str, Any]
) -> None:
    opened(tmp_path).transcribe(told(**facts))
    assert lines(tmp_path) == []
    assert len(journal(tmp_path)) == 1


def test_a_login_that_is_repeated_has_as_many_lines(tmp_path: Path) -> None:
    opened(tmp_path).transcribe(told(count=3))
    assert len(lines(tmp_path)) == 3
    assert [event.count for event in journal(tmp_path)] == [3]


def test_what_cannot_be_written_is_not_recorded_and_can_be_written_later(
    tmp_path: Path, limit: Callable[[int], None]
) -> None:
    recorder = opened(tmp_path)
    limit(100)
    with pytest.raises(OSError, match="space"):
        recorder.transcribe(told())
    limit(-1)
    assert (journal(tmp_path), lines(tmp_path)) == ([], [])
    recorder.transcribe(told())
    assert len(journal(tmp_path)) == len(lines(tmp_path)) == 1
