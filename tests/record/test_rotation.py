"""When the logs give way to new ones, what the older ones are called, and what becomes of them."""

import gzip
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mailauth.config import LogConfig, Rotate
from mailauth.record.archive import archived, archived_name, free_number, newest_first, tail
from mailauth.record.rotation import Rotation
from tests.record.desk import (
    ATTEMPTS,
    BOB,
    FAILURES,
    HANDSHAKE,
    NOON,
    SUCCESSES,
    WRONG,
    Clock,
    Hands,
    assert_agreement,
    event_of,
    journal,
    lines,
    login,
    names,
    opened,
)

DAY = 86_400
BY_SIZE = LogConfig(rotate=Rotate.SIZE, size=65_536)


def files(directory: Path) -> list[str]:
    """Everything that is in the directory."""
    return sorted(path.name for path in directory.iterdir())


def test_a_new_day_has_new_files_named_for_the_day_that_ended(tmp_path: Path) -> None:
    clock = Clock()
    recorder = opened(tmp_path, clock)
    recorder.record(login("a"))
    recorder.record(WRONG)
    clock.seconds += DAY
    recorder.record(login("b"))
    assert files(tmp_path) == [
        "InvalidPasswordAttempts.2020-07-28.log",
        FAILURES,
        "LoginAttempts.2020-07-28.jsonl",
        ATTEMPTS,
        "SuccessfulLogins.2020-07-28.log",
        SUCCESSES,
    ]
    assert [line[:10] for line in lines(tmp_path, "SuccessfulLogins.2020-07-28.log")] == [
        "2020-07-28"
    ]
    assert names(tmp_path) == ["b"]
    assert [event.seq for event in journal(tmp_path)] == [3]


def test_a_file_with_nothing_in_it_stays(tmp_path: Path) -> None:
    clock = Clock()
    recorder = opened(tmp_path, clock)
    recorder.record(HANDSHAKE)
    clock.seconds += DAY
    recorder.record(HANDSHAKE)
    assert files(tmp_path) == sorted(
        [ATTEMPTS, FAILURES, SUCCESSES, "LoginAttempts.2020-07-28.jsonl"]
    )


def test_the_last_moment_of_a_day_and_the_first_of_the_next(tmp_path: Path) -> None:
    clock = Clock(NOON + DAY / 2 - 0.001)
    recorder = opened(tmp_path, clock)
    recorder.record(login("last"))
    clock.seconds += 0.001
    recorder.record(login("first"))
    assert lines(tmp_path)[0].startswith("2020-07-29 00:00:00,000 - ")
    assert lines(tmp_path, "SuccessfulLogins.2020-07-28.log")[0].startswith(
        "2020-07-28 23:59:59,999"
    )


def test_the_day_is_the_day_of_the_logs_zone(tmp_path: Path) -> None:
    """15:00 UTC is midnight in Tokyo."""
    clock = Clock(NOON + 3 * 3600 - 1)
    recorder = opened(tmp_path, clock, zone=ZoneInfo("Asia/Tokyo"))
    recorder.record(login("a"))
    clock.seconds += 1
    recorder.record(login("b"))
    assert names(tmp_path) == ["b"]
    assert (tmp_path / "SuccessfulLogins.2020-07-28.log").exists()


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [
        ("America/Havana", "2020-11-01T04:00:00+00:00"),  # 00:00 to 01:00 comes twice
        ("America/Sao_Paulo", "2018-11-04T03:00:00+00:00"),  # 00:00 to 01:00 does not come
        ("America/Sao_Paulo", "2018-02-18T03:00:00+00:00"),  # 23:00 to 24:00 came twice
    ],
)
def test_a_day_begins_once_whatever_the_zone_does_at_midnight(
    tmp_path: Path, zone: str, midnight: str
) -> None:
    begins = datetime.fromisoformat(midnight).timestamp()
    clock = Clock()
    recorder = opened(tmp_path, clock, zone=ZoneInfo(zone))
    for offset in (-5400, -1, 0, 1800, 3599, 3600, 5400):
        clock.seconds = begins + offset
        recorder.record(login(str(offset)))
    assert names(tmp_path) == ["0", "1800", "3599", "3600", "5400"]
    assert len(archived(tmp_path / SUCCESSES)) == 1


