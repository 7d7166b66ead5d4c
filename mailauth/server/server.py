"""The server: the one place where everything is assembled, started, reloaded and stopped.

There are three clocks. `now`, seconds since the epoch, stamps records and tokens. Blocks, sessions
and links end by `lasting`, which is monotonic (by default it is `now`). The reactor's clock is for
deadlines.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorUNIX
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from mailauth.config import Config, ConfigError
from mailauth.control.accounts import AccountHandlers
from mailauth.control.blocks import BlockHandlers
from mailauth.control.console import ConsoleHandlers
from mailauth.control.records import RecordHandlers
from mailauth.control.service import ControlService
from mailauth.control.services import service_handlers
from mailauth.events.feed import Feed
from mailauth.events.history import JournalHistory
from mailauth.home import state_directory
from mailauth.home.directories import emptied
from mailauth.home.lock import TEMPORARY, HomeLock
from mailauth.home.watched_file import WatchedFile
from mailauth.login.accounts import Accounts
from mailauth.login.authority import Authority
from mailauth.login.changes import replace_accounts
from mailauth.net import sockets
from mailauth.net.interfaces import Patience
from mailauth.net.listener import Listener
from mailauth.origin.resolver import Resolver
from mailauth.record.ledger import FAILURES, JOURNAL, SUCCESSES
from mailauth.record.readiness import Readiness
from mailauth.record.recorder import FileRecorder, open_recorder
from mailauth.record.sinks import Sink, Sinks
from mailauth.record.stamp import zone_named
from mailauth.reporters.listener import ReporterListener
from mailauth.server.console_link import console_link
from mailauth.server.one_process import OneProcess
from mailauth.server.process import LOOK_SECONDS, ServingProcess
from mailauth.server.reloadable import Loader
from mailauth.server.reporters import Reporters
from mailauth.server.watching import Watching
from mailauth.server.workers.pool import WorkerPool
from mailauth.tokens import api
from mailauth.tokens.api import ApiTokens
from mailauth.web.api.metrics import Metrics
from mailauth.web.raw_logs import LogFiles
from mailauth.web.reports import Reports
from mailauth.web.session.admin_link import LIFETIME_SECONDS
from mailauth.web.site import WebSite
from mailauth.web.turns import Turn, Turns

if TYPE_CHECKING:
    from mailauth.report.home import HomeLogs

log = Logger()

A_MINUTE = 60.0
A_DAY = 86_400.0
CONSOLE_LOGS = "console"  # in the home of a watched server: of logins to the console


class Server:
    """One server on one home. `read_config` reads its configuration again, for `reload`.

    Mail is kept in the directory `maildir`, or else in memory. With `watching`, the record is that
    of another server, whose logs are followed; logins to the console have one of their own.
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
        lasting: Callable[[], float] | None = None,
        patience: Patience | None = None,
        sinks: Sequence[Sink] = (),
        watching: Watching | None = None,
    ) -> None:
        self.config = config
        self.home = home
        self.api_token = api.PREFIX + secrets.token_urlsafe(32)
        self.site: WebSite
        self._reactor = reactor
        self._read_config = read_config
        self._maildir = maildir
        self._now = now
        self._sinks = sinks
        self._watching = watching
        self._loader = Loader(
            home, config.listener, reactor, others=[each.listener for each in config.reporter]
        )
        self._lasting = lasting if lasting is not None else now
        self._process = ServingProcess(
            config, home, reactor, now=now, lasting=self._lasting, patience=patience
        )
        self._reporters = Reporters(self._process, reactor)
        self._mode: OneProcess | WorkerPool
        self._control: ControlService
        self._opened = ExitStack()  # what must be closed again
        self._reading = DeferredLock()  # one reload at a time: the last one read is the newest
        self._stopping: Deferred[None] | None = None

    def start(self) -> None:
        """Start serving on all listeners; after an error, nothing remains open.

        Raises `ConfigError`, and `OSError` for what only the operating system can refuse.
        """
        config, process = self.config, self._process
        with ExitStack() as opened:
            opened.callback(self._loader.close)
            users_file = WatchedFile(self.home / config.users.file)  # before it is read
            process.loaded = self._loader.load(config)
            self._loader.check_passwords(process.loaded.accounts)
            reporting = self._reporters.read(config)
            process.resolver = Resolver(config.geoip, self.home)
            lock = HomeLock(self.home)
            opened.callback(lock.release)
            emptied(state_directory(self.home) / TEMPORARY)
            bound = [
                opened.enter_context(sockets.bind(each, config.sockets)) for each in config.sockets
            ]
            if config.server.workers == 1:
                self._mode = OneProcess(process, self._maildir, self._reactor)
            else:
                self._mode = WorkerPool(process, lock, self._maildir, self._reactor, opened)
            self._open_record(opened)
            self._open_site(opened)
            listening = [
                (process.add(each, sockets.listen(taken, each)), taken)
                for each, taken in zip(config.listener, bound, strict=False)
            ]
            self._mode.start(listening, opened)
            self._reporters.start(reporting, bound[len(config.listener) :])
            process.repeat(A_DAY, self._renew_certificate, opened)
            for recorder in {process.recorder, process.shown}:
                process.repeat(A_MINUTE, recorder.tick, opened)
            process.repeat(LOOK_SECONDS, process.summing.tick, opened)
            process.repeat(LOOK_SECONDS, process.recorder.look_at_clock, opened)
            if config.users.file:
                process.repeat(LOOK_SECONDS, partial(self._look_at_accounts, users_file), opened)
            if self._watching is not None:
                self._watching.start(self.home, process, self._logs / JOURNAL, opened)
            self._control.listen(cast(IReactorUNIX, self._reactor), state_directory(self.home))
            self._opened = opened.pop_all()

    @property
    def ca(self) -> Path | None:
        """The CA that clients must trust; `None` without TLS or with the user's certificate."""
        return self._process.loaded.tls.ca

    @property
    def listeners(self) -> Sequence[Listener]:
        """The listeners with their actual ports."""
        return self._process.listeners

    def console_link(self) -> str | None:
        """Make a one-time link that opens the console; `None` without HTTP."""
        return console_link(self.listeners, self.site.admin_link)

    @property
    def reporters(self) -> Sequence[ReporterListener]:
        """The reporters on their actual ports."""
        return self._reporters.listeners

    @property
    def authority(self) -> Authority:
        """What decides about logins."""
        return self._process.authority

    @property
    def sinks(self) -> Sinks:
        """The sinks that receive each recorded event."""
        return self._mode.sinks

    def reload(self) -> Deferred[None]:
        """Reopen the logs; reload accounts, certificates, friendly addresses and countries.

        Logs are reopened in any case. After a mistake in any of the others, all of them stay as
        they were.
        """
        return Deferred.fromCoroutine(self._reload())

    async def _reload(self) -> None:
        for recorder in {self._process.recorder, self._process.shown}:
            recorder.reopen()
        await self._reading.run(lambda: Deferred.fromCoroutine(self._read_everything()))

    async def _read_everything(self) -> None:
        try:
            config = self._read_config()
            loaded = self._loader.load(config)
            reporting = self._reporters.read(config)
            await self._check_passwords(loaded.accounts)
            self._process.resolver.reload(self.config.geoip)
        except (ConfigError, OSError) as error:
            log.error("Nothing was reloaded: {error}", error=error)  # noqa: TRY400
            return
        await self._mode.reload(config)
        replace_accounts(self.authority, loaded.accounts)
        self._process.adopt(loaded)
        self._reporters.adopt(reporting)
        log.info("Accounts, certificates, friendly addresses and countries were reloaded")

    def stop(self) -> Deferred[None]:
        """Say goodbye to all clients, close everything, and return when that is done."""
        if self._stopping is None:
            self._stopping = Deferred.fromCoroutine(self._stop())
        return self._stopping

    async def _stop(self) -> None:
        self.site.stopping = True
        await self._control.stop()
        await self._process.close_doors()
        self.site.close()
        await self._mode.leave()
        await self._process.leave()
        self._opened.close()

    # Regular tasks.

    async def _renew_certificate(self) -> None:
        """Use the current certificate; ours is issued again before it expires."""
        try:
            tls = self._loader.tls(self.config)
        except (ConfigError, OSError) as error:
            log.error("The certificate was not renewed: {error}", error=error)  # noqa: TRY400
            return
        self._process.loaded = msgspec.structs.replace(self._process.loaded, tls=tls)
        await self._mode.reload(self.config)

    async def _look_at_accounts(self, users_file: WatchedFile) -> None:
        """Reload a users file that has changed; after a mistake, the accounts stay as they were."""
        if users_file.has_changed():
            await self._reading.run(lambda: Deferred.fromCoroutine(self._read_accounts()))

    async def _read_accounts(self) -> None:
        try:
            config = self._read_config()
            accounts = self._loader.accounts(config)
            await self._check_passwords(accounts)
        except (ConfigError, OSError) as error:
            log.error("The accounts were not reloaded: {error}", error=error)  # noqa: TRY400
        else:
            await self._mode.reload(config)
            replace_accounts(self.authority, accounts)
            log.info("The accounts were reloaded")

    async def _check_passwords(self, accounts: Accounts) -> None:
        """Check hashes without delaying clients. Raises `ConfigError`."""
        if self._loader.serves_others:
            pool = self._reactor.getThreadPool()
            await deferToThreadPool(self._reactor, pool, self._loader.check_passwords, accounts)

    # Assembly.

    def _open_record(self, opened: ExitStack) -> None:
        shown = self._open_recorder(self._logs, opened)
        if self._watching is None:
            self._process.authorize(shown, self._mode.counts)
        else:
            own = self._open_recorder(self.home / CONSOLE_LOGS, opened)
            self._process.authorize(own, self._mode.counts, shown)

    def _open_recorder(self, directory: Path, opened: ExitStack) -> FileRecorder:
        recorder = open_recorder(
            directory,
            self.config.log,
            origins=self._process.resolver,
            zone=zone_named(self.config.timezone),
            now=self._now,
            threads=self._process.threads,
            shared=self._mode.state,
        )
        opened.callback(recorder.close)
        return recorder

    def _open_site(self, opened: ExitStack) -> None:
        metrics = Metrics()
        feed = self._mode.open(JournalHistory(self._logs / JOURNAL), opened)
        operations = self._mode.operations
        handlers = (
            ConsoleHandlers(self.console_link, LIFETIME_SECONDS).table()
            | RecordHandlers(self.authority, feed, operations.settled).table()
        )
        if self._watching is None:
            handlers |= (
                AccountHandlers(self.authority).table()
                | BlockHandlers(self.authority).table()
                | service_handlers(operations.services)
            )
        self._control = ControlService(handlers, self._reactor)
        sinks: tuple[Sink, ...] = (feed, metrics, *self._sinks)
        for sink in sinks:
            self.sinks.add(sink)
        turns = Turns(self._reactor)
        self.site = WebSite(
            authority=self.authority,
            clock=self._reactor,
            now=self._now,
            lasting=self._lasting,
            feed=feed,
            api_token=self.api_token,
            api_tokens=ApiTokens(state_directory(self.home)),
            operations=operations,
            tokens=self._process.tokens,
            metrics=metrics,
            logs=LogFiles([self._logs / name for name in (SUCCESSES, FAILURES, JOURNAL)]),
            reports=self._make_reports(feed, opened, turns.turn),
            forwarded_from=self.config.http.forwarded_from,
            hosts=self.config.http.hosts,
            trouble=Readiness(self._process.shown, self._logs, self._reactor.seconds).trouble,
            zone=zone_named(self.config.timezone),
            turn=turns.turn,
            is_watched=self._watching is not None,
        )
        self._process.web = lambda listener: self.site.channel(listener.policy)

    def _make_reports(self, feed: Feed, opened: ExitStack, turn: Turn) -> Reports:
        def open_logs() -> "HomeLogs":
            # DuckDB costs 0.2 s and 30 MB, which a server without reports does not need.
            from mailauth.report.home import HomeLogs

            return HomeLogs(self._logs, state_directory(self.home))

        zone, process = zone_named(self.config.timezone), self._process
        thread = ThreadPool(0, 1, "reports")
        thread.start()
        opened.callback(thread.stop)
        reports = Reports(
            open_logs,
            partial(deferToThreadPool, self._reactor, thread),
            newest=lambda: feed.newest,
            now=lambda: process.time().astimezone(zone).replace(tzinfo=None),
            checked=process.authority.exposure.drained,
            turn=turn,
        )
        opened.callback(reports.close)
        return reports

    @property
    def _logs(self) -> Path:
        return self.home / self.config.log.directory
