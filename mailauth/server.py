"""The server: the one place where everything is put together, started, reloaded and stopped.

Two clocks are given. `now`, seconds since the epoch, stamps records and drives blocking, tokens and
sessions; the reactor's drives deadlines.
"""

import secrets
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

import msgspec
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.interfaces import IListeningPort, IReactorSocket, IReactorUNIX
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from mailauth.config import (
    Config,
    ConfigError,
    ListenerConfig,
    ListenerProtocol,
    TlsMode,
    accounts_of,
)
from mailauth.control.blocks import BlockHandlers
from mailauth.control.service import ControlService
from mailauth.friendly import read_friendly
from mailauth.home_lock import HomeLock, state_directory
from mailauth.login.accounts import Accounts
from mailauth.login.authority import Authority
from mailauth.login.blocking import Blocking
from mailauth.login.changes import replace_accounts
from mailauth.mail import Mail
from mailauth.mail_store import MailWatch, open_store
from mailauth.net import certificates, sockets
from mailauth.net.connection import MailConnection
from mailauth.net.deadlines import DeadlineWheel
from mailauth.net.interfaces import Patience, Upper
from mailauth.net.link import Link
from mailauth.net.listener import Listener
from mailauth.net.tls_context import server_context
from mailauth.operations import RunningOperations
from mailauth.origin.networks import Network
from mailauth.origin.resolver import Resolver
from mailauth.passwords.background import BackgroundChecks
from mailauth.passwords.verifier import Verifier
from mailauth.record.group_commit import Threads
from mailauth.record.ledger import FAILURES, JOURNAL, SUCCESSES
from mailauth.record.recorder import FileRecorder, open_recorder
from mailauth.record.sinks import Sink
from mailauth.record.stamp import zone_named
from mailauth.record.times import RecordTimes, TimedRecorder
from mailauth.secret_file import key_in
from mailauth.tokens import TokenIssuer
from mailauth.watched import WatchedFile
from mailauth.web.feed import Feed
from mailauth.web.history import JournalHistory
from mailauth.web.metrics import Metrics
from mailauth.web.raw_logs import LogFiles
from mailauth.web.site import WebSite
from mailauth.welcome import welcome
from mailauth.wire.pending import Pending

log = Logger()

A_MINUTE = 60.0
A_DAY = 86_400.0
LEAVE_SECONDS = 3.0  # for clients to take our leave when the server stops
LOOK_SECONDS = 1.0  # from one look at the files that others may change to the next

T = TypeVar("T")


class _Tls(msgspec.Struct, frozen=True):
    """How TLS is spoken, by protocol, and the CA that clients must trust when it is ours."""

    contexts: dict[ListenerProtocol, ssl.SSLContext]
    ca: Path | None


class _Reloadable(msgspec.Struct, frozen=True):
    """What can be read anew while the server runs: all of it, or nothing."""

    accounts: Accounts
    friendly: tuple[Network, ...]
    tls: _Tls