def test_a_restart_days_later_still_names_the_day_of_the_records(tmp_path: Path) -> None:
    recorder = opened(tmp_path)
    recorder.record(login("a"))
    recorder.close()
    recorder = opened(tmp_path, Clock(NOON + 3 * DAY))
    assert event_of(recorder.record(login("b"))).seq == 2
    assert names(tmp_path) == ["b"]
    assert [each.day for each in archived(tmp_path / SUCCESSES)] == [date(2020, 7, 28)]


def test_a_clock_that_is_set_back_over_midnight_does_not_rotate(tmp_path: Path) -> None:
    clock = Clock()
    recorder = opened(tmp_path, clock)
    recorder.record(login("a"))
    clock.seconds -= DAY
    recorder.record(login("b"))
    assert names(tmp_path) == ["a", "b"]


def test_by_size_no_file_grows_beyond_it_and_nothing_is_lost(tmp_path: Path) -> None:
    recorder = opened(tmp_path, settings=BY_SIZE)
    for number in range(500):
        assert recorder.record(login(f"u{number}")) is not None
    older = archived(tmp_path / SUCCESSES)
    assert [each.path.name for each in older[:2]] == [
        "SuccessfulLogins.2020-07-28.log",
        "SuccessfulLogins.2020-07-28.2.log",
    ]
    assert len(older) > 2
    assert all(path.stat().st_size <= 65_536 for path in tmp_path.iterdir())
    everybody = []
    for path in (*(each.path for each in older), tmp_path / SUCCESSES):
        everybody += [line.split(" - ")[2] for line in path.read_text().splitlines()]
    assert everybody == [f"u{number}" for number in range(500)]
    assert [each.number for each in archived(tmp_path / ATTEMPTS)] == [
        each.number for each in older
    ]


def test_no_rotation_leaves_everything_to_somebody_else(tmp_path: Path) -> None:
    clock, hands = Clock(), Hands()
    older = tmp_path / "SuccessfulLogins.2020-01-01.log"
    for name in ("SuccessfulLogins.2020-01-02.log", older.name):
        (tmp_path / name).write_text("somebody's\n")
    recorder = opened(tmp_path, clock, hands=hands, settings=LogConfig(rotate=Rotate.NONE, keep=1))
    recorder.record(login("a"))
    clock.seconds += DAY
    recorder.record(login("b"))
    recorder.tick()
    hands.finish()
    assert names(tmp_path) == ["a", "b"]
    assert older.exists()


def test_a_day_ends_though_nobody_logs_in(tmp_path: Path) -> None:
    clock = Clock()
    recorder = opened(tmp_path, clock)
    recorder.record(login("a"))
    recorder.tick()
    assert names(tmp_path) == ["a"]
    clock.seconds += DAY
    recorder.tick()
    assert lines(tmp_path) == []
    recorder.tick()
    recorder.record(login("b"))
    assert names(tmp_path) == ["b"]
    assert len(archived(tmp_path / SUCCESSES)) == 1


def test_older_files_are_compressed_except_the_newest_and_kept_in_number(tmp_path: Path) -> None:
    clock, hands = Clock(), Hands()
    recorder = opened(tmp_path, clock, hands=hands, settings=LogConfig(keep=3))
    for day in range(6):
        recorder.record(login(f"day{day}"))
        recorder.record(WRONG)
        clock.seconds += DAY
    recorder.tick()
    hands.finish()
    for log in (SUCCESSES, FAILURES, ATTEMPTS):
        assert [(each.day.day, each.path.suffix == ".gz") for each in archived(tmp_path / log)] == [
            (31, True),
            (1, True),
            (2, False),
        ]
    assert len(files(tmp_path)) == 12
    with gzip.open(tmp_path / "SuccessfulLogins.2020-07-31.log.gz", "rt") as file:
        assert file.read() == (
            "2020-07-31 12:00:00,000 - [IMAP] {UNSECURE} - day3 - 10.11.12.102 (LAN)\n"
        )


