"""A worker: a process of the server that accepts mail clients, and obeys its parent."""

import os
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import assert_never

from twisted.internet.defer import Deferred
from twisted.internet.posixbase import PosixReactorBase
from twisted.logger import Logger

from mailauth.config import ConfigError
from mailauth.home import state_directory
from mailauth.login.changes import set_disabled, take_accounts
from mailauth.login.event import Service
from mailauth.net.awaiting import arrival
from mailauth.origin.resolver import Resolver
from mailauth.record.recorder import attach_recorder
from mailauth.record.shared import RECORD_LOCK, SharedState
from mailauth.record.stamp import zone_named
from mailauth.server.clocks import lasting
from mailauth.server.process import LOOK_SECONDS, ServingProcess
from mailauth.server.reloadable import Loader
from mailauth.server.workers.failures import FAILURES_LOCK, SharedCounts
from mailauth.server.workers.orders import (
    Answered,
    Beat,
    Begin,
    Done,
    Drain,
    Failed,
    ForgetRepeats,
    Leave,
    Look,
    Order,
    Ready,
    Reload,
    SetDisabled,
    SetListener,
    Settle,
    Snapshot,
    WorkerAnswer,
    order_in,
    written,
)
from mailauth.server.workers.pipe import Line

log = Logger()


class Worker:
    """One worker. `begin` is its first order; others arrive over the socket pair."""

    def __init__(self, begin: Begin, line: socket.socket, reactor: PosixReactorBase) -> None:
        home = Path(begin.home)
        config = begin.config.read()
        threads = max(1, ((os.cpu_count() or 2) - 1) // config.server.workers)
        self._begin = begin
        self._reactor = reactor
        self._loader = Loader(home, config.listener, reactor, threads)
        self._process = ServingProcess(
            config, home, reactor, now=time.time, lasting=lasting, patience=None
        )
        self._opened = ExitStack()
        self._unread: Reload | None = None  # what could not be done yet
        self._end = line
        self._line: Line

    def start(self, further: bytes) -> None:
        """Accept connections and report that; `further` orders have already been read.

        Raises `ConfigError` and `OSError`.
        """
        process, config, shared = self._process, self._process.config, self._begin.shared
        state = state_directory(process.home)
        process.loaded = self._loader.load(config)
        process.resolver = Resolver(config.geoip, process.home)
        recorder = attach_recorder(
            process.home / config.log.directory,
            config.log,
            origins=process.resolver,
            zone=zone_named(config.timezone),
            now=time.time,
            threads=process.threads,
            shared=SharedState(shared.record, state / RECORD_LOCK),
        )
        process.authorize(recorder, SharedCounts(shared.failures, state / FAILURES_LOCK))
        for account, disabled in self._begin.disabled.items():
            set_disabled(process.authority, account, disabled=disabled)
        process.open_mail(Path(self._begin.maildir), self._opened)
        process.derive_keys(self._opened)
        process.repeat(LOOK_SECONDS, process.summing.tick, self._opened)
        for each in config.listener:
            listener = process.add(each, each.port)
            if each.service is not Service.HTTP:
                process.accept(listener, socket.socket(fileno=shared.listeners[each.name]))
        self._line = Line(self._end, self._reactor, self._heard, _end_at_once)
        self._line.say(written(Answered(0, Ready())))
        self._line.take(further)

    def _heard(self, line: bytes) -> None:
        message = order_in(line)

        async def obey() -> None:
            try:
                answer = await self._obey(message.order)
            except Exception:  # noqa: BLE001 - the parent waits for an answer
                log.failure("an order could not be obeyed")
                answer = Failed("an order could not be obeyed")
            self._line.say(written(Answered(message.number, answer)))

        Deferred.fromCoroutine(obey())

    async def _obey(self, order: Order) -> WorkerAnswer:
        match order:
            case Reload():
                return self._reload(order)
            case SetListener():
                await self._process.operations.set_cleartext(order.listener, order.cleartext)
                await self._process.operations.set_faults(order.listener, order.faults)
            case SetDisabled():
                set_disabled(self._process.authority, order.account, disabled=order.disabled)
            case Look():
                operations = self._process.operations
                return Snapshot(await operations.connections(), await operations.record_times())
            case Beat():
                pass
            case Drain():
                await arrival(self._process.exposure.drained())
            case Settle():
                await self._process.operations.settled()
            case ForgetRepeats():
                await self._process.operations.forget_repeats()
            case Leave():
                await self._leave()
            case Begin():
                raise AssertionError("a worker begins once")
            case _:
                assert_never(order)
        return Done()

    def _reload(self, order: Reload) -> WorkerAnswer:
        """Reload the files; if they cannot be read, try again until they can."""
        self._unread = None
        try:
            loaded = self._loader.load(order.config.read())
            self._process.resolver.reload(self._process.config.geoip)
        except (ConfigError, OSError) as error:
            self._unread = order
            self._reactor.callLater(LOOK_SECONDS, self._try_again, order)
            return Failed(f"nothing has been reloaded yet: {error}")
        take_accounts(self._process.authority, loaded.accounts)  # the parent records the changes
        self._process.adopt(loaded)
        return Done()

    def _try_again(self, order: Reload) -> None:
        if self._unread is order:
            self._reload(order)

    async def _leave(self) -> None:
        await self._process.close_doors()
        await self._process.leave()
        self._opened.close()
        self._process.recorder.close()
        self._loader.close()
        self._reactor.callLater(0, self._reactor.stop)


def _end_at_once() -> None:
    """End at once, since the parent is gone: all records are complete."""
    os._exit(0)
