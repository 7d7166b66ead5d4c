"""Servers in processes of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailauth.testing import RunningServer
from tests.live.support.onlooker import Onlooker
from tests.live.support.watching import Watched
from tests.live.support.ways import BOB, MARY

Configured = Callable[[str], RunningServer]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """The demo server, on free ports."""
    with RunningServer(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def shared_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One demo server for all tests that only log in to it."""
    with RunningServer(tmp_path_factory.mktemp("demo")) as running:
        yield running
        assert running.stderr_file.read_text() == ""


@pytest.fixture
def demo(shared_demo: RunningServer) -> Watched:
    """The shared demo server, and what it records from now on."""
    return Watched(shared_demo)


@pytest.fixture(scope="session")
def onlookers(shared_demo: RunningServer) -> Iterator[dict[str, Onlooker]]:
    """Those who see the mailboxes; they have logged in before any test looks at the record."""
    found = {name: Onlooker(shared_demo, name) for name in (BOB, MARY)}
    yield found
    for each in found.values():
        each.close()


@pytest.fixture
def bob(onlookers: dict[str, Onlooker]) -> Onlooker:
    """Bob's mailboxes, emptied."""
    onlookers[BOB].empty()
    return onlookers[BOB]


@pytest.fixture
def mary(onlookers: dict[str, Onlooker]) -> Onlooker:
    """Mary's mailboxes, emptied."""
    onlookers[MARY].empty()
    return onlookers[MARY]


@pytest.fixture
def configured(tmp_path: Path) -> Iterator[Configured]:
    """Start a server with this configuration."""
    started: list[RunningServer] = []

    def start(toml: str) -> RunningServer:
        (tmp_path / "mailauth.toml").write_text(toml)
        running = RunningServer(tmp_path)
        running.start()
        started.append(running)
        return running

    yield start
    for running in started:
        if running.process.poll() is None:
            running.stop()