def test_compression_keeps_mode_and_time_and_leaves_nothing_else(tmp_path: Path) -> None:
    clock, hands = Clock(), Hands()
    recorder = opened(tmp_path, clock, hands=hands)
    recorder.record(BOB)
    (tmp_path / SUCCESSES).chmod(0o604)
    written = (tmp_path / SUCCESSES).stat()
    for _ in range(2):
        clock.seconds += DAY
        recorder.record(BOB)
    recorder.tick()
    hands.finish()
    older = (tmp_path / "SuccessfulLogins.2020-07-28.log.gz").stat()
    assert (older.st_mode, older.st_mtime_ns) == (written.st_mode, written.st_mtime_ns)
    assert (tmp_path / SUCCESSES).stat().st_mode == written.st_mode
    assert not [name for name in files(tmp_path) if name.startswith(".")]


def test_an_interrupted_compression_is_done_again(tmp_path: Path) -> None:
    """Killed between the two: both files are there, and count as one."""
    clock, hands = Clock(), Hands()
    for day in (25, 26):
        (tmp_path / f"SuccessfulLogins.2020-07-{day}.log").write_text("a line\n")
    (tmp_path / "SuccessfulLogins.2020-07-25.log.gz").write_bytes(b"half")
    (tmp_path / ".SuccessfulLogins.2020-07-25.log.gz").write_bytes(b"half")
    assert [path.name for path in newest_first(tmp_path / SUCCESSES)] == [
        "SuccessfulLogins.2020-07-26.log",
        "SuccessfulLogins.2020-07-25.log",
    ]
    recorder = opened(tmp_path, clock, hands=hands)
    recorder.tick()
    hands.finish()
    assert [name for name in files(tmp_path) if "25" in name] == [
        "SuccessfulLogins.2020-07-25.log.gz"
    ]
    assert tail(tmp_path / "SuccessfulLogins.2020-07-25.log.gz", 1000) == [b"a line\n"]


