"""When a record cannot be written: nothing half, one complaint, and recovery by itself."""

import errno
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.logger import ILogObserver, globalLogPublisher
from zope.interface import implementer

from mailauth.config import OnFailure
from tests.record.desk import (
    BOB,
    WRONG,
    Clock,
    Heard,
    assert_agreement,
    journal,
    lines,
    login,
    names,
    opened,
)

ATTEMPTS = "LoginAttempts.jsonl"
SUCCESSES = "SuccessfulLogins.log"
FAILURES = "InvalidPasswordAttempts.log"


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What the operator is told: formatted diagnostics of level warn and up."""
    told: list[str] = []

    @implementer(ILogObserver)
    def observe(event: dict[str, Any]) -> None:
        if event["log_level"].name in ("warn", "error", "critical"):
            told.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(observe)
    yield told
    globalLogPublisher.removeObserver(observe)


@pytest.fixture
def limit() -> Iterator[Callable[[int], None]]:
    """Limit the size of files: a write beyond it is short, the next one fails: a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def set_limit(octets: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (octets if octets >= 0 else before[0], before[1]))

    yield set_limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [0, 1, 100, 400])
def test_a_record_that_is_cut_short_is_taken_back(
    tmp_path: Path, limit: Callable[[int], None], said: list[str], room: int
) -> None:
    """The journal is the longer file, and does not fit."""
    recorder = opened(tmp_path)
    heard = Heard()
    recorder.add_sink(heard)
    recorder.record(login("a"))
    before = [(tmp_path / name).read_bytes() for name in (ATTEMPTS, SUCCESSES)]
    limit((tmp_path / ATTEMPTS).stat().st_size + room)
    try:
        assert [recorder.record(login("b")) for _ in range(5)] == [None] * 5
        assert [(tmp_path / name).read_bytes() for name in (ATTEMPTS, SUCCESSES)] == before
        assert recorder.unrecorded == 5
    finally:
        limit(-1)
    event = recorder.record(login("c"))
    assert event is not None
    assert event.seq == 2
    assert [event.user for event in heard.events] == ["a", "c"] == names(tmp_path)
    assert_agreement(tmp_path)
    assert len(said) == 2
    assert "Logins cannot be recorded, and are refused until they can" in said[0]
    assert "recorded again; 5 attempts were not" in said[1]


@pytest.mark.parametrize(("attempt", "log"), [(BOB, SUCCESSES), (WRONG, FAILURES)])
def test_a_line_that_is_cut_short_takes_its_journal_record_with_it(
    tmp_path: Path, limit: Callable[[int], None], attempt: Any, log: str
) -> None:
    """The line's file is the longer one here, and does not fit."""
    (tmp_path / log).write_bytes(b"an older line of somebody\n" * 200)
    recorder = opened(tmp_path)
    size = (tmp_path / log).stat().st_size
    limit(size + 20)
    try:
        assert recorder.record(attempt) is None
    finally:
        limit(-1)
    assert (tmp_path / log).stat().st_size == size
    assert journal(tmp_path) == []
    assert recorder.record(attempt) is not None
    assert len(journal(tmp_path)) == 1
    assert len(lines(tmp_path, log)) == 201


def test_logins_may_be_let_in_unrecorded(
    tmp_path: Path, limit: Callable[[int], None], said: list[str]
) -> None:
    recorder = opened(tmp_path, on_failure=OnFailure.ALLOW)
    heard = Heard()
    recorder.add_sink(heard)
    limit(10)
    try:
        event = recorder.record(BOB)
    finally:
        limit(-1)
    assert event is not None
    assert (event.user, event.seq) == ("bob@mydomain.com", 1)
    assert heard.events == []
    assert lines(tmp_path) == []
    assert journal(tmp_path) == []
    assert "let in unrecorded" in said[0]


