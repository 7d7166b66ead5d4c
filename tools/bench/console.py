"""The console with 100,000 events, and what open event streams cost logins.

A page is requested right after a login, so that the log has grown and nothing is cached, and then
again. The budget is 200 ms. The cost of a login is the server's processor time, with and without
streams in turns, so that other load on the machine matters little.
"""

import imaplib
import re
import selectors
import socket
import statistics
import tempfile
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

from mailauth.testing import RunningServer
from tools.bench.logs import write_logs
from tools.bench.machine import cpu_seconds
from tools.bench.results import table

EVENTS = 100_000
PAGES = (
    "/",
    "/?days=30",
    "/cases",
    "/insecure",
    "/exposures",
    "/cutoff",
    "/logins",
    "/live",
    "/log",
)
TIMES = 5
STREAMS = 500
LOGINS = 400  # in each turn
TURNS = 6
NAME, PASSWORD = "root@mydomain.com", "in charge"
_CONFIGURATION = f'[[user]]\nname = "{NAME}"\npassword = "{PASSWORD}"\nrole = "admin"\n'


def measure() -> str:
    """Measure both; return a section of Markdown."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        home = Path(directory)
        (home / "mailauth.toml").write_text(_CONFIGURATION)
        write_logs(home / "logs", EVENTS)
        with RunningServer(home) as server:
            pages = _pages(server)
            streams = _streams(server)
        said = server.stderr_file.read_text()
    assert not said, f"on the server's stderr: {said}"
    return f"{EVENTS:,} events in the log\n\n{pages}\n\n{streams}"


def _pages(server: RunningServer) -> str:
    console = Console(server)
    console.get("/")  # reads the log
    rows = []
    for path in PAGES:
        fresh, known, processor = [], [], []
        for _ in range(TIMES):
            _log_in(server)
            before = cpu_seconds(server.ready.pid)
            fresh.append(console.get(path))
            processor.append(cpu_seconds(server.ready.pid) - before)
            known.append(console.get(path))
        medians = (statistics.median(taken) for taken in (fresh, processor, known))
        rows.append([f"`{path}`", *(f"{1000 * taken:.0f} ms" for taken in medians)])
    return table(["page", "after a login", "processor", "again"], rows)


def _streams(server: RunningServer) -> str:
    costs: dict[int, list[float]] = {0: [], STREAMS: []}
    told = 0
    _cost(server)  # whatever is done once is done now
    for turn in range(TURNS):
        for count in (0, STREAMS) if turn % 2 else (STREAMS, 0):
            with Listeners(server, count) as listeners:
                costs[count].append(_cost(server))
                listeners.wait_for(count * LOGINS)
                told += listeners.told
    rows = [
        [str(count), f"{1e6 * statistics.median(taken):.0f} µs", f"{1e6 * min(taken):.0f} µs"]
        for count, taken in costs.items()
    ]
    assert told == TURNS * STREAMS * LOGINS, "every stream is told of every login"
    return (
        f"{LOGINS} cleartext IMAP logins in each of {TURNS} turns; {told:,} events were told\n\n"
        + table(["open event streams", "processor time per login", "least"], rows)
    )


def _cost(server: RunningServer) -> float:
    """Return the server's processor time per login, in seconds."""
    before = cpu_seconds(server.ready.pid)
    for _ in range(LOGINS):
        _log_in(server)
    return (cpu_seconds(server.ready.pid) - before) / LOGINS


def _log_in(server: RunningServer) -> None:
    with imaplib.IMAP4("127.0.0.1", server.port("imap")) as client:
        client.login(NAME, PASSWORD)


class Console:
    """A session of the console."""

    def __init__(self, server: RunningServer) -> None:
        self._connection = HTTPConnection("127.0.0.1", server.port("http"), timeout=60)
        self._connection.request("GET", "/sign-in")
        response = self._connection.getresponse()
        cookie = str(response.getheader("Set-Cookie")).partition(";")[0]
        token = re.search(r'name="csrf_token" value="([^"]+)"', response.read().decode())
        assert token is not None
        form = {"username": NAME, "password": PASSWORD, "csrf_token": token[1]}
        fields = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        self._connection.request("POST", "/sign-in", urlencode(form), fields)
        response = self._connection.getresponse()
        response.read()
        self._cookie = str(response.getheader("Set-Cookie")).partition(";")[0]

    def get(self, path: str) -> float:
        """Return how long a page took."""
        begun = time.perf_counter()
        self._connection.request("GET", path, headers={"Cookie": self._cookie})
        response = self._connection.getresponse()
        response.read()
        assert response.status == 200, f"{path}: {response.status}"
        return time.perf_counter() - begun


class Listeners:
    """Open event streams, and how many events they have been told."""

    def __init__(self, server: RunningServer, count: int) -> None:
        self.told = 0
        self._server = server
        self._selector = selectors.DefaultSelector()
        self._count = count
        self._ended = False
        self._reading = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        token = self._server.ready.api_token
        for _ in range(self._count):
            connection = socket.create_connection(("127.0.0.1", self._server.port("http")))
            connection.sendall(
                b"GET /events?kind=login HTTP/1.1\r\nHost: localhost\r\n"
                b"Authorization: Bearer %b\r\n\r\n" % token.encode()
            )
            assert connection.recv(12) == b"HTTP/1.1 200"
            self._selector.register(connection, selectors.EVENT_READ)
        self._reading.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._reading.join()
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def wait_for(self, events: int) -> None:
        """Return when so many have come."""
        deadline = time.monotonic() + 60
        while self.told < events:
            assert time.monotonic() < deadline, f"{self.told} of {events} events have been told"
            time.sleep(0.01)

    def _read(self) -> None:
        while not self._ended:
            for key, _ in self._selector.select(0.05):
                assert isinstance(key.fileobj, socket.socket)
                self.told += key.fileobj.recv(1 << 20).count(b"event: login\n")
