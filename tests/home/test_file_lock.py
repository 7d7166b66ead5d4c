"""Locks between processes: taken in turns, let go of by the dead, waited for by nobody for ever."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pytest

from mailauth.home.file_lock import LockHeld, ProcessLock
from tests.live.support.workforce import has_ended

HOLD = """
import sys, time
from pathlib import Path
from mailauth.home.file_lock import ProcessLock
lock = ProcessLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.readline()
lock.release()
print("free", flush=True)
sys.stdin.readline()
"""


class Holder:
    """Another process, which has the lock."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.hears("held")

    def hears(self, word: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"{word}\n"

    def lets_go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.hears("free")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A lock's file."""
    return tmp_path / "private" / "some.lock"


@pytest.fixture
def holder(path: Path) -> Iterator[Holder]:
    """Another process that has taken it, ended after the test."""
    holding = Holder(path)
    yield holding
    holding.process.kill()
    holding.process.communicate()


def test_a_lock_that_another_holds_is_not_waited_for_for_ever(path: Path, holder: Holder) -> None:
    lock = ProcessLock(path, patience=0.2)
    began = perf_counter()
    with pytest.raises(LockHeld, match=r"Another process holds the lock.*some\.lock"):
        lock.acquire()
    assert perf_counter() - began >= 0.2
    lock.close()


def test_who_has_waited_in_vain_hardly_waits_until_it_was_free(path: Path, holder: Holder) -> None:
    """A login after the other must not wait as long as the first."""
    lock = ProcessLock(path, patience=0.5)
    assert lock.is_held_by_another()
    began = perf_counter()
    for _ in range(20):
        assert lock.is_held_by_another()
    assert perf_counter() - began < 20 * 0.5 / 2
    holder.lets_go()
    assert not lock.is_held_by_another()
    again = Holder(path)
    began = perf_counter()
    assert lock.is_held_by_another()
    assert perf_counter() - began >= 0.5
    again.process.kill()
    again.process.communicate()
    lock.close()


def test_a_stopped_holder_is_found_and_a_killed_one_lets_go(path: Path, holder: Holder) -> None:
    lock, pid = ProcessLock(path), holder.process.pid
    os.kill(pid, signal.SIGSTOP)
    assert lock.is_held_by_another()
    assert lock.holder([os.getpid(), pid]) == pid
    assert lock.holder([os.getpid()]) is None
    os.kill(pid, signal.SIGKILL)
    while not has_ended(pid):
        pass
    assert lock.holder([os.getpid(), pid]) is None
    assert not lock.is_held_by_another()
    lock.close()


def test_what_is_free_is_taken_with_one_system_call(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every login takes it."""
    import fcntl

    lock, calls = ProcessLock(path), 0
    flock = fcntl.flock

    def counted(descriptor: int, operation: int) -> None:
        nonlocal calls
        calls += 1
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", counted)
    lock.acquire()
    lock.release()
    assert calls == 2
    lock.close()
