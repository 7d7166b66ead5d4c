"""What a start makes of the files that a killed server, or somebody else, left behind."""

import gzip
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from tests.record.desk import (
    ATTEMPTS,
    BOB,
    FAILURES,
    HANDSHAKE,
    NOON,
    SUCCESSES,
    WRONG,
    Clock,
    assert_agreement,
    event_of,
    journal,
    lines,
    login,
    names,
    opened,
)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A directory in which a server recorded a, b and a failure."""
    recorder = opened(tmp_path)
    recorder.record(login("a"))
    recorder.record(login("b"))
    recorder.record(WRONG)
    recorder.close()
    return tmp_path


@pytest.mark.parametrize("name", [ATTEMPTS, SUCCESSES, FAILURES])
def test_a_torn_tail_is_cut(logs: Path, name: str) -> None:
    before = (logs / name).read_bytes()
    with (logs / name).open("ab") as file:
        file.write(b'{"v":1,"seq":99,"id":"')
    opened(logs).close()
    assert (logs / name).read_bytes() == before


def test_a_success_without_its_line_was_not_acknowledged_and_is_cut(logs: Path) -> None:
    recorder = opened(logs)
    recorder.record(login("c"))
    recorder.close()
    text = (logs / SUCCESSES).read_bytes()
    (logs / SUCCESSES).write_bytes(text[: text.rindex(b"\n", 0, -1) + 5])  # torn inside c's line
    recorder = opened(logs)
    assert [event.user for event in journal(logs)] == ["a", "b", "bob@mydomain.com"]
    assert_agreement(logs)
    event = event_of(recorder.record(login("d")))
    assert event.seq == 4


def test_the_very_first_success_without_its_line_is_cut(tmp_path: Path) -> None:
    recorder = opened(tmp_path)
    recorder.record(BOB)
    recorder.close()
    (tmp_path / SUCCESSES).write_bytes(b"")
    opened(tmp_path).close()
    assert journal(tmp_path) == []


def test_a_failure_without_its_line_is_cut(logs: Path) -> None:
    recorder = opened(logs)
    recorder.record(WRONG)
    recorder.close()
    os.truncate(logs / FAILURES, (logs / FAILURES).stat().st_size - 3)
    opened(logs).close()
    assert len(journal(logs)) == 3


def test_two_logins_of_one_moment_have_two_lines(tmp_path: Path) -> None:
    """Their lines are equal, so the first one's must not pass for the second one's."""
    recorder = opened(tmp_path)
    recorder.record(BOB)
    recorder.record(BOB)
    recorder.close()
    size = (tmp_path / SUCCESSES).stat().st_size
    opened(tmp_path).close()
    assert len(journal(tmp_path)) == 2
    os.truncate(tmp_path / SUCCESSES, size // 2)
    opened(tmp_path).close()
    assert len(journal(tmp_path)) == 1


@pytest.mark.parametrize("same_moment", [False, True])
def test_a_torn_record_takes_only_itself_back(tmp_path: Path, same_moment: bool) -> None:
    """After a power cut, say, the line may be there though its record is not whole."""
    clock = Clock()
    recorder = opened(tmp_path, clock)
    for _ in range(5):
        recorder.record(BOB)
        clock.seconds += 0 if same_moment else 1
    recorder.close()
    os.truncate(tmp_path / ATTEMPTS, (tmp_path / ATTEMPTS).stat().st_size - 30)
    recorder = opened(tmp_path, clock)
    assert [event.seq for event in journal(tmp_path)] == [1, 2, 3, 4]
    assert len(lines(tmp_path)) == 5
    assert event_of(recorder.record(BOB)).seq == 5


def test_an_equal_line_before_others_does_not_stand_for_the_last_one(tmp_path: Path) -> None:
    """The clock stands still: a, b and a again, of which the last was not written."""
    recorder = opened(tmp_path)
    for name in "aba":
        recorder.record(login(name))
    recorder.close()
    size = (tmp_path / SUCCESSES).stat().st_size
    os.truncate(tmp_path / SUCCESSES, size // 3 * 2)
    opened(tmp_path).close()
    assert [event.user for event in journal(tmp_path)] == ["a", "b"] == names(tmp_path)


def test_a_last_line_that_only_lacks_its_ending_is_kept(tmp_path: Path, said: list[str]) -> None:
    """A genuine file of Xeams may end so; its last login is no less true for it."""
    text = "2020-07-28 16:12:02,759 - [IMAP] {UNSECURE} - bob@mydomain.com - 10.11.12.102 (LAN)"
    (tmp_path / SUCCESSES).write_text(text)
    recorder = opened(tmp_path)
    assert (tmp_path / SUCCESSES).read_text() == f"{text}\n"
    assert recorder.record(login("a")) is not None
    assert lines(tmp_path)[0] == text
    assert names(tmp_path) == ["bob@mydomain.com", "a"]
    assert f"{SUCCESSES}: the last line had no line ending" in said[0]


def test_a_last_record_that_only_lacks_its_ending_is_kept(logs: Path) -> None:
    before = (logs / ATTEMPTS).read_bytes()
    os.truncate(logs / ATTEMPTS, len(before) - 1)
    opened(logs).close()
    assert (logs / ATTEMPTS).read_bytes() == before


@pytest.mark.parametrize("octets", [2, 5, 20, 60])
def test_a_line_that_lacks_more_than_its_ending_is_cut(logs: Path, octets: int) -> None:
    before = (logs / SUCCESSES).read_bytes()
    os.truncate(logs / SUCCESSES, len(before) - octets)
    opened(logs).close()
    assert names(logs) == ["a"]


def test_older_files_that_are_not_files_are_passed_over(logs: Path) -> None:
    """To read a FIFO would be to wait for whoever writes to it."""
    os.mkfifo(logs / "LoginAttempts.2020-07-27.jsonl")
    os.mkfifo(logs / "SuccessfulLogins.2020-07-27.log")
    (logs / ATTEMPTS).write_bytes(b"")
    opened(logs).close()


def test_records_without_a_line_are_left_alone(logs: Path) -> None:
    recorder = opened(logs)
    recorder.record(HANDSHAKE)
    recorder.close()
    opened(logs).close()
    assert len(journal(logs)) == 4


def test_a_log_that_was_taken_away_costs_no_evidence(logs: Path) -> None:
    """An operator may remove a log while the server is down; the journal stays whole."""
    recorder = opened(logs)
    recorder.record(login("c"))
    recorder.close()
    (logs / SUCCESSES).unlink()
    opened(logs).close()
    assert [event.user for event in journal(logs)] == ["a", "b", "bob@mydomain.com", "c"]
    assert lines(logs) == []


def test_a_line_that_was_rotated_away_is_still_its_line(tmp_path: Path) -> None:
    recorder = opened(tmp_path)
    recorder.record(BOB)
    recorder.close()
    (tmp_path / SUCCESSES).rename(tmp_path / "SuccessfulLogins.2020-07-28.log")
    opened(tmp_path).close()
    assert len(journal(tmp_path)) == 1


@pytest.mark.parametrize("compressed", [False, True])
def test_number_and_instant_are_found_in_older_files(logs: Path, compressed: bool) -> None:
    for name, older in (
        (ATTEMPTS, "LoginAttempts.2020-07-28.10.jsonl"),
        (SUCCESSES, "SuccessfulLogins.2020-07-28.10.log"),
    ):
        data = (logs / name).read_bytes()
        (logs / name).unlink()
        if compressed:
            (logs / f"{older}.gz").write_bytes(gzip.compress(data))
        else:
            (logs / older).write_bytes(data)
    (logs / "LoginAttempts.2020-07-28.2.jsonl").write_bytes(b"")
    (logs / "LoginAttempts.2020-07-28.9.jsonl").write_bytes(b"older\n")
    recorder = opened(logs, Clock(NOON - 5))
    event = event_of(recorder.record(BOB))
    assert event.seq == 4
    assert event.at == datetime(2020, 7, 28, 12, tzinfo=UTC)


def test_an_older_file_that_cannot_be_read_is_passed_over(logs: Path) -> None:
    data = (logs / ATTEMPTS).read_bytes()
    (logs / ATTEMPTS).unlink()
    (logs / "LoginAttempts.2020-07-27.jsonl").write_bytes(data)
    (logs / "LoginAttempts.2020-07-28.jsonl.gz").write_bytes(gzip.compress(data)[:-9])
    event = event_of(opened(logs).record(BOB))
    assert event.seq == 4


def test_without_a_journal_the_last_line_tells_the_instant(logs: Path) -> None:
    (logs / ATTEMPTS).unlink()
    event = event_of(opened(logs, Clock(NOON - 5)).record(BOB))
    assert event.seq == 1
    assert [line[11:19] for line in lines(logs)] == ["12:00:00"] * 3


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2020-10-25T03:00:00+00:00", "2020-10-25T03:00:00+00:00"),
        ("2020-10-25T01:29:00+00:00", "2020-10-25T01:29:00+00:00"),
        ("2020-10-25T00:29:00+00:00", "2020-10-25T00:30:00+00:00"),
    ],
)
def test_a_last_line_in_a_repeated_hour_never_stops_the_clock(
    tmp_path: Path, now: str, expected: str
) -> None:
    """02:30 came at 00:30 and 01:30 UTC; the wrong guess would hold the clock for an hour."""
    (tmp_path / SUCCESSES).write_text(
        "2020-10-25 02:30:00,000 - [IMAP] {SECURE} - mary - 10.0.0.1 (LAN)\n"
    )
    clock = Clock(datetime.fromisoformat(now).timestamp())
    event = event_of(opened(tmp_path, clock, zone=ZoneInfo("Europe/Berlin")).record(BOB))
    assert event.at == datetime.fromisoformat(expected)


def test_lines_that_are_not_ours_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ATTEMPTS).write_bytes(b"what is this\n")
    (tmp_path / SUCCESSES).write_bytes(b"\xff\xfe\r\n")
    event = event_of(opened(tmp_path).record(BOB))
    assert event.seq == 1
    assert (tmp_path / ATTEMPTS).read_bytes().startswith(b"what is this\n{")


@pytest.mark.parametrize("missing", ["protocol", "secure", "user", "ip", "origin"])
def test_a_record_that_no_line_can_be_made_of_is_left_alone(logs: Path, missing: str) -> None:
    record = json.loads((logs / ATTEMPTS).read_bytes().splitlines()[0])
    (logs / ATTEMPTS).write_bytes(json.dumps({**record, missing: None}).encode() + b"\n")
    opened(logs).close()
    assert len(journal(logs)) == 1


def test_a_newer_versions_records_still_count(tmp_path: Path) -> None:
    (tmp_path / ATTEMPTS).write_bytes(
        b'{"v":2,"seq":41,"id":"x","at":"2020-07-28T12:00:05.000000+00:00","kind":"dream"}\n'
    )
    event = event_of(opened(tmp_path).record(BOB))
    assert event.seq == 42
    assert event.at == datetime(2020, 7, 28, 12, 0, 5, tzinfo=UTC)


WRITER = """
import sys, time
from pathlib import Path
from tests.record.desk import login, opened
recorder = opened(Path(sys.argv[1]), time.time)
number = int(sys.argv[2])
while True:
    assert recorder.record(login(f"u{number}")) is not None
    print(number, flush=True)
    number += 1
"""


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    """DESIGN 2.5: a `kill -9` at any moment loses no acknowledged login."""
    random, acknowledged = Random(1), 0
    for _ in range(10):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(acknowledged)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert writer.stdout is not None
        for _ in range(random.randrange(1, 400)):
            acknowledged = int(writer.stdout.readline()) + 1
        writer.send_signal(signal.SIGKILL)
        for line in writer.stdout:
            acknowledged = int(line) + 1
        writer.wait()
        writer.stdout.close()
        opened(tmp_path).close()
        assert_agreement(tmp_path)
        kept = names(tmp_path)
        # At most one was written whole and killed before it could say so.
        assert kept in ([f"u{n}" for n in range(acknowledged + extra)] for extra in (0, 1))
        acknowledged = len(kept)
    seqs = [event.seq for event in journal(tmp_path)]
    assert seqs == list(range(1, len(seqs) + 1))
    times = [line[:23] for line in lines(tmp_path)]
    assert times == sorted(times)
