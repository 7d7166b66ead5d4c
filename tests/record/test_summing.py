"""Sums of what strangers repeat, in the logs: when they are written, and what they say there."""

from ipaddress import ip_network
from pathlib import Path

import pytest
from twisted.internet.task import Clock as Timers

from mailauth.login.blocking import Blocking
from mailauth.login.event import Attempt, Kind, LoginEvent, Result
from mailauth.login.exposure import ImmediateChecks
from mailauth.login.repeats import MINUTE, SINGLY, Repeats
from mailauth.record.recorder import FileRecorder
from mailauth.record.room import is_scarce
from mailauth.record.summing import ASKED_SUMS, ChecksAndSums, SummingRecorder
from tests.record.desk import (
    ATTEMPTS,
    BOB,
    FAILURES,
    HANDSHAKE,
    WRONG,
    journal,
    lines,
    opened,
)
from tests.support.attempts import like

STRANGER = like(WRONG, ip="75.76.77.78", peer="127.0.0.1")
FRIENDS = (ip_network("10.0.0.0/8"),)


class Desk:
    """A summing recorder on logs, and the time that passes."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.is_scarce = False
        self.timers = Timers()
        self.files: FileRecorder = opened(logs)
        self.summing = SummingRecorder(
            self.files,
            Repeats(self.timers.seconds),
            Blocking(now=self.timers.seconds, friendly=FRIENDS).is_friendly,
            now=self.timers.seconds,
            call_later=self.timers.callLater,
            is_scarce=lambda: self.is_scarce,
        )

    def attempt(self, number: int, attempt: Attempt = STRANGER) -> None:
        for _ in range(number):
            assert self.summing.record(attempt) is not None

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.timers.advance(1)
            self.summing.tick()

    def counts(self) -> list[int]:
        return [each.count for each in journal(self.logs) if each.count > 1]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "logs")


def test_a_flood_of_one_address_is_one_record_and_one_line_a_minute(desk: Desk) -> None:
    desk.attempt(5_000)
    assert len(journal(desk.logs)) == len(lines(desk.logs, FAILURES)) == SINGLY
    desk.pass_time(int(MINUTE))
    record = journal(desk.logs)[-1]
    assert (record.kind, record.result, record.reason) == (Kind.LOGIN, Result.BLOCKED, "repeated")
    assert (record.ip, record.peer, record.country) == ("75.76.77.78", "127.0.0.1", "US")
    assert (record.user, record.authcid, record.session) == (None, None, None)
    assert record.count == 5_000 - SINGLY
    line = lines(desk.logs, FAILURES)[-1]
    assert line == (
        "2020-07-28 12:00:00,000 - [IMAP] {UNSECURE} - - - 75.76.77.78 (United States)"
        " - repeated 4980 times"
    )


def test_only_a_sum_has_a_count(desk: Desk) -> None:
    desk.attempt(SINGLY + 2)
    desk.summing.close()
    records = (desk.logs / ATTEMPTS).read_text().splitlines()
    assert [('"count":' in each) for each in records] == [False] * SINGLY + [True]
    assert records[-1].endswith('"count":2}')


def test_connections_are_summed_too(desk: Desk) -> None:
    desk.attempt(100, HANDSHAKE)
    desk.pass_time(int(MINUTE))
    record = journal(desk.logs)[-1]
    assert (record.kind, record.reason) == (Kind.CONNECTION, "tls-handshake-failed")
    assert record.count == 100 - SINGLY
    assert lines(desk.logs, FAILURES) == []


def test_a_friend_has_every_record(desk: Desk) -> None:
    """Friendly addresses are never blocked; tests on loopback are told of all that they do."""
    desk.attempt(100, WRONG)
    assert len(journal(desk.logs)) == 100


def test_a_success_is_always_recorded_at_once(desk: Desk) -> None:
    desk.attempt(100)
    success = like(BOB, ip=STRANGER.connection.ip)
    for _ in range(100):
        recorded = desk.summing.record(success)
        assert isinstance(recorded, LoginEvent)
        assert recorded.seq == len(journal(desk.logs))
    assert len(lines(desk.logs)) == 100


def test_whoever_asks_is_told_of_what_was_counted(desk: Desk) -> None:
    """At once the first time, then once a second at most: asking does not fill the disk."""
    checks = ChecksAndSums(ImmediateChecks(), desk.summing.sums_written)
    told: list[str] = []
    checks.drained().listen(lambda _: told.append("nothing"))
    assert told == ["nothing"]
    desk.attempt(SINGLY + 5)
    checks.drained().listen(lambda _: told.append("first"))
    assert (told[-1], desk.counts()) == ("first", [5])
    for _ in range(50):
        desk.attempt(2)
        checks.drained().listen(lambda _: told.append("later"))
    assert (told[-1], desk.counts()) == ("first", [5])
    desk.timers.advance(1)
    assert (told[2:], desk.counts()) == (["later"] * 50, [5, 100])


def test_whoever_asks_in_a_flood_of_addresses_has_a_bounded_number_written(desk: Desk) -> None:
    for number in range(3 * ASKED_SUMS):
        attempt = like(STRANGER, ip=f"75.0.{number >> 8}.{number & 255}")
        desk.attempt(SINGLY + 2, attempt)
    desk.summing.sums_written()
    assert len(desk.counts()) == ASKED_SUMS
    desk.pass_time(int(MINUTE))
    assert len(desk.counts()) == 3 * ASKED_SUMS


def test_a_server_that_stops_writes_what_was_counted(desk: Desk) -> None:
    desk.attempt(SINGLY + 7)
    asked: list[None] = []
    desk.summing.sums_written()
    desk.attempt(3)
    desk.summing.sums_written().listen(asked.append)
    desk.summing.close()
    assert desk.counts() == [7, 3]
    assert asked == [None]


def test_a_sum_that_cannot_be_written_is_written_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full loses no count; successes have gone first, as always."""
    desk.attempt(SINGLY + 9)
    other = like(STRANGER, ip="75.1.1.1")
    desk.attempt(SINGLY + 4, other)
    tried: list[Attempt] = []
    monkeypatch.setattr(desk.files, "record", tried.append)  # which returns None
    desk.pass_time(int(MINUTE) + 3)
    assert len(tried) == 4  # one a second, not each of them
    monkeypatch.undo()
    desk.pass_time(1)
    assert sorted(desk.counts()) == [4, 9]


