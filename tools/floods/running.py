"""Running a flood against a server of its own, and measuring what others notice."""

import http.client
import multiprocessing
import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from mailauth.passwords.making import SCHEMES
from mailauth.record.journal import decode
from mailauth.testing import RunningServer
from tests.live.support.raw_clients import Dialogue
from tests.live.support.workforce import children_of
from tools.floods.flood import (
    BLOCKED,
    FRIEND,
    NAME,
    PASSWORD,
    STRANGER,
    STUCK_SECONDS,
    Flood,
    Measured,
    Stranger,
)

_PAUSE = 0.004  # seconds between the others' logins, so that they are no flood of their own
_START_SECONDS = 30.0
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")

_CONFIG = f"""
[users]
file = "users.passwd"
[block]
friendly = ["{FRIEND}", "{STRANGER}"]
"""


def measure(flood: Flood, seconds: float) -> Measured:
    """Run a flood for a while against a server of its own."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        (home / "users.passwd").write_text(f"{NAME}:{SCHEMES[flood.scheme](PASSWORD)}\n")
        (home / "mailauth.toml").write_text(_CONFIG + flood.config)
        with RunningServer(home, *flood.arguments) as server:
            if flood.blocked:
                _block(server)
            if flood.prepare is not None:
                flood.prepare(server)
            _log_in(server)  # whose password is remembered, if it is hashed
            server.settled()
            return _measure(server, flood, seconds)


def _measure(server: RunningServer, flood: Flood, seconds: float) -> Measured:
    logins: list[float] = []
    calm = 0.0
    until = time.monotonic() + seconds / 4
    while time.monotonic() < until:
        calm = max(calm, _log_in(server))
        time.sleep(_PAUSE)
    memory, kept = _memory(server), _kept(server)
    worst = memory
    before = len(_strangers_records(server))
    lines = (server.home / server.ready.logs.invalid).stat().st_size
    with _strangers(server, flood) as strangers:
        began, cpu = time.monotonic(), _cpu(server)
        while time.monotonic() < began + seconds:
            logins.append(_log_in(server))
            worst = max(worst, _memory(server))
            time.sleep(_PAUSE)
        took, cpu = time.monotonic() - began, _cpu(server) - cpu
        attempts, errors = strangers.so_far()
    server.settled()
    _ask(server)
    strangers_records = _strangers_records(server)[before:]
    return Measured(
        seconds=took,
        attempts=attempts,
        logins=tuple(sorted(logins)),
        calm=calm,
        cpu=cpu,
        kept=_kept(server) - kept,
        memory=max(worst, _memory(server)) - memory,
        strangers=sum(map(len, strangers_records))
        + (server.home / server.ready.logs.invalid).stat().st_size
        - lines,
        records=len(strangers_records),
        counted=sum(decode(record).count for record in strangers_records),
        errors=errors,
    )


# Who logs in meanwhile.


def _log_in(server: RunningServer) -> float:
    """Log in from connecting to the answer; return how long it took."""
    began = time.perf_counter()
    _tried(server, FRIEND, PASSWORD, b"a OK")
    return time.perf_counter() - began


def _block(server: RunningServer) -> None:
    for _ in range(6):
        _tried(server, BLOCKED, "wrong", b"a NO")
    _tried(server, BLOCKED, PASSWORD, b"a NO")


def _tried(server: RunningServer, source: str, password: str, answer: bytes) -> None:
    connection = socket.create_connection(
        ("127.0.0.1", server.port("imap")), STUCK_SECONDS, source_address=(source, 0)
    )
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = Dialogue(connection)
        client.hear(b"* OK")
        client.say(f'a LOGIN {NAME} "{password}"'.encode())
        said = client.hear(b"a ")
        client.close()
        assert said.startswith(answer), said


# The strangers, in a process of their own.


class _Strangers:
    def __init__(self, told: Connection) -> None:
        self._told = told

    def so_far(self) -> tuple[int, tuple[str, ...]]:
        """Ask how many attempts there were, and what went wrong with them."""
        self._told.send("so far")
        if not self._told.poll(STUCK_SECONDS):
            return 0, ("the flood does not answer",)
        attempts, errors = self._told.recv()
        return attempts, tuple(errors)


@contextmanager
def _strangers(server: RunningServer, flood: Flood) -> Iterator[_Strangers]:
    """Run the strangers; the flood has begun, and is over at the end."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    ports = {listener.name: listener.port for listener in server.ready.listeners}
    process = context.Process(target=_flood, args=(theirs, flood, ports), daemon=True)
    process.start()
    theirs.close()
    try:
        assert ours.poll(_START_SECONDS), "the flood has not begun"
        ours.recv()
        yield _Strangers(ours)
    finally:
        ours.close()
        process.join(2)
        if process.is_alive():  # a stranger waits for a server that has nothing to say
            process.kill()
            process.join()


def _flood(asked: Connection, flood: Flood, ports: dict[str, int]) -> None:
    """Be the strangers until the other end of `asked` is closed."""
    over, lock = threading.Event(), threading.Lock()
    attempts, errors = [0], set()

    def count(more: int) -> None:
        with lock:
            attempts[0] += more

    def stranger() -> None:
        one = Stranger(ports, flood.source, over, count)
        while not over.is_set():
            try:
                flood.attack(one)
            except TimeoutError:
                errors.add(f"the server has not answered for {STUCK_SECONDS:.0f} s")
            except (OSError, EOFError):
                over.wait(0.001)  # the server has ended it
            except Exception as error:  # noqa: BLE001
                errors.add(repr(error))
                return

    for _ in range(flood.clients):
        threading.Thread(target=stranger, daemon=True).start()
    asked.send("begun")
    try:
        while True:
            asked.recv()
            asked.send((attempts[0], sorted(errors)))
    except EOFError:
        over.set()


# What the server takes.


def _ask(server: RunningServer) -> None:
    """Ask for records: what was counted is written for somebody who asks."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port("http"))) as client:
        fields = {"Authorization": f"Bearer {server.ready.api_token}"}
        client.request("GET", "/api/v1/attempts?limit=1", headers=fields)
        assert client.getresponse().read()


def _strangers_records(server: RunningServer) -> list[bytes]:
    """Return the journal's records of whatever was not a login that succeeded."""
    journal = (server.home / server.ready.logs.attempts).read_bytes()
    return [
        record
        for record in journal.splitlines(keepends=True)
        if b'"result":"success"' not in record
    ]


def _processes(server: RunningServer) -> list[int]:
    return [server.process.pid, *children_of(server.process.pid)]


def _cpu(server: RunningServer) -> float:
    """Return the processor time of the server and its workers in seconds (proc(5))."""
    ticks = 0
    for pid in _processes(server):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # utime and stime
    return ticks / _TICKS


def _memory(server: RunningServer) -> int:
    """Return the resident memory of the server and its workers in octets."""
    return sum(
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE for pid in _processes(server)
    )


def _kept(server: RunningServer) -> int:
    """Return the size of all logs in octets."""
    return sum(file.stat().st_size for file in (server.home / "logs").rglob("*") if file.is_file())
