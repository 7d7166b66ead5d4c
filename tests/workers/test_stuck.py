"""Which worker is ended because it does not let go of a lock, and which is not."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailauth.home.file_lock import ProcessLock
from mailauth.server.workers.stuck import HELD_LOOKS, StuckLocks


class Workers:
    """Two workers, one of which has the lock as often as it is told."""

    def __init__(self, path: Path) -> None:
        self.lock = ProcessLock(path)
        self.other = ProcessLock(path)  # an open file of its own, as of another process
        self.progress = 0
        self.ended: list[tuple[int, str]] = []
        self.stuck = StuckLocks(
            [self.lock], lambda: self.progress, lambda: [os.getpid()], self._end
        )

    def _end(self, worker: int, why: str) -> None:
        self.ended.append((worker, why))


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    """What is looked at."""
    looked_at = Workers(tmp_path / "record.lock")
    yield looked_at
    looked_at.lock.close()
    looked_at.other.close()


def test_who_holds_a_lock_at_look_after_look_is_ended_once(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProcessLock, "holder", lambda *_: 4711)
    workers.other.acquire()
    for _ in range(HELD_LOOKS - 1):
        workers.stuck.look()
    assert workers.ended == []
    for _ in range(3):
        workers.stuck.look()
    assert workers.ended == [(4711, "does not release record.lock")]


def test_a_lock_that_is_free_in_between_is_nobodys_fault(workers: Workers) -> None:
    for _ in range(3):
        workers.other.acquire()
        for _ in range(HELD_LOOKS - 1):
            workers.stuck.look()
        workers.other.release()
        workers.stuck.look()
    assert workers.ended == []


def test_a_lock_that_is_always_busy_is_nobodys_fault(workers: Workers) -> None:
    """Something is recorded between the looks, or another has it than before."""
    workers.other.acquire()
    for _ in range(3 * HELD_LOOKS):
        workers.progress += 1
        workers.stuck.look()
    assert workers.ended == []


def test_a_lock_that_somebody_else_holds_ends_nobody(workers: Workers) -> None:
    """Which process has it is known where the system tells of open files; it is not a worker."""
    if not Path("/proc/self/fdinfo").exists():
        pytest.skip("the system does not tell")
    strangers = StuckLocks([workers.lock], lambda: 0, list, workers._end)
    workers.other.acquire()
    for _ in range(2 * HELD_LOOKS):
        strangers.look()
    assert workers.ended == []
