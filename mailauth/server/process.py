"""What every process that serves clients has: listeners, and what their connections share."""

import secrets
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import cast

from twisted.internet.defer import gatherResults, maybeDeferred
from twisted.internet.interfaces import IListeningPort, IReactorFDSet, IReactorSocket
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.task import Cooperator, LoopingCall

from mailauth.certs.server import authority_of
from mailauth.config import Config, ListenerConfig
from mailauth.home import state_directory
from mailauth.login.accounts import Accounts
from mailauth.login.authority import Authority
from mailauth.login.blocking import Blocking, Counts
from mailauth.login.event import Service
from mailauth.login.exposure import ExposureChecks
from mailauth.login.repeats import Repeats
from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.store import MailStore
from mailauth.net import poller
from mailauth.net.accepting import ListeningSocket
from mailauth.net.awaiting import arrival
from mailauth.net.connection import MailConnection
from mailauth.net.deadlines import DeadlineWheel
from mailauth.net.faulty_tls import FaultyTls
from mailauth.net.interfaces import Application, Patience
from mailauth.net.link import Link
from mailauth.net.link_factory import LinkFactory
from mailauth.net.listener import Listener
from mailauth.net.listener_tls import asked_clients
from mailauth.net.poller import Poller
from mailauth.net.quiet import quiet
from mailauth.origin.resolver import Resolver
from mailauth.passwords.background import BackgroundChecks
from mailauth.record.group_commit import Threads
from mailauth.record.recorder import FileRecorder
from mailauth.record.room import is_scarce
from mailauth.record.summing import ChecksAndSums, SummingRecorder
from mailauth.record.timing import RecordTimes, TimedRecorder
from mailauth.server.cores import Cores
from mailauth.server.mail_store import MailWatch, open_store
from mailauth.server.operations import RunningOperations
from mailauth.server.own_thread import OwnThread
from mailauth.server.reloadable import Loaded
from mailauth.setup.welcome import welcome
from mailauth.tokens import TokenIssuer

LEAVE_SECONDS = 3.0  # for clients to be told when the server stops
LOOK_SECONDS = 1.0  # between looks at files that other programs may change


