"""Logins: this server and Dovecot in one run, with one core for the server and one for the client.

Noise of the machine affects both alike, so ratios count. The least noisy number is the processor
time of a login (the server's, the kernel's and that of processes that it starts).
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median
from typing import Protocol

import msgspec

from mailauth.testing import RunningServer
from mailauth.testing.running import NotStarted
from tools.bench.dialogues import (
    ACCOUNTS,
    DIALOGUES,
    IDLE_IN_CLEAR,
    IDLE_WITH_TLS,
    IMAP,
    IMAPS,
    RESUMED,
    Dialogue,
)
from tools.bench.dovecot import Dovecot, installed_version
from tools.bench.load import Load, LoadClient
from tools.bench.machine import cores, cpu_seconds, memory
from tools.bench.results import table
from tools.bench.this_server import ThisServer

ROUNDS = 3
SECONDS = 1.5
IDLE = 1000


class Server(Protocol):
    """A server that is measured."""

    @property
    def pid(self) -> int: ...
    def port(self, listener: str) -> int: ...


class Cost(msgspec.Struct, frozen=True):
    """What one dialogue came to: the load client's view, and microseconds of processor a login."""

    load: Load
    microseconds: float


def measure() -> str:
    """Measure logins; return a section of Markdown."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        directory.chmod(0o755)  # Dovecot's processes have other users
        return "\n\n".join(_Run(directory).sections())


class _Run:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._server_core, client_core = cores()
        self._client = LoadClient(directory, client_core)
        self._homes = 0
        with RunningServer(self._home()) as server:  # makes the certificate that all show
            assert server.ready.ca is not None
            self._certificates = (server.home / server.ready.ca).parent

    def sections(self) -> Iterator[str]:
        ours: dict[str, list[Cost]] = {}
        fast: dict[str, list[Cost]] = {}
        for _ in range(ROUNDS):
            self._rates(self._this_server, ours)
            self._rates(lambda: self._dovecot(high_performance=True), fast)
        default: dict[str, list[Cost]] = {}
        self._rates(self._dovecot, default)
        yield (
            f"Logins a second, each on a new connection: server on one core, client on another,"
            f" 16 connections at a time, {SECONDS} seconds, median of {ROUNDS} rounds (one of"
            " Dovecot's defaults). CPU is the processor time that the server and the kernel spend"
            f" on a login, in microseconds. Dovecot {installed_version()} is in its"
            " high-performance mode unless said otherwise, and has no login by HTTP."
            " Every acknowledged login had its line, and no other had one."
        )
        yield table(
            [
                *("login", "this server", "CPU", "Dovecot", "CPU", "its defaults"),
                *("ratio", "ratio by CPU"),
            ],
            [_row(dialogue.name, ours, fast, default) for dialogue in DIALOGUES],
        )
        yield (
            "With a P-256 key this server issues no session tickets in TLS 1.3, so its resumed"
            " logins are full handshakes: a ticket costs more than the signature that it spares,"
            f" and clients show each time that they verify. {_resumed(ours)} of its logins"
            f" and {_resumed(fast)} of Dovecot's were resumed."
        )
        yield (
            f"On this machine there were {os.getloadavg()[0]:.1f} runnable processes a minute ago,"
            " the measured ones among them: with more than two, believe the CPU columns, which"
            " other processes disturb least, before the rates."
        )
        yield "At half of its own maximum, milliseconds from connecting to being logged in:"
        yield table(
            ["login", "this server, p50", "p99", "p99/p50", "Dovecot, p50", "p99", "p99/p50"],
            [self._latencies(dialogue, ours, fast) for dialogue in (IMAP, IMAPS)],
        )
        yield (
            f"{IDLE:,} idle connections that are logged in to IMAP: megabytes above the empty"
            " server, pages that processes share counted once."
        )
        yield table(
            ["connections", "this server", "Dovecot", "the empty server", "the empty Dovecot"],
            [self._idle(dialogue) for dialogue in (IDLE_IN_CLEAR, IDLE_WITH_TLS)],
        )
        yield "This server, IMAP in the clear, by its settings:"
        yield table(
            ["settings", "logins a second", "CPU", "p50, ms", "p99, ms"], list(self._settings())
        )

    # Servers.

    def _home(self) -> Path:
        self._homes += 1
        home = self._directory / f"home{self._homes}"
        home.mkdir(mode=0o755)
        return home

    def _this_server(self) -> ThisServer:
        return ThisServer(self._home(), self._server_core)

    def _dovecot(self, *, high_performance: bool = False) -> Dovecot:
        return Dovecot(
            self._home() / "dovecot",
            ACCOUNTS,
            self._certificates / "server.pem",
            self._certificates / "server.key",
            self._server_core,
            high_performance=high_performance,
        )

    # Measurements.

    def _rates(
        self,
        start: Callable[[], AbstractContextManager[ThisServer | Dovecot]],
        costs: dict[str, list[Cost]],
    ) -> None:
        with start() as server:
            for dialogue in DIALOGUES:
                if dialogue.dovecot_has_it or isinstance(server, ThisServer):
                    self._cost(server, dialogue, "-t", "0.5")
                    costs.setdefault(dialogue.name, []).append(
                        self._cost(server, dialogue, "-t", str(SECONDS))
                    )

    def _cost(
        self,
        server: ThisServer | Dovecot,
        dialogue: Dialogue,
        *options: str,
        pinned: bool = True,
    ) -> Cost:
        recorded = server.recorded if isinstance(server, ThisServer) else 0
        before = cpu_seconds(server.pid)
        load = self._client.run(
            server.port(dialogue.listener),
            dialogue.steps,
            *dialogue.options,
            *options,
            pinned=pinned,
        )
        spent = cpu_seconds(server.pid) - before
        if isinstance(server, ThisServer):
            lines = server.recorded - recorded
            assert lines == load.logins, f"{load.logins} logins, {lines} lines"
        _note(f"{type(server).__name__}: {dialogue.name}: {load.rate:.0f}/s")
        return Cost(load, spent / load.logins * 1e6)

    def _latencies(
        self, dialogue: Dialogue, ours: dict[str, list[Cost]], fast: dict[str, list[Cost]]
    ) -> list[str]:
        row = [dialogue.name]
        servers: list[tuple[AbstractContextManager[ThisServer | Dovecot], float]] = [
            (self._this_server(), _rate(ours[dialogue.name])),
            (self._dovecot(high_performance=True), _rate(fast[dialogue.name])),
        ]
        for starting, rate in servers:
            with starting as server:
                self._cost(server, dialogue, "-t", "1")
                loads = [
                    self._cost(server, dialogue, "-R", f"{rate / 2:.0f}", "-t", str(SECONDS)).load
                    for _ in range(ROUNDS)
                ]
            p50 = median(load.p50_ms for load in loads)
            p99 = median(load.p99_ms for load in loads)
            row += [f"{p50:.2f}", f"{p99:.2f}", f"{p99 / p50:.1f}"]
        return row

    def _idle(self, dialogue: Dialogue) -> list[str]:
        empty: list[float] = []
        above: list[float] = []
        servers: list[AbstractContextManager[ThisServer | Dovecot]] = [
            self._this_server(),
            self._dovecot(high_performance=True),
        ]
        for starting in servers:
            with starting as server:
                self._cost(server, IMAP, "-n", "100")
                empty.append(memory(server.pid))
                port = server.port(dialogue.listener)
                with self._client.held(port, dialogue.steps, IDLE):
                    above.append(memory(server.pid) - empty[-1])
        _note(f"idle {dialogue.name}: {above}")
        return [dialogue.name, *(f"{each:.1f}" for each in (*above, *empty))]

    def _settings(self) -> Iterator[list[str]]:
        core = self._server_core
        yield self._setting('`durability = "os"`', core)
        yield self._setting('`durability = "disk"`', core, durability="disk")
        yield self._setting("`workers = 1`, both on any core", None)
        try:
            yield self._setting("`workers = 2`, all on any core", None, workers=2)
        except NotStarted as error:
            yield ["`workers = 2`", *("–",) * 3, str(error).strip()]

    def _setting(
        self, name: str, core: int | None, *, durability: str = "os", workers: int = 1
    ) -> list[str]:
        with ThisServer(self._home(), core, durability=durability, workers=workers) as server:
            pinned = core is not None
            self._cost(server, IMAP, "-t", "0.5", pinned=pinned)
            costs = [
                self._cost(server, IMAP, "-t", str(SECONDS), pinned=pinned) for _ in range(ROUNDS)
            ]
        return [
            name,
            f"{_rate(costs):,.0f}",
            f"{_cpu(costs):.0f}",
            f"{median(cost.load.p50_ms for cost in costs):.2f}",
            f"{median(cost.load.p99_ms for cost in costs):.2f}",
        ]


def _row(
    name: str,
    ours: dict[str, list[Cost]],
    fast: dict[str, list[Cost]],
    default: dict[str, list[Cost]],
) -> list[str]:
    own = ours[name]
    row = [name, f"{_rate(own):,.0f}", f"{_cpu(own):.0f}"]
    if name not in fast:
        return [*row, *("–",) * 5]
    other = fast[name]
    return [
        *row,
        f"{_rate(other):,.0f}",
        f"{_cpu(other):.0f}",
        f"{_rate(default[name]):,.0f}",
        f"{_rate(own) / _rate(other):.1f}",
        f"{_cpu(other) / _cpu(own):.1f}",
    ]


def _resumed(costs: dict[str, list[Cost]]) -> str:
    loads = [cost.load for cost in costs[RESUMED.name]]
    return f"{sum(load.resumed for load in loads) / sum(load.logins for load in loads):.0%}"


def _rate(costs: list[Cost]) -> float:
    return median(cost.load.rate for cost in costs)


def _cpu(costs: list[Cost]) -> float:
    return median(cost.microseconds for cost in costs)


def _note(what: str) -> None:
    sys.stderr.write(f"{what}\n")
