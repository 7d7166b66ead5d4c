"""Following a log: nothing lost, nothing twice, whatever becomes of the file."""

import gzip
from pathlib import Path

import pytest

from mailauth.report.follow import BEGIN_OCTETS, LINE_OCTETS, Follower


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "SuccessfulLogins.log"
    path.write_bytes(b"one\ntwo\n")
    return path


def add(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def rotate(log: Path, name: str) -> Path:
    older = log.with_name(name)
    log.rename(older)
    log.touch()
    return older


def test_it_begins_with_what_stands_there_and_goes_on(log: Path) -> None:
    follower = Follower(log)
    assert list(follower.poll()) == [b"one", b"two"]
    assert list(follower.poll()) == []
    add(log, b"three\n")
    assert list(follower.poll()) == [b"three"]


def test_a_line_in_pieces_is_one_line(log: Path) -> None:
    follower = Follower(log)
    list(follower.poll())
    add(log, b"thr")
    assert list(follower.poll()) == []
    add(log, b"ee\r\nfo")
    assert list(follower.poll()) == [b"three"]
    add(log, b"ur\n")
    assert list(follower.poll()) == [b"four"]


def test_rotation_loses_nothing(log: Path) -> None:
    follower = Follower(log)
    list(follower.poll())
    add(log, b"three\n")
    rotate(log, "SuccessfulLogins.2026-11-23.log")
    add(log, b"four\n")
    assert list(follower.poll()) == [b"three", b"four"]


def test_what_is_written_to_the_old_file_before_a_new_one_stands_is_read(log: Path) -> None:
    follower = Follower(log)
    list(follower.poll())
    older = log.with_name("SuccessfulLogins.2026-11-23.log")
    log.rename(older)
    add(older, b"three\n")
    assert list(follower.poll()) == [b"three"]
    log.write_bytes(b"four\n")
    assert list(follower.poll()) == [b"four"]


def test_several_rotations_between_two_looks_lose_nothing(log: Path) -> None:
    follower = Follower(log)
    list(follower.poll())
    older = rotate(log, "SuccessfulLogins.2026-11-23.log")
    add(log, b"three\n")
    rotate(log, "SuccessfulLogins.2026-11-23.2.log")
    add(log, b"four\n")
    rotate(log, "SuccessfulLogins.2026-11-24.log")
    add(log, b"five\n")
    older.with_name(older.name + ".gz").write_bytes(gzip.compress(older.read_bytes()))
    older.unlink()
    assert list(follower.poll()) == [b"three", b"four", b"five"]
    add(log, b"six\n")
    assert list(follower.poll()) == [b"six"]


def test_truncation_begins_anew(log: Path) -> None:
    follower = Follower(log)
    list(follower.poll())
    log.write_bytes(b"new\n")
    assert list(follower.poll()) == [b"new"]


def test_a_log_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "SuccessfulLogins.log"
    follower = Follower(path)
    assert list(follower.poll()) == []
    path.write_bytes(b"one\n")
    assert list(follower.poll()) == [b"one"]


def test_of_a_long_log_only_the_end_is_read_to_begin_with(log: Path) -> None:
    line = b"x" * 99 + b"\n"
    log.write_bytes(line * (BEGIN_OCTETS // len(line) + 1000))
    lines = list(Follower(log).poll())
    assert set(lines) == {line[:-1]}
    assert len(lines) == BEGIN_OCTETS // len(line)


def test_an_endless_line_takes_bounded_memory(log: Path) -> None:
    follower = Follower(log)
    list(follower.poll())
    for _ in range(10):
        add(log, b"x" * LINE_OCTETS)
        assert list(follower.poll()) == []
    add(log, b"\nnext\n")
    endless, following = follower.poll()
    assert len(endless) <= LINE_OCTETS
    assert following == b"next"
