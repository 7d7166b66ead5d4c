"""A reporter of a running server: with workers, over a reload, and as `check` and `serve` say."""

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest

from mailauth.testing import RunningServer
from tests.live.support.watching import eventually

CONFIG = """
[server]
workers = 2
[[listener]]
name = "http"
protocol = "http"
port = 0
[[listener]]
name = "imap"
protocol = "imap"
port = 0
[[reporter]]
kind = "dovecot-policy"
name = "plain"
port = 0
token_file = "token"
implicit_ports = {implicit}
[[reporter]]
kind = "dovecot-policy"
name = "secured"
port = 0
tls = "implicit"
token_file = "token"
[[user]]
name = "mary"
password = "one horse"
"""
REPORT = (
    b'{"success": true, "protocol": "imap", "login": "bob", "remote": "192.0.2.7",'
    b' "tls": true, "lport": "993"}'
)
FIRST, SECOND = "first" * 8, "second" * 8


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    (tmp_path / "mailauth.toml").write_text(CONFIG.format(implicit="[]"))
    change_token(tmp_path, FIRST)
    with RunningServer(tmp_path) as running:
        yield running


def change_token(home: Path, token: str) -> None:
    path = home / "token"
    path.touch()
    path.chmod(0o600)
    path.write_text(token)


def post(server: RunningServer, token: str, name: str = "plain") -> int:
    """Report, and return the status of the answer."""
    reporter = next(each for each in server.ready.reporters if each.name == name)
    client: HTTPConnection = HTTPConnection(reporter.host, reporter.port, timeout=20)
    if reporter.tls == "implicit":
        client = HTTPSConnection("localhost", reporter.port, timeout=20, context=server.trusting())
    with closing(client):
        client.request("POST", "/policy?command=report", REPORT, {"X-API-Key": token})
        return client.getresponse().status


def test_reports_are_recorded_and_the_token_and_the_ports_are_read_anew(
    server: RunningServer,
) -> None:
    """In the clear and over TLS, with workers; one test, since a server takes long to start."""
    assert post(server, FIRST) == 200
    assert post(server, FIRST, "secured") == 200
    assert post(server, SECOND) == 401
    assert [(each.listener, each.user, each.security) for each in server.attempts()] == [
        ("plain", "bob", "tls"),
        ("secured", "bob", "tls"),
    ]
    assert [(line.account, line.secure) for line in server.logins()] == [("bob", True)] * 2
    assert server.connections() == []
    change_token(server.home, SECOND)
    (server.home / "mailauth.toml").write_text(CONFIG.format(implicit="[993]"))
    server.hang_up()
    eventually(lambda: post(server, SECOND) == 200)
    assert post(server, FIRST) == 401
    assert server.attempts()[-1].security == "implicit"
    (server.home / "token").chmod(0o644)
    server.hang_up()
    eventually(lambda: "Nothing was reloaded" in server.stderr_file.read_text())
    assert post(server, SECOND) == 200
    assert SECOND not in server.stderr_file.read_text()
