"""Connections of HTTP end with their clients, and with the server."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from mailauth.server.process import LEAVE_SECONDS
from mailauth.testing import RunningServer


@contextmanager
def kept_alive(server: RunningServer) -> Iterator[HTTPConnection]:
    """A connection that has been answered and waits for the next request."""
    client = HTTPConnection("127.0.0.1", server.port("http"), timeout=20)
    client.request("GET", "/healthz")
    client.getresponse().read()
    yield client
    client.close()


def descriptors(server: RunningServer) -> int:
    """How many files and sockets the server has open."""
    return len(list(Path(f"/proc/{server.ready.pid}/fd").iterdir()))


def test_a_client_that_goes_away_leaves_no_socket_behind(server: RunningServer) -> None:
    """A browser closes what it has kept alive without a word."""
    server.settled()
    before = descriptors(server)
    for _ in range(20):
        with kept_alive(server):
            pass
    server.settled()
    server.settled()
    assert descriptors(server) <= before + 2


def test_a_client_that_stays_does_not_hold_up_the_end(server: RunningServer) -> None:
    """Idle connections are closed at once, not when patience with them is over."""
    with kept_alive(server) as client:
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < LEAVE_SECONDS
        assert client.sock is not None
        assert client.sock.recv(1) == b""
