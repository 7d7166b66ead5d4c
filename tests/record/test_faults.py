"""When a record cannot be written: nothing half, one complaint, and recovery by itself."""

import contextlib
import errno
import os
import shutil
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailauth.config import LogConfig, OnFailure
from tests.record.desk import (
    ATTEMPTS,
    BOB,
    FAILURES,
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


@pytest.mark.parametrize("room", [0, 1, 100, 400])
def test_a_record_that_is_cut_short_is_taken_back(
    tmp_path: Path, limit: Callable[[int], None], said: list[str], room: int
) -> None:
    """The journal is the longer file, and does not fit."""
    recorder = opened(tmp_path)
    heard = Heard()
    recorder.sinks.add(heard)
    recorder.record(login("a"))
    before = [(tmp_path / name).read_bytes() for name in (ATTEMPTS, SUCCESSES)]
    limit((tmp_path / ATTEMPTS).stat().st_size + room)
    try:
        assert [recorder.record(login("b")) for _ in range(5)] == [None] * 5
        assert [(tmp_path / name).read_bytes() for name in (ATTEMPTS, SUCCESSES)] == before
        assert recorder.unrecorded == 5
    finally:
        limit(-1)
    event = event_of(recorder.record(login("c")))
    assert event.seq == 2
    assert [event.user for event in heard.events] == ["a", "c"] == names(tmp_path)
    assert_agreement(tmp_path)
    assert len(said) == 2
    assert "Logins cannot be recorded; until they can, they are refused" in said[0]
    assert "recorded again; 5 attempts were not recorded" in said[1]


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
    recorder = opened(tmp_path, settings=LogConfig(on_failure=OnFailure.ALLOW))
    heard = Heard()
    recorder.sinks.add(heard)
    limit(10)
    try:
        event = event_of(recorder.record(BOB))
    finally:
        limit(-1)
    assert (event.user, event.seq) == ("bob@mydomain.com", 1)
    assert heard.events == []
    assert lines(tmp_path) == []
    assert journal(tmp_path) == []
    assert "until they can, they are let in" in said[0]


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


def test_a_read_only_directory_cannot_be_opened(unprivileged: Path) -> None:
    (unprivileged / "logs").mkdir(mode=0o500)
    with pytest.raises(PermissionError):
        opened(unprivileged / "logs")


def test_permissions_that_are_taken_away_do_not_stop_what_is_open(
    unprivileged: Path, said: list[str]
) -> None:
    """Reopening fails, which is told; it is tried again every second."""
    logs, clock = unprivileged / "logs", Clock()
    recorder = opened(logs, clock)
    (logs / SUCCESSES).chmod(0o000)
    logs.chmod(0o500)
    recorder.reopen()
    assert recorder.record(login("a")) is not None
    assert len(said) == 1
    assert "cannot be reopened" in said[0]
    logs.chmod(0o700)
    (logs / SUCCESSES).chmod(0o600)
    recorder.reopen()
    assert recorder.record(login("b")) is not None
    assert names(logs) == ["a", "b"]
    assert ": resolved" in said[1]


def test_a_removed_file_in_a_read_only_directory_refuses_until_it_can_be_made(
    unprivileged: Path, said: list[str]
) -> None:
    logs = unprivileged / "logs"
    recorder = opened(logs)
    (logs / SUCCESSES).unlink()
    logs.chmod(0o500)
    assert [recorder.record(BOB) for _ in range(3)] == [None] * 3
    logs.chmod(0o700)
    assert recorder.record(login("b")) is not None
    assert names(logs) == ["b"]
    assert_agreement(logs)
    assert "recorded again; 3 attempts were not recorded" in said[-1]


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
    event = event_of(recorder.record(login("b")))
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
    assert "recorded again; 2 attempts were not recorded" in said[-1]


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


def a_directory(path: Path) -> None:
    path.mkdir()


def a_fifo(path: Path) -> None:
    os.mkfifo(path)


def a_link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/null")


def a_link_to_a_file(path: Path) -> None:
    path.with_name("elsewhere").touch()
    path.symlink_to(path.with_name("elsewhere"))


def a_dangling_link(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


NOT_LOGS: list[tuple[Callable[[Path], None], str]] = [
    (a_directory, "is a directory"),
    (a_fifo, "is a FIFO"),
    (a_link_to_a_device, "is a symbolic link, which is not followed"),
    (a_link_to_a_file, "is a symbolic link, which is not followed"),
    (a_dangling_link, "is a symbolic link, which is not followed"),
    (a_socket, "is a socket"),
]


def clear(path: Path) -> None:
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink()


@pytest.mark.parametrize(("put", "complaint"), NOT_LOGS)
@pytest.mark.parametrize("name", [ATTEMPTS, SUCCESSES, FAILURES])
def test_what_is_not_a_regular_file_is_not_opened_as_a_log(
    tmp_path: Path, name: str, put: Callable[[Path], None], complaint: str
) -> None:
    put(tmp_path / name)
    with pytest.raises(OSError, match=f"{name} {complaint}: a log must be a regular file"):
        opened(tmp_path)
    assert not (tmp_path / "nowhere").exists()


def test_a_device_is_not_opened_as_a_log(tmp_path: Path) -> None:
    """It is one for itself, not behind a link; where making one is permitted."""
    try:
        os.mknod(tmp_path / SUCCESSES, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("devices may not be made here")
    with pytest.raises(OSError, match="is a device: a log must be a regular file"):
        opened(tmp_path)


@pytest.mark.parametrize("is_moved", [False, True], ids=["removed", "moved"])
@pytest.mark.parametrize(("put", "complaint"), NOT_LOGS)
def test_logins_are_refused_while_what_stands_there_is_not_a_log(
    tmp_path: Path, said: list[str], put: Callable[[Path], None], complaint: str, is_moved: bool
) -> None:
    """Whoever reads the path would miss them; afterwards all goes on, in a new file."""
    clock, path = Clock(), tmp_path / SUCCESSES
    recorder = opened(tmp_path, clock)
    recorder.record(login("a"))
    if is_moved:
        path.rename(tmp_path / "moved")
    else:
        path.unlink()
    put(path)
    for name in "bcd":
        clock.seconds += 1
        assert recorder.record(login(name)) is None
    assert len(said) == 2
    assert f"{SUCCESSES} {complaint}" in said[0]
    assert "Logins cannot be recorded" in said[1]
    clear(path)
    clock.seconds += 1
    assert recorder.record(login("e")) is not None
    assert names(tmp_path) == ["e"]
    assert [event.user for event in journal(tmp_path)] == ["a", "e"]
    assert said[2:] == [
        "The log files cannot be reopened: resolved",
        "Logins are recorded again; 3 attempts were not recorded",
    ]


def test_the_same_file_in_its_place_again_is_good_again(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / SUCCESSES
    recorder = opened(tmp_path, clock)
    recorder.record(login("a"))
    path.rename(tmp_path / "moved")
    os.mkfifo(path)
    clock.seconds += 1
    assert recorder.record(login("b")) is None
    (tmp_path / "moved").rename(path)
    clock.seconds += 1
    assert recorder.record(login("c")) is not None
    assert names(tmp_path) == ["a", "c"]
    assert_agreement(tmp_path)


def test_a_file_that_was_replaced_does_not_stop_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was moved away may be on a disk that has died; here EIO is put in place of it."""
    clock = Clock()
    recorder = opened(tmp_path, clock)
    recorder.record(login("a"))
    (tmp_path / SUCCESSES).rename(tmp_path / "moved")
    dead = (tmp_path / "moved").stat()
    fstat = os.fstat

    def failing(descriptor: int) -> os.stat_result:
        status = fstat(descriptor)
        if os.path.samestat(status, dead):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return status

    monkeypatch.setattr(os, "fstat", failing)
    clock.seconds += 1
    assert recorder.record(login("b")) is not None
    assert names(tmp_path) == ["b"]


def test_a_truncation_that_fails_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be made of a file is not believed of it at the next attempt."""
    recorder = opened(tmp_path)
    recorder.record(login("a"))
    os.truncate(tmp_path / SUCCESSES, 10)
    with monkeypatch.context() as broken:

        def no_truncate(descriptor: int, length: int) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        broken.setattr(os, "ftruncate", no_truncate)
        assert [recorder.record(login("b")) for _ in range(3)] == [None] * 3
    assert recorder.record(login("c")) is not None
    assert names(tmp_path) == ["c"]


def test_a_full_disk_refuses_logins_and_room_lets_them_in(full_disk: Path, said: list[str]) -> None:
    """On a file system that is really full, whichever write it is that does not fit."""
    logs = full_disk / "logs"
    recorder = opened(logs)
    ballast = full_disk / "ballast"
    with ballast.open("wb") as file, contextlib.suppress(OSError):
        while True:
            file.write(b"." * 512)
            file.flush()
            if full_disk_room(full_disk) < 16_384:
                break
    accepted = 0
    while recorder.record(login(f"u{accepted}")) is not None:
        accepted += 1
        assert accepted < 1000
    assert accepted > 0
    assert [recorder.record(WRONG) for _ in range(10)] == [None] * 10
    assert names(logs) == [f"u{number}" for number in range(accepted)]
    assert_agreement(logs)
    ballast.unlink()
    assert recorder.record(login("after")) is not None
    recorder.close()
    assert names(logs)[accepted:] == ["after"]
    assert_agreement(logs)
    assert len(said) == 2
    assert "No space left on device" in said[0]


def full_disk_room(place: Path) -> int:
    """How many octets still fit."""
    return shutil.disk_usage(place).free
