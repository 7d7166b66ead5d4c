"""/healthz and the health checks of load balancers, with a running server."""

import http.client
import signal
import socket
import struct
from contextlib import closing
from pathlib import Path

import pytest

from mailauth.testing import RunningServer
from tests.live.support.watching import eventually

LOCAL = b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", 0x20, 0, 0)  # proxy-protocol.txt §2.2
BEHIND_A_PROXY = """
[[user]]
name = "bob"
password = "b0b"
[[listener]]
name = "imap"
protocol = "imap"
port = 0
proxy_from = ["127.0.0.1"]
[[listener]]
name = "http"
protocol = "http"
port = 0
"""


def health(server: RunningServer) -> tuple[int, str]:
    """Ask on a connection of one's own; raises `OSError` when nobody listens."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port("http"), timeout=10)) as http_:
        http_.request("GET", "/healthz")
        answer = http_.getresponse()
        return answer.status, answer.read().decode()


def test_a_path_that_is_no_log_is_told_until_it_is_one_again(server: RunningServer) -> None:
    assert health(server) == (200, "ok\n")
    log = server.home / server.ready.logs.successful
    log.unlink()
    log.symlink_to("/dev/null")
    eventually(lambda: health(server)[0] == 503)
    log.unlink()
    eventually(lambda: health(server) == (200, "ok\n"))


def test_a_server_that_drains_says_so_to_new_connections(server: RunningServer) -> None:
    """A mail client that takes its time keeps the server; meanwhile nobody is sent to it."""
    flood = b"a NOOP\r\n" * 4_000_000
    with socket.create_connection(("127.0.0.1", server.port("imap"))) as slow:
        slow.settimeout(1)
        with pytest.raises(TimeoutError):
            slow.sendall(flood)  # answers are not read, until neither side can send
        server.process.send_signal(signal.SIGTERM)
        told = []
        try:
            while True:
                told.append(health(server)[0])
        except (OSError, http.client.HTTPException):
            pass
        assert told[-1] == 503
        assert told == sorted(told)
        assert server.process.wait(20) == 0


@pytest.fixture
def proxied(tmp_path: Path) -> RunningServer:
    config = tmp_path / "mailauth.toml"
    config.write_text(BEHIND_A_PROXY)
    return RunningServer(tmp_path)


def test_a_load_balancers_checks_leave_no_record(proxied: RunningServer) -> None:
    """LOCAL, with or without a look at the greeting, and closed or reset."""
    with proxied as server:
        for wait in (True, False):
            for _ in range(20):
                with socket.create_connection(("127.0.0.1", server.port("imap"))) as check:
                    check.sendall(LOCAL)
                    if wait:
                        assert check.recv(100).startswith(b"* OK")
        assert health(server) == (200, "ok\n")
        assert server.events() == []
