"""The parent's side of a server with workers: what it shares with them, and how it uses them."""

import socket
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec
from twisted.internet.posixbase import PosixReactorBase

from mailauth.config import Config, ListenerProtocol
from mailauth.directories import emptied
from mailauth.front import Front
from mailauth.home_lock import HomeLock, state_directory
from mailauth.net.listener import Listener
from mailauth.record.follower import Follower
from mailauth.record.shared import RECORD_LOCK, SharedState
from mailauth.web.history import JournalHistory
from mailauth.workers.crew import BEAT_SECONDS, Crew
from mailauth.workers.everybody import EverybodysChecks, EverybodysOperations
from mailauth.workers.failures import FAILURES_LOCK, SharedCounts
from mailauth.workers.orders import Begin, Reload, Shared, WrittenConfig
from mailauth.workers.stuck import LOOK_SECONDS, StuckLocks

FOLLOW_SECONDS = 0.05  # from one look at what the workers have recorded to the next
_MAIL = "mail"  # in the home's state directory: the Maildirs of a server that keeps none


class Workforce:
    """The workers of one server, and what they share. Raises `OSError`."""

    def __init__(
        self, front: Front, lock: HomeLock, maildir: Path | None, reactor: PosixReactorBase
    ) -> None:
        state = state_directory(front.home)
        self.state = SharedState.create(state / RECORD_LOCK)
        self.counts = SharedCounts.create(state / FAILURES_LOCK)
        self.operations: EverybodysOperations
        self.follower: Follower
        self._front = front
        self._lock = lock
        self._maildir = maildir if maildir is not None else emptied(state / _MAIL)
        self._reactor = reactor
        self._accepting: dict[str, int] = {}  # the sockets that workers accept from
        self._crew: Crew

    def oversee(self, history: JournalHistory, opened: ExitStack) -> None:
        """Hear of what all record, and speak for all; when the parent can decide about logins."""
        front = self._front
        front.authority.exposure = EverybodysChecks(front.exposure, lambda: self._crew)
        self.operations = EverybodysOperations(front.operations, lambda: self._crew)
        self.follower = front.recorder.follower(history.all_between)
        opened.callback(self.follower.close)
        front.repeat(FOLLOW_SECONDS, self.follower.catch_up, opened)

    def start(self, listening: Sequence[tuple[Listener, socket.socket]], opened: ExitStack) -> None:
        """Let workers accept on the mail listeners; return when they do."""
        self._accepting = {
            listener.config.name: taken.fileno()
            for listener, taken in listening
            if listener.config.protocol is not ListenerProtocol.HTTP
        }
        self._crew = Crew(
            self._reactor,
            self._front.config.server.workers,
            self._begin,
            (
                self.state.descriptor,
                self.counts.descriptor,
                self._lock.shared,
                *self._accepting.values(),
            ),
            self.operations.worker_ended,
        )
        opened.callback(self._crew.close)
        self._crew.start()
        stuck = StuckLocks(
            (self.state.lock, self.counts.lock),
            self.state.progress,
            self._crew.processes,
            self._crew.end,
        )
        self._front.repeat(LOOK_SECONDS, stuck.look, opened)
        self._front.repeat(BEAT_SECONDS, self._crew.beat, opened)

    async def reload(self, config: Config) -> None:
        """Have the workers go on with the files as they are now, and return when they do."""
        await self._crew.ask(Reload(WrittenConfig.of(config)))

    async def leave(self) -> None:
        """Let the workers take leave of their clients, and end."""
        await self._crew.leave()

    def close(self) -> None:
        """Detach from what is shared."""
        self.state.close()
        self.counts.close()

    def _begin(self) -> Begin:
        as_it_stands = msgspec.structs.replace(
            self._front.config,
            listener=tuple(
                msgspec.structs.replace(each.config, port=each.port)
                for each in self._front.listeners
            ),
        )
        return Begin(
            home=str(self._front.home),
            config=WrittenConfig.of(as_it_stands),
            shared=Shared(self.state.descriptor, self.counts.descriptor, self._accepting),
            maildir=str(self._maildir),
            disabled=self._front.authority.disabled,
        )
