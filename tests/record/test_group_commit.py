"""`durability = "disk"`: no answer before the fsync, and none but a refusal if it fails."""

import errno
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mailauth.config import Durability, LogConfig, OnFailure, Rotate
from mailauth.login.event import Kind, LoginEvent, Result
from mailauth.record import group_commit
from mailauth.record.group_commit import Threads
from mailauth.record.recorder import FileRecorder, open_recorder
from mailauth.wire.pending import Pending
from tests.record.desk import (
    BOB,
    HANDSHAKE,
    WRONG,
    Clock,
    Hands,
    Heard,
    Places,
    journal,
    login,
    names,
    opened,
)

ON_DISK = LogConfig(durability=Durability.DISK, rotate=Rotate.SIZE, size=65_536)


class Disk:
    """Notes which files were synced, by inode, and fails when told to."""

    def __init__(self) -> None:
        self.synced: list[int] = []
        self.broken = False

    def sync(self, descriptor: int) -> None:
        if self.broken:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.synced.append(os.fstat(descriptor).st_ino)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The disk that fsync writes to."""
    disk = Disk()
    monkeypatch.setattr(group_commit, "_sync_data", disk.sync)
    return disk


class Answers:
    """What became of each login that was recorded, in the order of the answers."""

    def __init__(self, recorder: FileRecorder) -> None:
        self.recorder = recorder
        self.given: list[tuple[str, bool]] = []

    def ask(self, name: str) -> None:
        recorded = self.recorder.record(login(name))
        assert isinstance(recorded, Pending)
        recorded.listen(lambda event: self.given.append((name, event is not None)))


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def inode(path: Path) -> int:
    return path.stat().st_ino


def test_an_answer_waits_for_the_disk_and_the_line_does_not(tmp_path: Path, disk: Disk) -> None:
    hands = Hands()
    recorder = opened(tmp_path, settings=ON_DISK, hands=hands)
    heard = Heard()
    recorder.sinks.add(heard)
    answers = Answers(recorder)
    answers.ask("a")
    assert answers.given == []
    assert names(tmp_path) == ["a"]
    assert len(heard.events) == 1
    hands.finish()
    assert answers.given == [("a", True)]
    assert disk.synced == [
        inode(tmp_path / "LoginAttempts.jsonl"),
        inode(tmp_path / "SuccessfulLogins.log"),
    ]


def test_those_who_come_during_a_sync_share_the_next_one(tmp_path: Path, disk: Disk) -> None:
    hands = Hands()
    recorder = opened(tmp_path, settings=ON_DISK, hands=hands)
    answers = Answers(recorder)
    for number in range(50):
        answers.ask(f"u{number}")
    assert len(hands.work) == 1
    hands.work.pop(0)()
    assert answers.given == [("u0", True)]
    assert len(hands.work) == 1
    hands.work.pop(0)()
    assert answers.given == [(f"u{number}", True) for number in range(50)]
    assert len(disk.synced) == 4


def test_only_the_files_that_were_written_are_synced(tmp_path: Path, disk: Disk) -> None:
    hands = Hands()
    recorder = opened(tmp_path, settings=ON_DISK, hands=hands)
    recorder.record(HANDSHAKE)
    hands.finish()
    recorder.record(WRONG)
    hands.finish()
    attempts = inode(tmp_path / "LoginAttempts.jsonl")
    assert disk.synced == [attempts, attempts, inode(tmp_path / "InvalidPasswordAttempts.log")]


def test_the_names_of_new_files_are_put_on_the_disk_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file's data is not found after a crash if its directory entry is not there."""
    hands, synced = Hands(), list[int]()
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    recorder = opened(tmp_path / "logs", settings=ON_DISK, hands=hands)
    for _ in range(2):
        recorder.record(BOB)
        hands.finish()
        assert synced == [inode(tmp_path / "logs"), inode(tmp_path)]
    recorder.reopen()
    recorder.record(BOB)
    hands.finish()
    assert synced == [inode(tmp_path / "logs"), inode(tmp_path)] * 2


def test_what_the_disk_refuses_is_refused_and_named(
    tmp_path: Path, disk: Disk, said: list[str]
) -> None:
    """DESIGN 2.5: the waiting logins are refused, their lines stay, a record names their ids."""
    hands = Hands()
    recorder = opened(tmp_path, settings=ON_DISK, hands=hands)
    answers = Answers(recorder)
    disk.broken = True
    for name in "abc":
        answers.ask(name)
    hands.finish()
    assert answers.given == [("a", False), ("b", False), ("c", False)]
    assert names(tmp_path) == ["a", "b", "c"]
    events = journal(tmp_path)
    assert [event.result for event in events] == [Result.SUCCESS] * 3 + [Result.UNAVAILABLE] * 2
    assert [event.kind for event in events] == [Kind.LOGIN] * 5
    first, second = (event.reason or "" for event in events[3:])
    assert events[0].id in first
    assert events[1].id in second
    assert events[2].id in second
    assert "refused" in first
    assert len(said) == 1
    disk.broken = False
    answers.ask("d")
    hands.finish()
    assert answers.given[3:] == [("d", True)]
    assert said[1:] == ["The logs cannot be written to the disk: resolved"]