class Server:
    """One server on one home. `read_config` reads its configuration anew, for `reload`.

    Mail is kept in the directory `maildir`, or else in memory.
    """

    def __init__(
        self,
        config: Config,
        home: Path,
        reactor: PosixReactorBase,
        *,
        read_config: Callable[[], Config],
        maildir: Path | None = None,
        now: Callable[[], float] = time.time,
        patience: Patience | None = None,
        sinks: Sequence[Sink] = (),
    ) -> None:
        self.config = config
        self.home = home
        self.api_token = secrets.token_urlsafe(32)
        self.listeners: list[Listener] = []
        self.recorder: FileRecorder
        self.authority: Authority
        self.operations: RunningOperations
        self.site: WebSite
        self._reactor = reactor
        self._read_config = read_config
        self._maildir = maildir
        self._now = now
        self._patience = patience
        self._sinks = sinks
        self._wheel = DeadlineWheel(reactor)
        self._ports: list[IListeningPort] = []
        self._opened = ExitStack()  # what has to be closed again
        self._stopping: Deferred[None] | None = None
        self._loaded: _Reloadable
        self._mail: Mail
        self._control: ControlService
        self._exposure: BackgroundChecks
        self._resolver: Resolver
        self._verifier = Verifier(reactor.callFromThread, time.monotonic)

    def start(self) -> None:
        """Begin to serve on every listener; when anything fails, nothing is left open.

        Raises `ConfigError`, and `OSError` for what only the operating system can refuse.
        """
        with ExitStack() as opened:
            opened.callback(self._verifier.close)
            self._loaded = self._read(self.config)
            self._resolver = Resolver(self.config.geoip, self.home)
            opened.callback(HomeLock(self.home).release)
            bound = [self._bind(each, opened) for each in self.config.listener]
            self._open_authority(opened)
            self._open_mail(opened)
            self.listeners += [
                self._listen(each, taken)
                for each, taken in zip(self.config.listener, bound, strict=True)
            ]
            self._ports = [
                self._accept(listener, taken)
                for listener, taken in zip(self.listeners, bound, strict=True)
            ]
            self._repeat(A_DAY, self._renew_certificate, opened)
            self._repeat(A_MINUTE, self.recorder.tick, opened)
            if self.config.users.file:
                users_file = WatchedFile(self.home / self.config.users.file)
                self._repeat(LOOK_SECONDS, partial(self._look_at_accounts, users_file), opened)
            self._control = ControlService(BlockHandlers(self.authority).table(), self._reactor)
            self._control.listen(cast(IReactorUNIX, self._reactor), state_directory(self.home))
            self._opened = opened.pop_all()

    @property
    def ca(self) -> Path | None:
        """The CA that clients must trust; `None` without TLS or with the user's own certificate."""
        return self._loaded.tls.ca

    def reload(self) -> None:
        """Go on with the logs, accounts, certificates, friends and countries as they are now.

        Logs are reopened in any case; of the others, one mistake leaves all as they were.
        """
        self.recorder.reopen()
        try:
            loaded = self._read(self._read_config())
            self._resolver.reload(self.config.geoip)
        except (ConfigError, OSError) as error:
            log.error("nothing was reloaded: {error}", error=error)  # noqa: TRY400
            return
        self._loaded = loaded
        replace_accounts(self.authority, loaded.accounts)
        self.authority.blocking.befriend(self.config.block.friendly + loaded.friendly)
        log.info("accounts, certificates, friendly addresses and countries were reloaded")

    def _renew_certificate(self) -> None:
        """Show the certificate as it is now: ours is issued again before it ends."""
        try:
            tls = _read_tls(self.config, self.home)
        except (ConfigError, OSError) as error:
            log.error("the certificate was not renewed: {error}", error=error)  # noqa: TRY400
            return
        self._loaded = msgspec.structs.replace(self._loaded, tls=tls)

    def _look_at_accounts(self, users_file: WatchedFile) -> None:
        """Take the accounts of a users file that has changed; a mistake leaves all as they were."""
        if not users_file.has_changed():
            return
        try:
            accounts = self._accounts(self._read_config())
        except (ConfigError, OSError) as error:
            log.error("the accounts were not reloaded: {error}", error=error)  # noqa: TRY400
        else:
            replace_accounts(self.authority, accounts)
            log.info("the accounts were reloaded")

    def stop(self) -> Deferred[None]:
        """Take leave of everybody within `LEAVE_SECONDS`, close everything, and tell when done."""
        if self._stopping is None:
            self._stopping = Deferred.fromCoroutine(self._stop())
        return self._stopping

    async def _stop(self) -> None:
        await self._control.stop()
        for port in self._ports:
            await maybeDeferred(port.stopListening)
        self.site.close()
        deadline = self._reactor.callLater(LEAVE_SECONDS, self._abort)
        for listener in self.listeners:
            listener.stop()
        await gatherResults([listener.when_empty() for listener in self.listeners])
        if deadline.active():
            deadline.cancel()
        await _told(self._exposure.drained())
        await _told(self.recorder.drained())
        self._opened.close()

    def _abort(self) -> None:
        for listener in self.listeners:
            listener.abort()

    # How it is put together.

    def _read(self, config: Config) -> _Reloadable:
        return _Reloadable(
            accounts=self._accounts(config),
            friendly=read_friendly(self.home),
            tls=_read_tls(config, self.home),
        )

    def _accounts(self, config: Config) -> Accounts:
        pepper = key_in(state_directory(self.home) / "pepper")
        return accounts_of(config, self.home, self._verifier.secret, pepper=pepper)

    def _repeat(self, seconds: float, what: Callable[[], None], opened: ExitStack) -> None:
        repeating = LoopingCall(what)
        repeating.clock = self._reactor
        repeating.start(seconds, now=False)
        opened.callback(repeating.stop)

    def _bind(self, config: ListenerConfig, opened: ExitStack) -> socket.socket:
        return opened.enter_context(sockets.bind(config, self.config.listener))

    def _open_authority(self, opened: ExitStack) -> None:
        config = self.config
        logs = self.home / config.log.directory
        self.recorder = open_recorder(
            logs,
            config.log,
            origins=self._resolver,
            zone=zone_named(config.timezone),
            now=self._now,
            threads=Threads(self._reactor.callInThread, self._reactor.callFromThread),
        )
        opened.callback(self.recorder.close)
        self._exposure = BackgroundChecks(self._reactor.callLater)
        self.authority = Authority(
            accounts=self._loaded.accounts,
            recorder=self.recorder,
            blocking=Blocking(
                self._now,
                config.block.attempts,
                config.block.minutes,
                config.block.friendly + self._loaded.friendly,
            ),
            hostname=config.hostname,
            exposure=self._exposure,
            nonce=partial(secrets.token_urlsafe, 18),
            now=self._time,
            verify_token=TokenIssuer(state_directory(self.home), self._now).verify,
        )
        metrics = Metrics()
        times = RecordTimes()
        self.authority.recorder = TimedRecorder(self.recorder, times)
        feed = Feed(
            self._reactor,
            JournalHistory(logs / JOURNAL),
            self.recorder.newest,
        )
        sinks: tuple[Sink, ...] = (feed, metrics, *self._sinks)
        for sink in sinks:
            self.recorder.sinks.add(sink)
        self.operations = RunningOperations(self.listeners, self.authority, lambda: self.ca, times)
        self.site = WebSite(
            authority=self.authority,
            clock=self._reactor,
            now=self._now,
            feed=feed,
            api_token=self.api_token,
            operations=self.operations,
            metrics=metrics,
            logs=LogFiles([logs / name for name in (SUCCESSES, FAILURES, JOURNAL)]),
            forwarded_from=config.http.forwarded_from,
        )

    def _open_mail(self, opened: ExitStack) -> None:
        store = open_store(
            self._maildir,
            uid_validity=lambda: int(self._now()),
            welcome=lambda account: welcome(
                account, self.config.hostname, self.operations.services(), self._time()
            ),
        )
        self._mail = Mail(store, self.config.hostname, self._time)
        self._repeat(LOOK_SECONDS, MailWatch(store), opened)

    def _listen(self, config: ListenerConfig, bound: socket.socket) -> Listener:
        listener = Listener(
            config,
            self.authority,
            self._stand,
            wheel=self._wheel,
            context=lambda: self._loaded.tls.contexts[config.protocol],
            patience=self._patience,
            now=self._now,
        )
        listener.port = sockets.listen(bound, config)
        return listener

    def _accept(self, listener: Listener, bound: socket.socket) -> IListeningPort:
        adopt = cast(IReactorSocket, self._reactor).adoptStreamPort
        with bound:  # the port has a descriptor of its own
            return adopt(bound.fileno(), bound.family, listener)

    def _stand(self, listener: Listener, link: Link) -> Upper:
        if listener.config.protocol is ListenerProtocol.HTTP:
            return self.site.channel(listener.policy)
        return MailConnection(
            link, partial(self._mail.speak, listener, link), self._wheel, self._reactor
        )

    def _time(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)


def _read_tls(config: Config, home: Path) -> _Tls:
    """Make or renew the certificate where TLS is spoken at all; raises `ConfigError`."""
    spoken = {each.protocol for each in config.listener if each.tls is not TlsMode.NONE}
    if not spoken:
        return _Tls(contexts={}, ca=None)
    now = datetime.now(UTC)
    store = certificates.prepare(home, config.hostname, config.tls, now)
    state = certificates.examine(home, config.hostname, config.tls, now)
    return _Tls(
        contexts={
            protocol: server_context(store.certificate, store.key, protocol, config.tls.minimum)
            for protocol in spoken
        },
        ca=None if state is certificates.State.OWN else store.ca,
    )


async def _told(pending: Pending[T]) -> T:
    """Wait for a result of the pure packages."""
    told: Deferred[T] = Deferred()
    pending.listen(told.callback)
    return await told
