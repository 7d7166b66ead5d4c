"""Over a restart, nothing is recorded twice and nothing is lost."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from mailauth.report.foreign.dovecot import DovecotReader
from mailauth.report.foreign.envelope import Entry
from mailauth.report.foreign.found import Found
from mailauth.watch import reading
from mailauth.watch.cursor import CursorError
from mailauth.watch.source import Start
from mailauth.watch.watcher import (
    KNOWN_SECONDS,
    NOT_RECORDED,
    UNDECIDED_SECONDS,
    UNRECOGNISED_SECONDS,
    WatchedTwice,
)
from tests.record.desk import ATTEMPTS, journal, lines
from tests.watch.desk import NOW, Watched, courier, dovecot, read_once, users


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    watched = Watched(tmp_path)
    watched.append(dovecot("amy"))
    watched.start()
    return watched


def test_what_was_recorded_since_the_cursor_was_kept_is_not_recorded_again(
    watched: Watched,
) -> None:
    watched.append(dovecot("bob", 1))
    watched.look(2.0)
    watched.append(dovecot("eve", 2))
    assert users(watched.look()) == ["bob", "eve"]
    watched.kill()
    watched.append(dovecot("joe", 3))
    watched.start()
    assert users(watched.look()) == ["bob", "eve", "joe"]
    assert len(lines(watched.logs)) == 3


def test_the_first_start_is_where_reading_begins_even_if_it_is_killed_at_once(
    watched: Watched,
) -> None:
    watched.append(dovecot("bob", 1))
    watched.kill()
    watched.start()
    assert users(watched.look()) == ["bob"]


def test_a_session_that_was_undecided_is_read_again(watched: Watched) -> None:
    watched.append(courier("LOGIN", "bob", 1), dovecot("eve", 2))
    assert users(watched.look(2.0)) == ["eve"]
    watched.look(2.0)
    watched.kill()
    watched.append(courier("LOGOUT", "bob", 3))
    watched.start()
    events = watched.look()
    assert [(event.user, event.secure) for event in events] == [("eve", True), ("bob", False)]


def test_an_undecided_session_is_unknown_after_ten_minutes_and_stays_so(watched: Watched) -> None:
    watched.append(courier("LOGIN", "bob", 1))
    assert watched.look(UNDECIDED_SECONDS - 1) == []
    assert watched.look(UNDECIDED_SECONDS) == []
    [bob] = watched.look(2.0)
    assert (bob.user, bob.secure) == ("bob", None)
    watched.append(courier("LOGOUT", "bob", 900))
    assert len(watched.look()) == 1
    watched.kill()
    watched.start()
    assert len(watched.look(KNOWN_SECONDS)) == 1
    assert lines(watched.logs) == []


def test_equal_lines_are_told_apart_over_a_restart(watched: Watched) -> None:
    line = dovecot("bob", 1)
    watched.append(line)
    watched.look(2.0)
    watched.look(2.0)
    watched.kill()
    watched.append(line)
    watched.start()
    ids = [event.id for event in watched.look()]
    assert ids == [record.id for record in read_once([line, line])]


def test_what_the_log_has_shown_of_tls_outlasts_a_restart(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.start()
    watched.append(dovecot("amy"), "x" * 200_000)
    for _ in range(20):
        watched.append(*["Nov 24 11:00:00 mx cron[1]: " + "y" * 1000] * 60)
    watched.look(2.0)
    watched.look(2.0)
    watched.kill()
    watched.start()
    watched.append(dovecot("bob", 2, tls=False))
    assert [event.secure for event in watched.look()] == [True, False]


def test_a_restart_forgets_what_came_before_since(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.append(dovecot("amy"), dovecot("bob", 60))
    since = NOW - timedelta(minutes=59, seconds=30)
    watched.start(Start.BEGINNING, since=since)
    watched.kill()
    watched.start()
    assert users(watched.look()) == ["bob"]


def test_two_logs_of_one_server_are_refused(watched: Watched) -> None:
    other = watched.log.with_name("mail.info")
    watched.append(dovecot("amy"), path=other)
    watched.kill()
    watched.start(paths=(watched.log, other))
    with pytest.raises(WatchedTwice, match="both tell of dovecot on mx"):
        watched.watcher.check_servers()
    watched.kill()
    watched.start(paths=(watched.log, other), both=True)
    watched.watcher.check_servers()


def test_a_damaged_cursor_is_an_error_and_not_a_new_beginning(watched: Watched) -> None:
    watched.kill()
    watched.cursor.path.write_bytes(b'{"v": 1')
    with pytest.raises(CursorError, match="remove it to begin at the ends"):
        watched.start()


def test_a_full_disk_is_waited_for_and_loses_nothing(
    watched: Watched, limit: Callable[[int], None], said: list[str]
) -> None:
    """It is said once, and reading goes on when there is room."""
    watched.append(*(dovecot(f"user{number}", number) for number in range(1, 30)))
    limit(4_000)
    recorded = watched.look()
    assert 0 < len(recorded) < 29
    for _ in range(8):
        assert watched.look() == recorded
    assert [text for text in said if "reading waits until they can" in text] == [
        f"{NOT_RECORDED}: [Errno 28] No space left on device: '{watched.logs / ATTEMPTS}'"
    ]
    watched.kill()
    watched.start()
    limit(-1)
    assert users(watched.look()) == [f"user{number}" for number in range(1, 30)]


def test_a_log_in_which_nothing_is_recognised_is_told_once_and_followed(
    tmp_path: Path, said: list[str]
) -> None:
    watched = Watched(tmp_path)
    watched.start()
    watched.append("Nov 24 11:00:00 mx cron[1]: nothing", "nothing at all")
    watched.look(UNRECOGNISED_SECONDS - 1)
    watched.look(2.0)
    watched.look(2.0)
    told = [text for text in said if "2 lines" in text]
    assert len(told) == 1
    assert "dovecot, postfix" in told[0]
    watched.append(dovecot("bob", 1))
    assert users(watched.look()) == ["bob"]


def test_a_log_that_cannot_be_read_any_more_is_told_once_and_tried_again(
    watched: Watched, said: list[str]
) -> None:
    watched.log.rename(watched.log.with_name("mail.log.1"))
    os.mkfifo(watched.log)
    assert watched.look() == watched.look() == []
    assert len([text for text in said if "not a regular file" in text]) == 1
    watched.log.unlink()
    watched.append(dovecot("bob", 1))
    assert users(watched.look()) == ["bob"]


def test_a_line_that_nobody_can_understand_does_not_stop_the_others(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: DovecotReader, entry: Entry) -> list[Found]:
        raise ValueError(entry)

    with monkeypatch.context() as broken:
        broken.setattr(DovecotReader, "feed", fail)
        watched.append(dovecot("bob", 1))
        assert watched.look() == []
    watched.append(dovecot("eve", 2))
    assert users(watched.look()) == ["eve"]


@pytest.mark.parametrize(
    "stamp",
    [
        "0001-01-01T00:00:00+14:00",
        "1969-12-31T23:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "2026-11-24T24:00:00Z",
    ],
)
def test_a_line_with_an_impossible_time_does_not_stop_the_others(
    watched: Watched, stamp: str
) -> None:
    watched.append(dovecot("eve").replace("Nov 24 11:00:00", stamp), dovecot("bob", 1))
    assert users(watched.look()) == ["bob"]


def test_a_stamp_from_the_future_does_not_change_the_times_of_later_lines(watched: Watched) -> None:
    early = dovecot("eve").replace("Nov 24 11:00:00", "2099-01-01T00:00:00Z")
    watched.append(early, dovecot("bob", 1))
    eve, bob = watched.look()
    assert (eve.at.year, bob.at) == (2099, NOW - timedelta(minutes=59, seconds=59))
    assert all(line.startswith(f"{NOW:%Y-%m-%d}") for line in lines(watched.logs))


def test_a_login_that_is_decided_late_has_one_line_after_a_restart(watched: Watched) -> None:
    """Its line has the time of the line before it, which is later than its own."""
    watched.append(dovecot("bob", 60), dovecot("eve", 5))
    watched.look()
    watched.kill()
    watched.start()
    assert users(watched.look()) == ["bob", "eve"]
    assert len(lines(watched.logs)) == 2


def test_a_stamp_from_the_future_does_not_hold_up_later_lines_after_a_restart(
    watched: Watched,
) -> None:
    early = dovecot("eve").replace("Nov 24 11:00:00", "2099-01-01T00:00:00Z")
    watched.append(early)
    watched.look()
    for number in range(3):
        watched.kill()
        watched.start()
        watched.append(dovecot(f"user{number}", number))
        watched.look()
    assert users(journal(watched.logs)) == ["eve", "user0", "user1", "user2"]
    found = lines(watched.logs)
    assert len(found) == 4
    assert all(line.startswith(f"{NOW:%Y-%m-%d}") for line in found)


def test_a_flood_behind_an_undecided_session_takes_limited_memory(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MADE_AT_MOST", 100)
    watched.append(courier("LOGIN", "bob"))
    for number in range(30):
        watched.append(*(dovecot(f"user{number}-{each}", 1) for each in range(10)))
        watched.look(1.5)
    made = watched.look()
    assert len(made) == 301
    assert [event.secure for event in made if event.user == "bob"] == [None]
    watched.kill()
    watched.start()
    assert watched.look() == made