def test_what_the_disk_refuses_may_be_let_in(tmp_path: Path, disk: Disk) -> None:
    hands = Hands()
    settings = LogConfig(durability=Durability.DISK, on_failure=OnFailure.ALLOW)
    recorder = opened(tmp_path, settings=settings, hands=hands)
    answers = Answers(recorder)
    disk.broken = True
    answers.ask("a")
    hands.finish()
    assert answers.given == [("a", True)]
    assert "let in" in (journal(tmp_path)[-1].reason or "")


def test_what_cannot_even_be_written_is_refused_at_once(
    tmp_path: Path, disk: Disk, limit: Callable[[int], None]
) -> None:
    recorder = opened(tmp_path, settings=ON_DISK)
    limit(10)
    try:
        assert recorder.record(BOB) is None
    finally:
        limit(-1)
    assert disk.synced == []


def test_a_file_that_rotates_away_is_still_synced(tmp_path: Path, disk: Disk) -> None:
    """Who waits, waits for the file that its line is in, whatever it is called by then."""
    hands = Hands()
    recorder = opened(tmp_path, settings=ON_DISK, hands=hands)
    answers = Answers(recorder)
    for number in range(200):
        answers.ask(f"u{number}")
    older = {inode(path) for path in tmp_path.iterdir() if "2020" in path.name}
    assert len(older) >= 2
    hands.finish()
    assert older < set(disk.synced)
    assert len(answers.given) == 200


def test_no_descriptor_is_left_open(tmp_path: Path, disk: Disk) -> None:
    hands = Hands()
    recorder = opened(tmp_path, settings=ON_DISK, hands=hands)
    before = open_descriptors()
    for broken in (False, True):
        disk.broken = broken
        for _ in range(100):
            recorder.record(BOB)
        hands.finish()
    assert open_descriptors() == before


def test_running_out_of_descriptors_is_a_failure_of_the_disk(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = Hands()
    recorder = opened(tmp_path, settings=ON_DISK, hands=hands)
    answers = Answers(recorder)

    def none_left(descriptor: int) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "dup", none_left)
    answers.ask("a")
    hands.finish()
    assert answers.given == [("a", False)]
    assert names(tmp_path) == ["a"]


def test_it_is_told_when_nobody_waits(tmp_path: Path, disk: Disk) -> None:
    hands, told = Hands(), list[str]()
    recorder = opened(tmp_path, settings=ON_DISK, hands=hands)
    recorder.drained().listen(lambda _: told.append("before"))
    assert told == ["before"]
    answers = Answers(recorder)
    answers.ask("a")
    answers.ask("b")
    recorder.drained().listen(lambda _: told.append("after"))
    hands.work.pop(0)()
    assert told == ["before"]
    hands.work.pop(0)()
    assert told == ["before", "after"]
    opened(tmp_path / "other").drained().listen(lambda _: told.append("nothing to wait for"))
    assert told[2:] == ["nothing to wait for"]


def test_with_a_real_thread_and_a_real_disk(tmp_path: Path) -> None:
    """A worker thread syncs while this one records; the reactor is a queue here."""
    calls: queue.Queue[Callable[[], object]] = queue.Queue()
    work: queue.Queue[Callable[[], object] | None] = queue.Queue()

    def thread() -> None:
        while (task := work.get()) is not None:
            task()

    worker = threading.Thread(target=thread)
    worker.start()
    answered: list[LoginEvent | None] = []
    recorder = open_recorder(
        tmp_path,
        ON_DISK,
        origins=Places(),
        zone=None,
        now=Clock(),
        threads=Threads(work.put, calls.put, work.put),
    )
    try:
        for number in range(300):
            recorded = recorder.record(login(f"u{number}"))
            assert isinstance(recorded, Pending)
            recorded.listen(answered.append)
            while not calls.empty():
                calls.get()()
        while len(answered) < 300:
            calls.get(timeout=20)()
    finally:
        work.put(None)
        worker.join()
    assert [event.user for event in answered if event is not None] == [f"u{n}" for n in range(300)]


def test_an_fsync_waits_for_nothing_that_is_done_in_other_threads(
    tmp_path: Path, disk: Disk
) -> None:
    """Those may all be reading the journal for somebody."""
    busy: list[Callable[[], object]] = []
    hands = Hands()
    hands.threads = Threads(busy.append, lambda done: done(), hands.work.append)
    answers = Answers(opened(tmp_path, settings=ON_DISK, hands=hands))
    answers.ask("a")
    hands.finish()
    assert answers.given == [("a", True)]
    assert busy == []
    answers.recorder.tick()
    assert len(busy) == 1  # what compresses older files may take its time