def test_a_write_error_refuses_and_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EIO comes from the device; here it is put in its place for one call of os.write."""
    recorder = opened(tmp_path)
    write, calls = os.write, 0

    def failing(descriptor: int, data: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", failing)
    assert recorder.record(login("a")) is None
    assert recorder.record(login("b")) is not None
    assert names(tmp_path) == ["b"]
    assert_agreement(tmp_path)


def test_what_could_not_be_cut_back_is_cut_before_the_next_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = opened(tmp_path)
    recorder.record(login("a"))
    with monkeypatch.context() as broken:
        write = os.write
        broken.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:30]))

        def no_truncate(descriptor: int, length: int) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        broken.setattr(os, "ftruncate", no_truncate)
        assert recorder.record(login("b")) is None
        assert recorder.record(login("c")) is None
    assert recorder.record(login("d")) is not None
    assert names(tmp_path) == ["a", "d"]
    assert_agreement(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes into read-only directories")
def test_a_read_only_directory_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir(mode=0o500)
    with pytest.raises(PermissionError):
        opened(tmp_path / "logs")


def test_a_file_in_the_place_of_the_directory_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("not a directory")
    with pytest.raises(OSError, match="logs"):
        opened(tmp_path / "logs")


@pytest.mark.parametrize("name", [ATTEMPTS, SUCCESSES, FAILURES])
def test_a_file_that_was_removed_is_made_again(tmp_path: Path, name: str) -> None:
    recorder = opened(tmp_path)
    recorder.record(login("a"))
    (tmp_path / name).unlink()
    recorder.record(login("b"))
    recorder.record(WRONG)
    assert (tmp_path / name).exists()
    assert names(tmp_path)[-1] == "b"
    assert [event.seq for event in journal(tmp_path)][-2:] == [2, 3]


def test_a_directory_that_was_removed_is_made_and_held_again(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    recorder = opened(logs)
    recorder.record(login("a"))
    shutil.rmtree(logs)
    event = recorder.record(login("b"))
    assert event is not None
    assert event.seq == 2
    assert names(logs) == ["b"]
    with pytest.raises(OSError, match="another server"):
        opened(logs)


def test_a_directory_that_cannot_be_made_refuses_until_it_can(
    tmp_path: Path, said: list[str]
) -> None:
    logs = tmp_path / "logs"
    recorder = opened(logs)
    shutil.rmtree(logs)
    logs.write_text("in the way")
    assert recorder.record(login("a")) is None
    assert recorder.record(login("b")) is None
    logs.unlink()
    assert recorder.record(login("c")) is not None
    assert names(logs) == ["c"]
    assert ["cannot be recorded" in told for told in said].count(True) == 1
    assert "recorded again; 2 attempts were not" in said[-1]


def test_a_file_that_somebody_truncated_is_accepted(tmp_path: Path) -> None:
    """Copytruncate: the file begins anew, and no NULs fill what is gone."""
    recorder = opened(tmp_path)
    recorder.record(login("a"))
    os.truncate(tmp_path / SUCCESSES, 0)
    os.truncate(tmp_path / ATTEMPTS, 17)
    recorder.record(login("b"))
    assert names(tmp_path) == ["b"]
    assert [event.user for event in journal(tmp_path)] == ["b"]


def test_what_somebody_appended_is_cut(tmp_path: Path) -> None:
    """Nobody else writes into the logs; what is not committed never becomes a line."""
    recorder = opened(tmp_path)
    recorder.record(login("a"))
    with (tmp_path / SUCCESSES).open("a") as file:
        file.write("forged")
    recorder.record(login("b"))
    assert names(tmp_path) == ["a", "b"]


def moved(directory: Path) -> list[Path]:
    """Move the logs away as logrotate does."""
    older = []
    for name in (ATTEMPTS, SUCCESSES, FAILURES):
        path = directory / name
        older.append(path.rename(directory / f"{name}.1"))
    return older


def test_files_that_were_moved_away_are_left_when_told(tmp_path: Path) -> None:
    """Logrotate moves, then sends SIGHUP; what comes between goes into the moved file."""
    recorder = opened(tmp_path)
    recorder.record(login("a"))
    moved(tmp_path)
    recorder.record(login("b"))
    recorder.reopen()
    recorder.record(login("c"))
    assert [line.split(" - ")[2] for line in lines(tmp_path, f"{SUCCESSES}.1")] == ["a", "b"]
    assert names(tmp_path) == ["c"]
    assert [event.seq for event in journal(tmp_path)] == [3]


def test_files_that_were_moved_away_without_a_word_are_left_within_a_second(
    tmp_path: Path,
) -> None:
    clock = Clock()
    recorder = opened(tmp_path, clock)
    recorder.record(login("a"))
    moved(tmp_path)
    clock.seconds += 1
    recorder.record(login("b"))
    assert [line.split(" - ")[2] for line in lines(tmp_path, f"{SUCCESSES}.1")] == ["a"]
    assert names(tmp_path) == ["b"]


def test_when_reopening_fails_the_moved_files_go_on(tmp_path: Path, said: list[str]) -> None:
    """Nothing is lost while the new files cannot be opened, and it is tried again."""
    clock = Clock()
    recorder = opened(tmp_path, clock)
    moved(tmp_path)
    (tmp_path / SUCCESSES).mkdir()
    for name in "abc":
        clock.seconds += 1
        assert recorder.record(login(name)) is not None
    assert said == [said[0]]
    assert "cannot be reopened" in said[0]
    (tmp_path / SUCCESSES).rmdir()
    clock.seconds += 1
    recorder.record(login("d"))
    assert [line.split(" - ")[2] for line in lines(tmp_path, f"{SUCCESSES}.1")] == list("abc")
    assert names(tmp_path) == ["d"]
