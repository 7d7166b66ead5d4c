"""Several processes, one record: whole, in order, numbered once, whoever is killed and when."""

import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from mailauth.config import LogConfig, Rotate
from mailauth.login.event import Result
from mailauth.record.archive import archived
from mailauth.record.recorder import FileRecorder, attach_recorder
from mailauth.record.shared import NUMBERS, SharedState
from tests.record.desk import (
    ATTEMPTS,
    BOB,
    SUCCESSES,
    Clock,
    Hands,
    Places,
    assert_agreement,
    closed_later,
    event_of,
    journal,
    lines,
    login,
    names,
    opened,
)

FOR_EVER = LogConfig(rotate=Rotate.NONE)


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[SharedState]:
    """What the processes of one server share."""
    state = SharedState.create(tmp_path / "private" / "record.lock")
    yield state
    state.close()


def attached(
    directory: Path, shared: SharedState, clock: Clock | None = None, settings: LogConfig = FOR_EVER
) -> FileRecorder:
    """Another worker's recorder; here in this process, with a lock of its own."""
    lock = directory.parent / "private" / "record.lock"
    return closed_later(
        attach_recorder(
            directory,
            settings,
            origins=Places(),
            zone=None,
            now=clock or Clock(),
            threads=Hands().threads,
            shared=closed_later(SharedState(os.dup(shared.descriptor), lock)),
        )
    )


def test_workers_number_and_order_as_one(tmp_path: Path, shared: SharedState) -> None:
    logs = tmp_path / "logs"
    opened(logs, shared=shared).record(login("a"))
    fast, slow = Clock(Clock().seconds + 60), Clock()
    one, two = attached(logs, shared, fast), attached(logs, shared, slow)
    assert [event_of(each.record(BOB)).seq for each in (one, two, one)] == [2, 3, 4]
    stamps = [event.at for event in journal(logs)]
    assert stamps == sorted(stamps)
    assert len({event.id for event in journal(logs)}) == 4


def test_a_worker_finds_the_lock_taken_by_another(tmp_path: Path, shared: SharedState) -> None:
    other = SharedState(os.dup(shared.descriptor), tmp_path / "private" / "record.lock")
    shared.acquire()
    child = os.fork()
    if child == 0:  # pragma: no cover
        own = SharedState(os.dup(shared.descriptor), tmp_path / "private" / "record.lock")
        own.acquire()
        own.store(*[7] * NUMBERS)
        os._exit(0)
    shared.store(*[5] * NUMBERS)
    assert other.load() == (5,) * NUMBERS
    shared.release()
    os.waitpid(child, 0)
    assert other.load() == (7,) * NUMBERS
    other.close()


@pytest.mark.parametrize(("of_record", "of_line"), [(1.0, 0.0), (1.0, 1.0), (0.5, 0.0), (1.0, 0.5)])
def test_what_a_killed_worker_did_not_commit_is_cut_by_the_next(
    tmp_path: Path, shared: SharedState, of_record: float, of_line: float
) -> None:
    """It died with so much of a record and of its line written, and the lock went to the next."""
    logs = tmp_path / "logs"
    recorder = opened(logs, shared=shared)
    recorder.record(login("a"))
    for name, share in ((ATTEMPTS, of_record), (SUCCESSES, of_line)):
        with (logs / name).open("r+b") as file:
            whole = file.read()
            file.write(whole[: int(share * len(whole))])
    assert event_of(attached(logs, shared).record(login("b"))).seq == 2
    assert names(logs) == ["a", "b"]
    assert_agreement(logs)


def test_a_reopening_by_one_is_followed_by_all(tmp_path: Path, shared: SharedState) -> None:
    """SIGHUP reaches workers at different moments; nobody writes on in the old files behind it."""
    logs = tmp_path / "logs"
    recorder = opened(logs, shared=shared, settings=FOR_EVER)
    worker = attached(logs, shared)
    worker.record(login("a"))
    for name in (ATTEMPTS, SUCCESSES):
        (logs / name).rename(logs / f"{name}.1")
    worker.record(login("b"))
    recorder.reopen()
    worker.record(login("c"))
    recorder.record(login("d"))
    worker.reopen()
    recorder.record(login("e"))
    worker.record(login("f"))
    assert [line.split(" - ")[2] for line in lines(logs, f"{SUCCESSES}.1")] == ["a", "b"]
    assert names(logs) == ["c", "d", "e", "f"]
    assert_agreement(logs)


def test_a_rotation_by_one_is_followed_by_all(tmp_path: Path, shared: SharedState) -> None:
    logs, clock = tmp_path / "logs", Clock()
    recorder = opened(logs, clock, shared=shared)
    worker = attached(logs, shared, clock, LogConfig())
    recorder.record(login("a"))
    worker.record(login("b"))
    clock.seconds += 86_400
    worker.record(login("c"))
    recorder.record(login("d"))
    assert names(logs) == ["c", "d"]
    assert len(archived(logs / SUCCESSES)) == 1