def test_the_last_room_is_for_logins_that_succeed(desk: Desk, said: list[str]) -> None:
    """An exposed password, which closes no account by itself, is told all the same."""
    desk.is_scarce = True
    desk.pass_time(1)
    desk.attempt(10)
    desk.attempt(10, HANDSHAKE)
    desk.attempt(1, like(STRANGER, exposed=True))
    desk.attempt(3, like(BOB, ip=STRANGER.connection.ip))
    desk.attempt(2, WRONG)
    desk.pass_time(2 * int(MINUTE))
    desk.summing.sums_written()
    assert [each.result for each in journal(desk.logs)] == [
        Result.BAD_CREDENTIALS,
        *[Result.SUCCESS] * 3,
        *[Result.BAD_CREDENTIALS] * 2,
    ]
    desk.is_scarce = False
    desk.pass_time(1)
    assert desk.counts() == [10, 10]
    desk.attempt(1)
    assert journal(desk.logs)[-1].reason == "wrong password"
    assert [each.partition(":")[0] for each in said] == [
        "The disk of the logs is nearly full",
        "There is room for the logs again",
    ]


def test_a_server_that_stops_writes_what_was_counted_with_the_last_room(desk: Desk) -> None:
    desk.is_scarce = True
    desk.pass_time(1)
    desk.attempt(10)
    desk.summing.close()
    assert desk.counts() == [10]


def test_room_is_scarce_when_a_twentieth_of_a_small_disk_is_left(full_disk: Path) -> None:
    assert not is_scarce(full_disk)
    ballast = full_disk / "ballast"
    ballast.write_bytes(bytes(124 * 1024))
    assert is_scarce(full_disk)
    ballast.unlink()
    assert not is_scarce(full_disk)
    assert not is_scarce(full_disk / "missing")
