"""A worker that is stopped, or hangs, is found and replaced; nobody waits for it for ever.

`scripts/faults` plays more rounds.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from threading import Event, Thread
from time import perf_counter

import pytest

from mailauth.testing import RunningServer
from tests.live.support.workforce import has_ended, workers
from tools.kill_rounds import TOML
from tools.stop_rounds import ANYWHERE, HOLDING, StopRounds

ANSWER_SECONDS = 2.0  # for the parent, which waits for no lock; the machine may be busy


@pytest.fixture
def rounds(tmp_path: Path) -> Iterator[StopRounds]:
    """A server with two workers; at the end it stops by itself."""
    playing = StopRounds(tmp_path, 2, Random(0))
    yield playing
    playing.stop()


@contextmanager
def answering(server: RunningServer) -> Iterator[list[float]]:
    """Ask the parent again and again how it is; give how long each answer took."""
    took: list[float] = []
    over = Event()

    def ask() -> None:
        while not over.is_set():
            began = perf_counter()
            with closing(HTTPConnection("127.0.0.1", server.port("http"), timeout=20)) as client:
                client.request("GET", "/healthz")
                client.getresponse().read()
            took.append(perf_counter() - began)

    asking = Thread(target=ask)
    asking.start()
    try:
        yield took
    finally:
        over.set()
        asking.join()


@pytest.mark.parametrize("way", HOLDING)
def test_a_worker_that_holds_the_record_lock_is_replaced(rounds: StopRounds, way: str) -> None:
    """It has written half a record. The parent answers meanwhile, and also hears SIGTERM."""
    with answering(rounds.server) as took:
        rounds.play_stop(way)
    assert max(took) < ANSWER_SECONDS
    said = rounds.server.stderr_file.read_text()
    assert "does not release record.lock; it will be killed" in said
    assert "octets that were not committed were removed" in said
    rounds.end_stopped(way)


def test_a_worker_that_is_stopped_anywhere_is_replaced(rounds: StopRounds) -> None:
    """Others serve meanwhile; its clients are let go when it is found."""
    rounds.play_stop(ANYWHERE)
    assert "; it will be killed" in rounds.server.stderr_file.read_text()
    rounds.end_stopped(ANYWHERE)


def test_a_worker_that_outlives_its_server_does_not_keep_the_next_one_out(
    tmp_path: Path,
) -> None:
    """It was stopped, so it has not seen that the server was killed."""
    (tmp_path / "mailauth.toml").write_text(TOML.format(workers=2, log="", name="a", password="b"))
    server = RunningServer(tmp_path)
    server.start()
    orphan = workers(server)[0]
    os.kill(orphan, signal.SIGSTOP)
    server.kill()
    server.start()
    assert has_ended(orphan)
    assert f"Worker {orphan} has outlived its server" in server.stderr_file.read_text()
    assert server.stop() == 0
