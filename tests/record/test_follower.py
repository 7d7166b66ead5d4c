"""Hearing of what other processes record: all, once, in order, whatever becomes of the files."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailauth.config import LogConfig, Rotate
from mailauth.events.history import JournalHistory
from mailauth.record.follower import Follower
from mailauth.record.recorder import FileRecorder, attach_recorder
from mailauth.record.shared import SharedState
from tests.record.desk import (
    ATTEMPTS,
    Clock,
    Hands,
    Heard,
    Places,
    closed_later,
    login,
    opened,
)

SETTINGS = LogConfig(rotate=Rotate.SIZE, size=65_536)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """The directory of the logs."""
    return tmp_path / "logs"


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[SharedState]:
    """What the processes of one server share."""
    state = SharedState.create(tmp_path / "private" / "record.lock")
    yield state
    state.close()


@pytest.fixture
def parent(logs: Path, shared: SharedState) -> FileRecorder:
    """The recorder of the process that tells of everything."""
    return opened(logs, shared=shared, settings=SETTINGS)


@pytest.fixture
def worker(logs: Path, shared: SharedState, parent: FileRecorder) -> FileRecorder:
    """Another process's recorder."""
    lock = logs.parent / "private" / "record.lock"
    return closed_later(
        attach_recorder(
            logs,
            SETTINGS,
            origins=Places(),
            zone=None,
            now=Clock(),
            threads=Hands().threads,
            shared=closed_later(SharedState(os.dup(shared.descriptor), lock)),
        )
    )


@pytest.fixture
def heard(follower: Follower) -> Heard:
    """Who hears of it."""
    sink = Heard()
    follower.sinks.add(sink)
    return sink


@pytest.fixture
def follower(logs: Path, parent: FileRecorder) -> Follower:
    """The follower of the parent."""
    parent.record(login("before"))
    return closed_later(parent.follower(JournalHistory(logs / ATTEMPTS).all_between))


def names(heard: Heard) -> list[str | None]:
    return [event.user for event in heard.events]


def test_everybodys_records_are_heard_in_their_order(
    parent: FileRecorder, worker: FileRecorder, follower: Follower, heard: Heard
) -> None:
    worker.record(login("a"))
    parent.record(login("b"))
    assert names(heard) == []
    follower.catch_up()
    worker.record(login("c"))
    follower.catch_up()
    follower.catch_up()
    assert names(heard) == ["a", "b", "c"]
    assert [event.seq for event in heard.events] == [2, 3, 4]


@pytest.mark.parametrize(("count", "rotations"), [(150, 1), (2000, 4)])
def test_rotation_hides_nothing(
    worker: FileRecorder, follower: Follower, heard: Heard, count: int, rotations: int, logs: Path
) -> None:
    """Neither one nor several of them between two looks."""
    for number in range(count):
        worker.record(login(f"n{number}"))
    assert len(list(logs.glob("LoginAttempts.2*"))) >= rotations
    follower.catch_up()
    assert names(heard) == [f"n{number}" for number in range(count)]


def test_a_journal_that_was_moved_away_is_read_to_its_end(
    worker: FileRecorder, follower: Follower, heard: Heard, logs: Path
) -> None:
    worker.record(login("a"))
    (logs / ATTEMPTS).rename(logs / "elsewhere")
    worker.record(login("b"))
    worker.reopen()
    worker.record(login("c"))
    follower.catch_up()
    assert names(heard) == ["a", "b", "c"]


def test_a_journal_that_was_truncated_is_read_from_its_new_end(
    worker: FileRecorder, follower: Follower, heard: Heard, logs: Path
) -> None:
    worker.record(login("a"))
    follower.catch_up()
    os.truncate(logs / ATTEMPTS, 0)
    worker.record(login("b"))
    follower.catch_up()
    worker.record(login("c"))
    follower.catch_up()
    assert names(heard) == ["a", "b", "c"]


def test_a_sink_may_ask_for_news(worker: FileRecorder, follower: Follower, heard: Heard) -> None:
    class Asking(Heard):
        def publish(self, event: object) -> None:
            follower.catch_up()

    follower.sinks.add(Asking())
    worker.record(login("a"))
    worker.record(login("b"))
    follower.catch_up()
    assert names(heard) == ["a", "b"]
    assert follower.sinks.failures == 0
