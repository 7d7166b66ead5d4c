"""A log is followed through every way in which logs are rotated."""

import gzip
import os
import shutil
from pathlib import Path

import pytest

from mailauth.watch.file import LATE_SECONDS, NotAFile
from mailauth.watch.source import PIECE_OCTETS, Start
from tests.watch.desk import Watched, dovecot, users


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


@pytest.fixture
def bob(watched: Watched) -> Watched:
    """A watcher that has recorded bob's login."""
    watched.append(dovecot("amy"))
    watched.start()
    watched.append(dovecot("bob", 1))
    assert users(watched.look()) == ["bob"]
    return watched


def numbered(log: Path, number: int = 1) -> Path:
    return log.with_name(f"{log.name}.{number}")


def test_reading_begins_at_the_end(bob: Watched) -> None:
    assert [known.name for known in bob.recognised] == ["dovecot"]
    assert bob.look()[0].secure


def test_a_log_that_does_not_exist_yet_is_read_from_its_beginning(watched: Watched) -> None:
    watched.start()
    assert watched.look() == []
    watched.append(dovecot("bob"))
    assert users(watched.look()) == ["bob"]


def test_reading_can_begin_at_the_beginning(watched: Watched) -> None:
    watched.append(dovecot("amy"))
    watched.start(Start.BEGINNING)
    assert users(watched.look()) == ["amy"]


def test_a_line_counts_when_it_is_whole(bob: Watched) -> None:
    line = dovecot("eve", 2)
    with bob.log.open("a") as file:
        file.write(line[:40])
    assert users(bob.look()) == ["bob"]
    with bob.log.open("a") as file:
        file.write(line[40:] + "\n")
    assert users(bob.look()) == ["bob", "eve"]


def test_a_line_of_many_octets_is_passed_over(bob: Watched) -> None:
    bob.append("x" * (3 * PIECE_OCTETS), dovecot("eve", 2))
    assert users(bob.look()) == ["bob", "eve"]


def test_a_renamed_log_is_read_to_its_end_and_then_the_new_one(bob: Watched) -> None:
    bob.append(dovecot("eve", 2))
    bob.log.rename(numbered(bob.log))
    bob.append(dovecot("dan", 3), path=numbered(bob.log))
    bob.append(dovecot("joe", 4))
    assert users(bob.look()) == ["bob", "eve", "dan", "joe"]


def test_what_comes_late_into_a_renamed_log_is_read(bob: Watched) -> None:
    """rsyslog writes on into the old file until it is told."""
    bob.log.rename(numbered(bob.log))
    bob.append(dovecot("joe", 4))
    assert users(bob.look()) == ["bob", "joe"]
    bob.append(dovecot("eve", 3), path=numbered(bob.log))
    assert users(bob.look(LATE_SECONDS / 2)) == ["bob", "joe", "eve"]


def test_a_copied_and_truncated_log_loses_nothing(bob: Watched) -> None:
    bob.append(dovecot("eve", 2))
    shutil.copy(bob.log, numbered(bob.log))
    os.truncate(bob.log, 0)
    bob.append(dovecot("joe", 3))
    assert users(bob.look()) == ["bob", "eve", "joe"]


def test_a_truncated_log_that_has_grown_further_is_read_anew(bob: Watched) -> None:
    size = bob.log.stat().st_size
    os.truncate(bob.log, 0)
    bob.append(*(dovecot(f"user{number}", number) for number in range(2, 9)))
    assert bob.log.stat().st_size > size
    assert len(bob.look()) == 8


def test_a_log_that_was_made_anew_is_read(bob: Watched) -> None:
    bob.log.unlink()
    assert users(bob.look()) == ["bob"]
    bob.append(dovecot("joe", 3))
    assert users(bob.look()) == ["bob", "joe"]


def test_two_rotations_between_two_looks_lose_nothing(bob: Watched) -> None:
    bob.log.rename(numbered(bob.log))
    bob.append(dovecot("eve", 2))
    numbered(bob.log).rename(numbered(bob.log, 2))
    bob.log.rename(numbered(bob.log))
    _set_times(bob.log)
    bob.append(dovecot("joe", 3))
    assert users(bob.look()) == ["bob", "eve", "joe"]


@pytest.mark.parametrize("kind", ["renamed", "compressed", "dated", "copied"])
def test_what_is_rotated_while_nobody_watches_is_read(bob: Watched, kind: str) -> None:
    bob.append(dovecot("eve", 2))
    bob.kill()
    old = numbered(bob.log)
    if kind == "copied":
        shutil.copy(bob.log, old)
        os.truncate(bob.log, 0)
    else:
        bob.log.rename(old)
    if kind == "compressed":
        old.with_name(f"{old.name}.gz").write_bytes(gzip.compress(old.read_bytes()))
        old.unlink()
    elif kind == "dated":
        old.rename(bob.log.with_name("mail.log-20261124"))
    bob.append(dovecot("joe", 3))
    bob.start()
    assert users(bob.look()) == ["bob", "eve", "joe"]


