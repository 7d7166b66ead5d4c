"""What the recorder writes for an attempt, when, and in which order."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from mailauth.login.event import Attempt, Kind, LoginEvent, Result
from mailauth.record.files import DirectoryInUse
from tests.record.desk import (
    ATTEMPTS,
    BOB,
    FAILURES,
    HANDSHAKE,
    NOON,
    OPENED,
    SUCCESSES,
    WRONG,
    Clock,
    Heard,
    assert_agreement,
    event_of,
    journal,
    lines,
    login,
    names,
    opened,
)


def test_all_three_files_exist_once_it_is_open(tmp_path: Path) -> None:
    opened(tmp_path / "logs").close()
    assert {path.name: path.stat().st_size for path in (tmp_path / "logs").iterdir()} == {
        ATTEMPTS: 0,
        SUCCESSES: 0,
        FAILURES: 0,
    }


def test_a_success_is_a_line_and_a_journal_record(tmp_path: Path) -> None:
    recorder = opened(tmp_path, Clock(NOON + 0.759))
    event = event_of(recorder.record(BOB))
    assert lines(tmp_path) == [
        "2020-07-28 12:00:00,759 - [IMAP] {UNSECURE} - bob@mydomain.com - 10.11.12.102 (LAN)"
    ]
    assert lines(tmp_path, FAILURES) == []
    assert journal(tmp_path) == [event]
    assert (event.v, event.seq, event.origin, event.country) == (1, 1, "LAN", None)
    assert event.at == datetime(2020, 7, 28, 12, 0, 0, 759000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("result", "log"),
    [
        (Result.SUCCESS, SUCCESSES),
        (Result.BAD_CREDENTIALS, FAILURES),
        (Result.DISABLED, FAILURES),
        (Result.DENIED, FAILURES),
        (Result.BLOCKED, FAILURES),
        (Result.CLEARTEXT_REFUSED, None),
        (Result.MECHANISM_UNKNOWN, None),
        (Result.MALFORMED, None),
        (Result.CANCELLED, None),
        (Result.UNAVAILABLE, None),
    ],
)
def test_each_result_has_its_log_and_the_journal_has_all(
    tmp_path: Path, result: Result, log: str | None
) -> None:
    recorder = opened(tmp_path)
    assert recorder.record(msgspec.structs.replace(BOB, result=result)) is not None
    assert len(journal(tmp_path)) == 1
    assert [name for name in (SUCCESSES, FAILURES) if lines(tmp_path, name)] == (
        [log] if log else []
    )


def test_a_connection_is_no_login_whatever_its_result(tmp_path: Path) -> None:
    recorder = opened(tmp_path)
    for kind in (Kind.CONNECTION, Kind.CLIENT, Kind.ACCOUNT):
        recorder.record(msgspec.structs.replace(HANDSHAKE, kind=kind, result=Result.SUCCESS))
    assert [event.country for event in journal(tmp_path)] == ["US"] * 3
    assert lines(tmp_path) == lines(tmp_path, FAILURES) == []


def test_an_account_record_has_neither_address_nor_origin(tmp_path: Path) -> None:
    event = event_of(
        opened(tmp_path).record(Attempt(kind=Kind.ACCOUNT, user="bob", reason="disabled"))
    )
    assert (event.ip, event.origin, event.country) == (None, None, None)


def test_a_failed_login_prints_who_it_was_meant_to_be_and_why(tmp_path: Path) -> None:
    recorder = opened(tmp_path)
    recorder.record(WRONG)
    recorder.record(msgspec.structs.replace(WRONG, user=None, authcid="who\x1b[2J"))
    recorder.record(msgspec.structs.replace(WRONG, user=None, authcid=""))
    assert [line.partition("} - ")[2] for line in lines(tmp_path, FAILURES)] == [
        "bob@mydomain.com - 10.11.12.102 (LAN) - wrong password",
        "who%1B[2J - 10.11.12.102 (LAN) - wrong password",
        "- - 10.11.12.102 (LAN) - wrong password",
    ]


def test_a_record_written_later_keeps_the_time_of_its_attempt(tmp_path: Path) -> None:
    recorder = opened(tmp_path, zone=ZoneInfo("Asia/Tokyo"))
    came = datetime(2020, 7, 28, 11, 59, 59, 250000, tzinfo=UTC)
    event = event_of(
        recorder.record(msgspec.structs.replace(WRONG, result=Result.BLOCKED, at=came))
    )
    assert event.at == came
    assert event.at.utcoffset() == timedelta(hours=9)
    assert lines(tmp_path, FAILURES)[0].startswith("2020-07-28 20:59:59,250 - ")


def test_no_line_is_older_than_the_one_before_it(tmp_path: Path) -> None:
    """DESIGN 2.1: when the wall clock is set back, the last instant is used until it is passed."""
    clock = Clock(NOON)
    recorder = opened(tmp_path, clock)
    for offset in (0.0, -3600.0, -0.001, 0.0005, 1.0):
        clock.seconds = NOON + offset
        recorder.record(BOB)
    assert [line[11:23] for line in lines(tmp_path)] == [
        "12:00:00,000",
        "12:00:00,000",
        "12:00:00,000",
        "12:00:00,000",
        "12:00:01,000",
    ]
    at = [event.at for event in journal(tmp_path)]
    assert at == sorted(at)


def test_a_restart_goes_on_from_the_last_number_and_instant(tmp_path: Path) -> None:
    recorder = opened(tmp_path, Clock(NOON))
    recorder.record(BOB)
    recorder.close()
    recorder = opened(tmp_path, Clock(NOON - 60))
    event = event_of(recorder.record(BOB))
    assert event.seq == 2
    assert [line[11:23] for line in lines(tmp_path)] == ["12:00:00,000"] * 2
    assert len({event.id for event in journal(tmp_path)}) == 2


def test_the_printed_time_steps_back_where_the_zone_repeats_an_hour(tmp_path: Path) -> None:
    """In Berlin, 02:00 to 03:00 comes twice on 2020-10-25; the offsets tell the passes apart."""
    first = datetime(2020, 10, 25, 0, 59, 59, 999000, tzinfo=UTC).timestamp()
    clock = Clock(first)
    berlin = ZoneInfo("Europe/Berlin")
    recorder = opened(tmp_path, clock, zone=berlin)
    recorder.record(BOB)
    clock.seconds = first + 0.001
    recorder.record(BOB)
    recorder.close()
    recorder = opened(tmp_path, clock, zone=berlin)
    recorder.record(BOB)
    assert [line[11:23] for line in lines(tmp_path)] == [
        "02:59:59,999",
        "02:00:00,000",
        "02:00:00,000",
    ]
    assert [event.at.isoformat(timespec="milliseconds")[-15:] for event in journal(tmp_path)] == [
        "59:59.999+02:00",
        "00:00.000+01:00",
        "00:00.000+01:00",
    ]


def test_local_time_is_what_the_machine_says(tmp_path: Path) -> None:
    opened(tmp_path, zone=None).record(BOB)
    assert lines(tmp_path)[0].startswith(
        datetime.fromtimestamp(NOON).strftime("%Y-%m-%d %H:%M:%S,000 - ")
    )


def test_milliseconds_are_truncated(tmp_path: Path) -> None:
    opened(tmp_path, Clock(NOON + 0.759999)).record(BOB)
    assert lines(tmp_path)[0][20:23] == "759"


def test_a_second_server_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    recorder = opened(tmp_path)
    with pytest.raises(DirectoryInUse, match="another server"):
        opened(tmp_path)
    recorder.record(BOB)
    recorder.close()
    opened(tmp_path).close()
    assert len(lines(tmp_path)) == 1


def test_sinks_hear_what_stands_in_the_files(tmp_path: Path) -> None:
    """A sink that reads the log finds the line of the event that it is told."""

    class Reader(Heard):
        def publish(self, event: LoginEvent) -> None:
            assert journal(tmp_path)[-1] == event
            assert len(lines(tmp_path)) == len(self.events) + 1
            super().publish(event)

    recorder = opened(tmp_path)
    reader = Reader()
    recorder.sinks.add(reader)
    recorder.record(login("a"))
    recorder.record(login("b"))
    recorder.sinks.remove(reader)
    recorder.record(login("c"))
    assert [event.user for event in reader.events] == ["a", "b"]
    assert recorder.sinks.failures == 0


def test_a_sink_that_fails_is_counted_and_harms_nobody(tmp_path: Path) -> None:
    class Broken:
        def publish(self, event: LoginEvent) -> None:
            raise RuntimeError("gone")

    recorder = opened(tmp_path)
    heard = Heard()
    recorder.sinks.add(Broken())
    recorder.sinks.add(heard)
    assert recorder.record(login("a")) is not None
    assert recorder.record(login("b")) is not None
    assert recorder.sinks.failures == 2
    assert [event.user for event in heard.events] == ["a", "b"] == names(tmp_path)


def test_a_sink_may_record_in_its_turn(tmp_path: Path) -> None:
    recorder = opened(tmp_path)

    class Echo:
        def publish(self, event: LoginEvent) -> None:
            if event.kind is Kind.LOGIN:
                recorder.record(HANDSHAKE)

    recorder.sinks.add(Echo())
    recorder.record(BOB)
    assert [event.kind for event in journal(tmp_path)] == [Kind.LOGIN, Kind.CONNECTION]
    assert_agreement(tmp_path)


def test_a_clock_behind_the_record_is_told_of_and_so_is_its_end(
    tmp_path: Path, said: list[str]
) -> None:
    """It was ten years ahead for a moment; since then every login has the same time."""
    clock = Clock(NOON + 315_360_000)
    recorder = opened(tmp_path, clock)
    recorder.record(BOB)
    recorder.look_at_clock()
    assert said == []
    clock.seconds = NOON
    for _ in range(3):
        recorder.look_at_clock()
    [told] = said
    assert told.startswith("The clock is earlier than the last record: logins are recorded with")
    assert " with the time 2030-07-26 12:00:00,000 until the clock has passed it" in told
    assert "in 3650 days, 0:00:00" in told
    clock.seconds = NOON + 315_360_000
    recorder.look_at_clock()
    assert said[1:] == ["The clock is earlier than the last record: resolved"]


def test_a_clock_behind_the_record_is_told_of_at_the_start(tmp_path: Path, said: list[str]) -> None:
    opened(tmp_path, Clock(NOON + 3600)).record(BOB)
    OPENED.pop().close()
    opened(tmp_path, Clock(NOON + 3600 - 59))
    OPENED.pop().close()
    assert said == []
    opened(tmp_path, Clock(NOON))
    assert ["The clock is earlier than the last record" in told for told in said] == [True]
