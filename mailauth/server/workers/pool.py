"""The parent's part of a server with workers: what they share, and how it uses them."""

import socket
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec
from twisted.internet.posixbase import PosixReactorBase

from mailauth.config import Config
from mailauth.events.feed import Feed
from mailauth.events.history import JournalHistory
from mailauth.home import state_directory
from mailauth.home.directories import emptied
from mailauth.home.lock import HomeLock
from mailauth.login.event import Service
from mailauth.net.listener import Listener
from mailauth.record.follower import Follower
from mailauth.record.shared import RECORD_LOCK, SharedState
from mailauth.record.sinks import Sinks
from mailauth.server.process import ServingProcess
from mailauth.server.workers.all_workers import AllWorkersChecks, AllWorkersOperations
from mailauth.server.workers.failures import FAILURES_LOCK, SharedCounts
from mailauth.server.workers.orders import Begin, Reload, Shared, WrittenConfig
from mailauth.server.workers.stuck import LOOK_SECONDS, StuckLocks
from mailauth.server.workers.supervisor import BEAT_SECONDS, Supervisor

FOLLOW_SECONDS = 0.05  # between looks at what the workers have recorded
_MAIL = "mail"  # in the home's state directory: Maildirs, if the server does not keep any


class WorkerPool:
    """The workers of one server, and what they share. Raises `OSError`."""

    def __init__(
        self,
        process: ServingProcess,
        lock: HomeLock,
        maildir: Path | None,
        reactor: PosixReactorBase,
        opened: ExitStack,
    ) -> None:
        state = state_directory(process.home)
        self.state = SharedState.create(state / RECORD_LOCK)
        opened.callback(self.state.close)
        self.counts = SharedCounts.create(state / FAILURES_LOCK)
        opened.callback(self.counts.close)
        self.operations: AllWorkersOperations
        self._process = process
        self._lock = lock
        self._maildir = maildir if maildir is not None else emptied(state / _MAIL)
        self._reactor = reactor
        self._accepting: dict[str, int] = {}  # the sockets from which workers accept
        self._supervisor: Supervisor
        self._follower: Follower

    @property
    def sinks(self) -> Sinks:
        """The sinks that receive each recorded event, of all processes."""
        return self._follower.sinks

    def open(self, history: JournalHistory, opened: ExitStack) -> Feed:
        """Represent all processes, and return the feed of their events."""
        process = self._process
        process.authority.exposure = AllWorkersChecks(process.exposure, lambda: self._supervisor)
        self.operations = AllWorkersOperations(process.operations, lambda: self._supervisor)
        newest = process.recorder.newest
        self._follower = process.recorder.follower(history.all_between)
        opened.callback(self._follower.close)
        process.repeat(FOLLOW_SECONDS, self._follower.catch_up, opened)
        return Feed(self._reactor, history, newest, self._follower.catch_up)

    def start(self, listening: Sequence[tuple[Listener, socket.socket]], opened: ExitStack) -> None:
        """Start workers on the mail listeners; when they accept clients, accept HTTP too."""
        http = [each for each in listening if each[0].service is Service.HTTP]
        self._accepting = {
            listener.config.name: taken.fileno()
            for listener, taken in listening
            if (listener, taken) not in http
        }
        self._supervisor = Supervisor(
            self._reactor,
            self._process.config.server.workers,
            self._begin,
            (
                self.state.descriptor,
                self.counts.descriptor,
                self._lock.shared,
                *self._accepting.values(),
            ),
            self.operations.worker_ended,
        )
        opened.callback(self._supervisor.close)
        self._supervisor.start()
        stuck = StuckLocks(
            (self.state.lock, self.counts.lock),
            self.state.progress,
            self._supervisor.processes,
            self._supervisor.end,
        )
        self._process.repeat(LOOK_SECONDS, stuck.look, opened)
        self._process.repeat(BEAT_SECONDS, self._supervisor.beat, opened)
        for listener, taken in http:
            self._process.accept(listener, taken)

    async def reload(self, config: Config) -> None:
        """Let the workers reload the files, and return when they have."""
        await self._supervisor.ask(Reload(WrittenConfig.of(config)))

    async def leave(self) -> None:
        """Let the workers say goodbye to their clients, and exit."""
        await self._supervisor.leave()

    def _begin(self) -> Begin:
        as_it_stands = msgspec.structs.replace(
            self._process.config,
            listener=tuple(
                msgspec.structs.replace(each.config, port=each.port)
                for each in self._process.listeners
            ),
        )
        return Begin(
            home=str(self._process.home),
            config=WrittenConfig.of(as_it_stands),
            shared=Shared(self.state.descriptor, self.counts.descriptor, self._accepting),
            maildir=str(self._maildir),
            disabled=self._process.authority.disabled,
        )