def test_a_log_that_is_being_compressed_is_read_once(bob: Watched) -> None:
    bob.append(*(dovecot(f"{number:0300}", 2) for number in range(1_000)))
    assert len(bob.look()) == 1_001
    old = numbered(bob.log)
    bob.log.rename(old)
    packed = gzip.compress(old.read_bytes(), 0)
    old.with_name(f"{old.name}.gz").write_bytes(packed[: len(packed) // 2])
    bob.append(dovecot("joe", 4))
    assert len(bob.look()) == 1_002


def test_a_damaged_old_log_does_not_stop_the_log(bob: Watched) -> None:
    for name, octets in (
        ("mail.log.1.gz", gzip.compress(dovecot("eve", 2).encode() * 100)[:-20]),
        ("mail.log.2.xz", b"\xfd7zXZ\0 not xz"),
        ("mail.log.3.gz", b"not gz"),
        ("mail.log.4.gz", b""),
    ):
        bob.log.with_name(name).write_bytes(octets)
    bob.log.rename(numbered(bob.log, 5))
    bob.append(dovecot("joe", 4))
    assert "joe" in users(bob.look())


def test_a_rotation_to_a_log_that_cannot_be_opened_is_read_once(bob: Watched) -> None:
    bob.append(dovecot("eve", 2))
    bob.log.rename(numbered(bob.log, 3))
    numbered(bob.log, 2).with_suffix(".2.gz").write_bytes(
        gzip.compress(f"{dovecot('dan', 3)}\n".encode())
    )
    os.mkfifo(bob.log)
    bob.look()
    bob.look()
    bob.log.unlink()
    bob.append(dovecot("joe", 4))
    assert users(bob.look()) == ["bob", "eve", "dan", "joe"]


def test_a_writer_that_never_reopens_its_log_is_followed(bob: Watched) -> None:
    """A new log may be created, although the server is not told to write there."""
    bob.log.rename(numbered(bob.log))
    bob.log.touch()
    for number in range(4):
        bob.look(LATE_SECONDS)
        bob.append(dovecot(f"eve{number}", 3 + number), path=numbered(bob.log))
    assert users(bob.look()) == ["bob", "eve0", "eve1", "eve2", "eve3"]
    bob.append(dovecot("joe", 9))
    assert users(bob.look())[-1] == "joe"


def test_several_rotations_while_nobody_watches_are_read_in_order(bob: Watched) -> None:
    bob.kill()
    for number in range(3):
        bob.append(dovecot(f"user{number}", 2 + number))
        bob.log.rename(numbered(bob.log, 3 - number))
    _set_times(bob.log)
    bob.append(dovecot("joe", 9))
    bob.start()
    assert users(bob.look()) == ["bob", "user0", "user1", "user2", "joe"]


def test_a_copy_that_somebody_made_is_not_read(bob: Watched) -> None:
    shutil.copy(bob.log, bob.log.with_name("mail.log.bak"))
    shutil.copy(bob.log, numbered(bob.log, 7))
    bob.log.rename(numbered(bob.log))
    bob.append(dovecot("joe", 3))
    assert users(bob.look()) == ["bob", "joe"]


def test_a_file_that_is_being_compressed_is_not_read_again(bob: Watched) -> None:
    """Its compressed twin is as new as the log, until it is whole."""
    bob.log.rename(numbered(bob.log))
    bob.append(dovecot("eve", 2))
    bob.look()
    bob.look(LATE_SECONDS + 1)
    bob.look()  # the old file has been closed
    numbered(bob.log).rename(numbered(bob.log, 2))
    bob.log.rename(numbered(bob.log))
    packed = numbered(bob.log, 2).with_name("mail.log.2.gz")
    packed.write_bytes(gzip.compress(numbered(bob.log, 2).read_bytes()))
    bob.append(dovecot("joe", 3))
    assert users(bob.look()) == ["bob", "eve", "joe"]


def test_what_is_not_a_regular_file_is_not_followed(watched: Watched) -> None:
    os.mkfifo(watched.log)
    with pytest.raises(NotAFile, match="not a regular file"):
        watched.start()


def _set_times(log: Path) -> None:
    """Let older files be as old as their numbers say."""
    for path in log.parent.glob(f"{log.name}.*"):
        written = log.parent.stat().st_mtime - 10 * int(path.suffix[1:])
        os.utime(path, (written, written))