class ServingProcess:
    """The part of a process that serves clients.

    `now` is the clock that stamps the record, `lasting` the one by which blocks end.
    """

    def __init__(
        self,
        config: Config,
        home: Path,
        reactor: PosixReactorBase,
        *,
        now: Callable[[], float],
        lasting: Callable[[], float],
        patience: Patience | None,
    ) -> None:
        self.config = config
        self.home = home
        self.listeners: list[Listener] = []
        self.reporters: list[LinkFactory] = []
        self.tokens = TokenIssuer(state_directory(home), now)
        self.threads = Threads(reactor.callInThread, reactor.callFromThread, OwnThread("disk").do)
        self.loaded: Loaded
        self.resolver: Resolver
        self.recorder: FileRecorder
        self.shown: FileRecorder  # what the console shows: our record, or another server's
        self.authority: Authority
        self.operations: RunningOperations
        self.web: Callable[[Listener], Application]
        self._reactor = reactor
        self._now = now
        self._lasting = lasting
        self.patience = patience
        self.wheel = DeadlineWheel(reactor)
        self.summing: SummingRecorder
        self.exposure: ExposureChecks
        self._poller: Poller | None = None
        self._ports: list[tuple[LinkFactory, ListeningSocket | IListeningPort]] = []
        self._cores: Cores
        self._store: MailStore
        self._faulty_tls = FaultyTls(
            lambda: authority_of(home, config.tls),
            config.hostname,
            lambda listener: asked_clients(listener, config.tls, home),
        )

    # Assembly.

    def authorize(
        self,
        recorder: FileRecorder,
        counts: Counts | None = None,
        shown: FileRecorder | None = None,
    ) -> None:
        """Set up the decisions about logins and their record; `counts` has the failures.

        `shown` is what the console shows: the record of another server, or else this one.
        """
        config, times = self.config, RecordTimes()
        blocking = Blocking(
            self._lasting,
            config.block.attempts,
            config.block.minutes,
            config.block.friendly + self.loaded.friendly,
            counts,
            date=self._now,
        )
        self.recorder = recorder
        self.shown = recorder if shown is None else shown
        self.summing = SummingRecorder(
            TimedRecorder(recorder, times),
            Repeats(self._reactor.seconds),
            blocking.is_friendly,
            now=self._reactor.seconds,
            call_later=self._reactor.callLater,
            is_scarce=partial(is_scarce, self.home / config.log.directory),
        )
        self.exposure = ChecksAndSums(
            BackgroundChecks(self._reactor.callLater), self.summing.sums_written
        )
        self.authority = Authority(
            accounts=self.loaded.accounts,
            recorder=self.summing,
            blocking=blocking,
            hostname=config.hostname,
            exposure=self.exposure,
            nonce=partial(secrets.token_urlsafe, 18),
            now=self.time,
            verify_token=self.tokens.verify,
        )
        self.operations = RunningOperations(
            self.listeners,
            self.authority,
            lambda: self.loaded.tls.ca,
            times,
            partial(quiet, self._reactor),
            self.summing.forget,
            self._reset_mail,
        )

    def open_mail(self, maildir: Path | None, opened: ExitStack) -> None:
        """Open the mail in a directory, or else in memory. Raises `OSError`."""
        store = open_store(
            maildir,
            uid_validity=lambda: int(self._now()),
            welcome=lambda account: welcome(
                account, self.config.hostname, self.operations.services(), self.time()
            ),
        )
        self._store = store
        self._cores = Cores(store, self.config.hostname, self.time, self._reactor.callLater)
        self.repeat(LOOK_SECONDS, MailWatch(store), opened)

    def _reset_mail(self) -> None:
        if isinstance(self._store, MemoryStore):
            self._store.reset()

    def derive_keys(self, opened: ExitStack) -> None:
        """Make the accounts' SCRAM keys in small steps, now and whenever the accounts change."""
        steps = Cooperator(
            terminationPredicateFactory=lambda: lambda: True,  # one step, then other work
            scheduler=partial(self._reactor.callLater, 0),
        )
        opened.callback(steps.stop)
        derived: list[Accounts] = []

        def look() -> None:
            if derived != [self.authority.accounts]:
                derived[:] = [self.authority.accounts]
                steps.cooperate(self.authority.accounts.derive())

        look()
        self.repeat(LOOK_SECONDS, look, opened)

    def add(self, config: ListenerConfig, port: int) -> Listener:
        """Add a listener for `accept`; one that another process accepts for is only shown."""
        listener = Listener(
            config,
            self.authority,
            self._stand,
            wheel=self.wheel,
            context=lambda: self.loaded.tls.contexts[config.name],
            faulty_tls=self._faulty_tls,
            patience=self.patience,
            now=self._now,
        )
        listener.port = port
        listener.set_faults(config.faults)
        self.listeners.append(listener)
        return listener

    def accept(self, listener: LinkFactory, bound: socket.socket) -> None:
        """Accept clients from a listening socket, which is taken over."""
        if poller.is_available:
            if self._poller is None:
                self._poller = Poller(cast(IReactorFDSet, self._reactor), self._reactor)
            self._ports.append((listener, ListeningSocket(bound, listener.link, self._poller)))
            return
        adopt = cast(IReactorSocket, self._reactor).adoptStreamPort
        with bound:  # the port has its own descriptor
            self._ports.append((listener, adopt(bound.fileno(), bound.family, listener)))

    def repeat(self, seconds: float, what: Callable[[], object], opened: ExitStack) -> None:
        """Call something regularly until `opened` is closed."""
        repeating = LoopingCall(what)
        repeating.clock = self._reactor
        repeating.start(seconds, now=False)
        opened.callback(repeating.stop)

    def adopt(self, loaded: Loaded) -> None:
        """Use what was reloaded, except for the accounts."""
        self.loaded = loaded
        self.authority.blocking.befriend(self.config.block.friendly + loaded.friendly)

    # The end.

    async def close_doors(self) -> None:
        """Accept no more mail clients."""
        await self._close_doors(self._of_http(False))

    async def leave(self) -> None:
        """Say goodbye to all clients, and wait until everything is recorded.

        HTTP is the last to stop, so that clients can be told that the server is stopping.
        """
        await self._leave(self._of_http(False))
        last = [*self._of_http(True), *self.reporters]
        await self._close_doors(last)
        await self._leave(last)
        await arrival(self.exposure.drained())
        self.summing.close()
        await arrival(self.recorder.drained())
        if self._poller is not None:
            self._poller.stop()

    def _of_http(self, is_http: bool) -> list[Listener]:
        return [each for each in self.listeners if (each.service is Service.HTTP) is is_http]

    async def _close_doors(self, of: Sequence[LinkFactory]) -> None:
        for listener, port in self._ports:
            if listener in of:
                await maybeDeferred(port.stopListening)

    async def _leave(self, listeners: Sequence[LinkFactory]) -> None:
        """Say goodbye to these listeners' clients, within `LEAVE_SECONDS`."""

        def abort() -> None:
            for listener in listeners:
                listener.abort()

        deadline = self._reactor.callLater(LEAVE_SECONDS, abort)
        for listener in listeners:
            listener.stop()
        await gatherResults([listener.when_empty() for listener in listeners])
        if deadline.active():
            deadline.cancel()

    def _stand(self, listener: Listener, link: Link) -> Application:
        if listener.service is Service.HTTP:
            return self.web(listener)
        return MailConnection(
            link, partial(self._cores.new_core, listener, link), self.wheel, self._reactor
        )

    def time(self) -> datetime:
        """The time of the clock that stamps the record."""
        return datetime.fromtimestamp(self._now(), UTC)
