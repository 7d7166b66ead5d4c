"""Argon2id accounts: what a flood of password checks costs others, and what a cached one costs.

A client logs in on new connections at a steady pace while others send one wrong password after
another, each of which is hashed. Calm and flood alternate, so that both see the same machine.
"""

import contextlib
import multiprocessing
import multiprocessing.synchronize
import socket
import statistics
import tempfile
import time
from pathlib import Path

import msgspec

from mailauth.passwords.making import SCHEMES
from mailauth.testing import RunningServer
from tests.live.support.raw_clients import Dialogue
from tools.bench.machine import cpu_seconds
from tools.bench.results import table

NAME, PASSWORD = "mary@mydomain.com", "correct horse"

ROUNDS, LOGINS = 10, 150  # of calm and of flood each, and logins in each of them
FLOODING = 4  # connections
PACE_SECONDS = 0.01
REMEMBERED_LOGINS = 2000


class Waits(msgspec.Struct):
    """How long logins took, in milliseconds."""

    milliseconds: list[float] = []

    def percentile(self, percent: int) -> float:
        """Return the time that this share of them did not exceed."""
        return statistics.quantiles(self.milliseconds, n=100)[percent - 1]


class FloodedServer:
    """A server whose one account is stored by this scheme, and clients that can flood it."""

    def __init__(self, home: Path, scheme: str) -> None:
        (home / "mailauth.toml").write_text('[users]\nfile = "users.passwd"\n')
        (home / "users.passwd").write_text(f"{NAME}:{SCHEMES[scheme](PASSWORD)}\n")
        self.server = RunningServer(home)

    def __enter__(self) -> RunningServer:
        self.server.start()
        log_in(self.server.port("imap"))  # it is remembered from now on
        return self.server

    def __exit__(self, *_: object) -> None:
        self.server.stop()


def measure() -> str:
    """Measure both; return a section of Markdown."""
    with tempfile.TemporaryDirectory() as home, FloodedServer(Path(home), "argon2id") as server:
        calm, flood = waits(server, ROUNDS, LOGINS)
    rows = [
        [name, f"{found.percentile(50):.2f}", f"{found.percentile(99):.2f}"]
        for name, found in (("calm", calm), ("flood of wrong passwords", flood))
    ]
    costs = [
        [scheme, f"{processor_milliseconds(scheme, REMEMBERED_LOGINS):.2f}"]
        for scheme in ("plain", "argon2id")
    ]
    ratio = flood.percentile(99) / calm.percentile(99)
    return (
        f"Other connections' logins, {ROUNDS * LOGINS} each, in milliseconds; flood's p99 is"
        f" {ratio:.1f}x calm's.\n\n"
        f"{table(['while there is', 'p50', 'p99'], rows)}\n\n"
        "A client that logs in again and again with the right password.\n\n"
        f"{table(['account stored as', 'processor ms a login'], costs)}"
    )


def waits(server: RunningServer, rounds: int, logins: int) -> tuple[Waits, Waits]:
    """Measure logins in a calm and in a flood, by turns."""
    calm, flood = Waits(), Waits()
    spawning = multiprocessing.get_context("spawn")
    flowing, ended = spawning.Event(), spawning.Event()
    flooding = spawning.Process(
        target=send_wrong_passwords, args=(server.port("imap"), flowing, ended)
    )
    flooding.start()
    try:
        for _ in range(rounds):
            for found, is_flood in ((calm, False), (flood, True)):
                (flowing.set if is_flood else flowing.clear)()
                time.sleep(0.5)  # for the flood to rise or fall
                found.milliseconds += (time_of_login(server) for _ in range(logins))
    finally:
        ended.set()
        flowing.set()
        flooding.join()
    return calm, flood


def time_of_login(server: RunningServer) -> float:
    """Keep to the pace, log in and return milliseconds."""
    time.sleep(PACE_SECONDS)
    began = time.perf_counter()
    log_in(server.port("imap"))
    return (time.perf_counter() - began) * 1000


def log_in(port: int) -> None:
    """Log in on a new connection."""
    client = _connect(port)
    client.say(f'a LOGIN {NAME} "{PASSWORD}"'.encode())
    assert client.hear(b"a ").startswith(b"a OK")
    client.close()


def processor_milliseconds(scheme: str, logins: int) -> float:
    """Return what a login of an account stored by this scheme costs the server's processor."""
    with tempfile.TemporaryDirectory() as home, FloodedServer(Path(home), scheme) as server:
        before = cpu_seconds(server.ready.pid)
        for _ in range(logins):
            log_in(server.port("imap"))
        return (cpu_seconds(server.ready.pid) - before) * 1000 / logins


def send_wrong_passwords(
    port: int,
    flowing: multiprocessing.synchronize.Event,
    ended: multiprocessing.synchronize.Event,
) -> None:
    """Keep as many checks waiting as there are connections, while it flows."""
    while flowing.wait() and not ended.is_set():
        clients = [_connect(port) for _ in range(FLOODING)]
        for _ in range(9):  # the server ends a connection after ten failures
            for client in clients:
                client.say(f'a LOGIN {NAME} "wrong"'.encode())
            for client in clients:
                client.hear(b"a NO")
        for client in clients:
            with contextlib.suppress(OSError):
                client.close()


def _connect(port: int) -> Dialogue:
    client = Dialogue(socket.create_connection(("127.0.0.1", port), 20))
    client.hear(b"* OK")
    return client