def test_truncation_and_removal_are_met_by_all(tmp_path: Path, shared: SharedState) -> None:
    logs = tmp_path / "logs"
    recorder = opened(logs, shared=shared, settings=FOR_EVER)
    worker = attached(logs, shared)
    recorder.record(login("a"))
    os.truncate(logs / SUCCESSES, 0)
    worker.record(login("b"))
    recorder.record(login("c"))
    assert names(logs) == ["b", "c"]
    for path in logs.iterdir():
        path.unlink()
    logs.rmdir()
    worker.record(login("d"))
    recorder.record(login("e"))
    assert names(logs) == ["d", "e"]
    assert [event.seq for event in journal(logs)] == [4, 5]


def test_a_state_half_stored_is_not_seen(tmp_path: Path, shared: SharedState) -> None:
    """Killed inside a store, a worker leaves the state before it."""
    shared.store(*range(NUMBERS))
    selected = shared._memory[0]
    shared.store(*range(1, NUMBERS + 1))
    shared._memory[0] = selected  # the last thing that a store does
    assert shared.load() == tuple(range(NUMBERS))


WORKER = """
import sys, time
from pathlib import Path
from mailauth.config import LogConfig, Rotate
from mailauth.record.recorder import attach_recorder
from mailauth.record.shared import SharedState
from tests.record.desk import Hands, Places, login

logs, lock, descriptor, who, size = sys.argv[1:]
recorder = attach_recorder(
    Path(logs),
    LogConfig(rotate=Rotate.SIZE, size=int(size)),
    origins=Places(),
    zone=None,
    now=time.time,
    threads=Hands().threads,
    shared=SharedState(int(descriptor), Path(lock)),
)
number = 0
while True:
    assert recorder.record(login(f"{who}.{number}")) is not None
    print(number, flush=True)
    number += 1
"""


class Worker:
    """A worker process that records as fast as it can, and says what it has been promised."""

    def __init__(self, logs: Path, shared: SharedState, lock: Path, who: str, size: int) -> None:
        self.who = who
        self.promised = 0
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                WORKER,
                str(logs),
                str(lock),
                str(shared.descriptor),
                who,
                str(size),
            ],
            stdout=subprocess.PIPE,
            pass_fds=[shared.descriptor],
            cwd=Path(__file__).parents[2],
            pipesize=4096,  # it does not run ahead by more than its promises fit into
        )

    def record(self, count: int) -> None:
        assert self.process.stdout is not None
        for _ in range(count):
            self.promised = int(self.process.stdout.readline()) + 1

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith(b"\n"):
                self.promised = int(line) + 1
        self.process.wait()
        self.process.stdout.close()


@pytest.mark.parametrize("size", [100_000_000, 65_536])
def test_workers_killed_at_any_moment_lose_nothing(
    tmp_path: Path, shared: SharedState, size: int
) -> None:
    """Three at a time, one after the other killed and replaced; with and without rotation."""
    logs, lock, random = tmp_path / "logs", tmp_path / "private" / "record.lock", Random(size)
    settings = LogConfig(rotate=Rotate.SIZE, size=size)
    recorder = opened(logs, shared=shared, settings=settings)
    workers = [Worker(logs, shared, lock, f"w{number}", size) for number in range(3)]
    everybody = list(workers)
    for number in range(3, 9):
        for worker in workers:
            worker.record(random.randrange(1, 150))
        workers.pop(0).kill()
        workers.append(Worker(logs, shared, lock, f"w{number}", size))
        everybody.append(workers[-1])
    for worker in workers:
        worker.record(1)
        worker.kill()
    assert recorder.record(login("owner")) is not None

    older = [each.path.name for each in archived(logs / SUCCESSES)]
    assert bool(older) == (size < 1_000_000)
    written = [line for name in (*older, SUCCESSES) for line in lines(logs, name)]
    by_worker: dict[str, list[int]] = defaultdict(list)
    for line in written[:-1]:
        who, _, number_in_worker = line.split(" - ")[2].partition(".")
        by_worker[who].append(int(number_in_worker))
    for worker in everybody:
        kept = by_worker[worker.who]
        assert kept == list(range(len(kept)))
        assert worker.promised <= len(kept) <= worker.promised + 1
    assert [line[:23] for line in written] == sorted(line[:23] for line in written)
    events = [
        event
        for name in (*(each.path.name for each in archived(logs / ATTEMPTS)), ATTEMPTS)
        for event in journal(logs, name)
    ]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert all(event.result is Result.SUCCESS for event in events)
    assert [event.user for event in events] == [line.split(" - ")[2] for line in written]
