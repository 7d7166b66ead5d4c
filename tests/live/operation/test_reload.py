"""What a running server reads anew on SIGHUP, all of it or nothing."""

import imaplib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailauth.login.event import Kind
from mailauth.testing import RunningServer
from tests.live.support.watching import eventually
from tests.origin.test_geoip import database

CONFIG = """
[geoip]
database = "countries.mmdb"
[users]
file = "users.passwd"
[[listener]]
name = "imap"
protocol = "imap"
port = 0
proxy_from = ["127.0.0.1"]
[[listener]]
name = "imaps"
protocol = "imap"
port = 0
tls = "implicit"
[[user]]
name = "mary"
password = "one horse"
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    (tmp_path / "mailauth.toml").write_text(CONFIG)
    (tmp_path / "users.passwd").write_text("bob:{PLAIN}one horse\n")
    database(tmp_path / "countries.mmdb", "c", {"country_code": "DE"})
    with RunningServer(tmp_path) as running:
        yield running


def log_in(server: RunningServer, name: str, password: str) -> bytes:
    """Log in from 79.80.81.82, and return the reply."""
    with socket.create_connection(("127.0.0.1", server.port("imap"))) as client:
        client.sendall(b"PROXY TCP4 79.80.81.82 127.0.0.1 4711 143\r\n")
        replies = client.makefile("rb")
        replies.readline()
        client.sendall(f'a LOGIN "{name}" "{password}"\r\n'.encode())
        return replies.readline()


def hang_up(server: RunningServer) -> None:
    """Send SIGHUP; the reload comes before what is received two commands later."""
    context = server.trusting()
    with imaplib.IMAP4_SSL("127.0.0.1", server.port("imaps"), ssl_context=context) as client:
        server.hang_up()
        client.noop()
        client.noop()


def test_accounts_and_countries_are_read_anew(server: RunningServer) -> None:
    assert log_in(server, "bob", "one horse").startswith(b"a OK")
    (server.home / "users.passwd").write_text("bob:{PLAIN}two horses\nsue:{PLAIN}three\n")
    database(server.home / "countries.mmdb", "c", {"country_code": "FR"})
    hang_up(server)
    assert log_in(server, "bob", "one horse").startswith(b"a NO")
    assert log_in(server, "bob", "two horses").startswith(b"a OK")
    assert log_in(server, "sue", "three").startswith(b"a OK")
    assert [(each.account, each.origin) for each in server.logins()] == [
        ("bob", "Germany"),
        ("bob", "France"),
        ("sue", "France"),
    ]


@pytest.mark.parametrize("broken", ["users.passwd", "countries.mmdb", "certs/server.pem"])
def test_one_mistake_leaves_everything_as_it_was(server: RunningServer, broken: str) -> None:
    changed = CONFIG.replace("one horse", "two horses")
    (server.home / "mailauth.toml").write_text(changed)
    database(server.home / "countries.mmdb", "c", {"country_code": "FR"})
    (server.home / broken).write_text("broken")
    hang_up(server)
    assert log_in(server, "mary", "two horses").startswith(b"a NO")
    assert log_in(server, "mary", "one horse").startswith(b"a OK")
    assert server.logins()[0].origin == "Germany"
    errors = server.stderr_file.read_text().splitlines()
    [error] = [line for line in errors if "Nothing was reloaded" in line]
    assert "[error]" in error
    assert Path(broken).name in error


def write_whole(file: Path, text: str) -> None:
    """Write a file as an editor does: nobody sees half of it."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def test_a_users_file_that_changes_is_read_by_itself(server: RunningServer) -> None:
    """What `mailauth users` does counts without a signal; a mistake leaves all as it was."""
    write_whole(server.home / "users.passwd", "bob:{PLAIN}two horses\n")
    eventually(lambda: "The accounts were reloaded" in server.stderr_file.read_text())
    assert log_in(server, "bob", "two horses").startswith(b"a OK")
    changes = [(each.user, each.reason) for each in server.events(Kind.ACCOUNT)]
    assert changes == [("bob", "password-changed")]
    write_whole(server.home / "users.passwd", "bob:{UNHEARD-OF}x\n")
    eventually(lambda: "[error] The accounts were not reloaded" in server.stderr_file.read_text())
    assert log_in(server, "bob", "two horses").startswith(b"a OK")


def test_a_server_name_that_is_not_ascii_does_not_fill_stderr(server: RunningServer) -> None:
    """The handshake fails, and the journal says so; anybody can send such a name."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    client = context.wrap_bio(incoming, outgoing, server_hostname="server.example")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = outgoing.read().replace(b"server.example", b"server.\xff\xfe.ample")
    with socket.create_connection(("127.0.0.1", server.port("imaps"))) as sock:
        sock.sendall(hello)
        while sock.recv(4096):
            pass
    assert server.stop() == 0
    assert server.stderr_file.read_text() == ""
    [connection] = server.connections()
    assert connection.reason is not None
    assert connection.reason.startswith("tls-handshake-failed")