def test_a_file_that_cannot_be_compressed_is_left_as_it_is(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, hands = Clock(), Hands()
    for day in (25, 26):
        (tmp_path / f"SuccessfulLogins.2020-07-{day}.log").write_text("a line\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    recorder = opened(tmp_path, clock, hands=hands)
    recorder.tick()
    hands.finish()
    assert [name for name in files(tmp_path) if "25" in name] == ["SuccessfulLogins.2020-07-25.log"]
    assert ["cannot be compressed: [Errno 28]" in told for told in said] == [True]


def test_only_one_thread_tidies(tmp_path: Path) -> None:
    hands = Hands()
    recorder = opened(tmp_path, hands=hands)
    recorder.tick()
    recorder.tick()
    assert len(hands.work) == 1
    hands.finish()
    recorder.tick()
    assert len(hands.work) == 1


def test_what_cannot_be_rotated_goes_on_and_is_tried_again(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is refused because a file cannot be renamed; it is tried once a second."""
    clock, tries = Clock(), 0
    recorder = opened(tmp_path, clock)
    recorder.record(login("a"))
    clock.seconds += DAY
    with monkeypatch.context() as broken:

        def refuse(*_: object) -> None:
            nonlocal tries
            tries += 1
            raise PermissionError(13, "Permission denied")

        broken.setattr(Rotation, "give_way", refuse)
        for name in "bcd":
            assert recorder.record(login(name)) is not None
        assert tries == 1
    assert names(tmp_path) == ["a", "b", "c", "d"]
    assert len(said) == 1
    assert "cannot be rotated" in said[0]


def test_a_rename_that_fails_half_way_loses_nothing(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal was renamed, the lines were not: both go on where they are, whole."""
    recorder = opened(tmp_path, settings=BY_SIZE)
    rename, count = Path.rename, 0

    def second_fails(path: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == 2:
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", second_fails)
    for number in range(300):
        assert recorder.record(login(f"u{number}")) is not None
    assert names(tmp_path) == [f"u{number}" for number in range(300)]
    older = [each.path.name for each in archived(tmp_path / ATTEMPTS)]
    seqs = [event.seq for name in (*older, ATTEMPTS) for event in journal(tmp_path, name)]
    assert seqs == list(range(1, 301))
    assert "cannot be rotated" in said[0]


@pytest.mark.parametrize(
    "name",
    [
        "SuccessfulLogins.2020-13-01.log",
        "SuccessfulLogins.2020-07-28.1.log",
        "SuccessfulLogins.2020-07-28.02.log",
        "SuccessfulLogins.2020-07-28.log.bz2",
        "SuccessfulLogins.log.1",
        "SuccessfulLoginsX2020-07-28.log",
        "LoginAttempts.2020-07-28.jsonl",
    ],
)
def test_other_names_are_no_older_files(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    assert archived(tmp_path / SUCCESSES) == []


def test_older_files_are_ordered_by_day_and_number(tmp_path: Path) -> None:
    log = tmp_path / SUCCESSES
    order = [(28, 1), (28, 2), (28, 9), (28, 10), (29, 1)]
    for day, number in reversed(order):
        path = archived_name(log, date(2020, 7, day), number)
        path.with_name(path.name + ".gz" * (number == 2)).write_text("")
    assert [(each.day.day, each.number) for each in archived(log)] == order
    assert free_number([log, tmp_path / ATTEMPTS], date(2020, 7, 28)) == 11
    assert free_number([tmp_path / ATTEMPTS, log], date(2020, 7, 30)) == 1


@pytest.mark.parametrize("compressed", [False, True])
def test_a_tail_is_whole_lines(tmp_path: Path, compressed: bool) -> None:
    data = b"one\ntwo\r\nthree\n\nfour"
    path = tmp_path / ("x.log.gz" if compressed else "x.log")
    path.write_bytes(gzip.compress(data) if compressed else data)
    assert tail(path, 1000) == [b"one\n", b"two\r\n", b"three\n", b"\n"]
    assert tail(path, len(data)) == [b"one\n", b"two\r\n", b"three\n", b"\n"]
    assert tail(path, 16) == [b"two\r\n", b"three\n", b"\n"]
    assert tail(path, 15) == [b"three\n", b"\n"]
    assert tail(path, 3) == []


def test_a_killed_servers_rotation_is_found_again(tmp_path: Path) -> None:
    """Killed after the journal was renamed and before the lines were."""
    recorder = opened(tmp_path)
    recorder.record(login("a"))
    recorder.record(login("b"))
    recorder.close()
    (tmp_path / ATTEMPTS).rename(tmp_path / "LoginAttempts.2020-07-28.jsonl")
    recorder = opened(tmp_path)
    assert event_of(recorder.record(login("c"))).seq == 3
    assert names(tmp_path) == ["a", "b", "c"]
    assert event_of(recorder.record(login("d"))).at == datetime(2020, 7, 28, 12, tzinfo=UTC)


def test_lines_and_journal_agree_in_each_pair_of_files(tmp_path: Path) -> None:
    clock = Clock()
    recorder = opened(tmp_path, clock)
    for number in range(20):
        recorder.record(login(f"u{number}"))
        recorder.record(HANDSHAKE)
        clock.seconds += DAY / 3
    assert_agreement(tmp_path)
    assert len(archived(tmp_path / SUCCESSES)) == len(archived(tmp_path / ATTEMPTS)) == 6
