"""What the probe would not do to a password, and what servers cannot do to the probe."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from mailauth.config import ListenerConfig
from mailauth.kit.probe.probing import Account, ProbedService, is_loopback, probe

ACCOUNT = Account("bob", "secret", anywhere=False)
LINES = b"* OK hi\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=GSSAPI\r\na1 OK\r\n"


def served(say: Callable[[socket.socket], None], account: Account | None = None) -> ProbedService:
    """Probe a server that says what it likes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection, suppress(ConnectionError):
                    say(connection)

        threading.Thread(target=accept, daemon=True).start()
        place = ListenerConfig(name="x", protocol="imap", port=listening.getsockname()[1])
        [service] = probe("127.0.0.1", [place], lambda: None, account, timeout=2)  # type: ignore[arg-type,return-value]
        listening.shutdown(socket.SHUT_RDWR)
    return service


def test_a_password_is_not_sent_in_the_clear_unless_it_may_be_anywhere() -> None:
    heard = []

    def say(connection: socket.socket) -> None:
        connection.sendall(LINES)
        while data := connection.recv(1000):
            heard.append(data)

    [way] = served(say, ACCOUNT).ways
    assert [attempt.said for attempt in way.attempts] == [
        "not tried: the password would not be protected",
        "the probe does not support it",
        "not tried: the password would not be protected",
    ]
    assert not any(b"AUTHENTICATE" in data or b"secret" in data for data in heard)
    assert "secret" not in repr(ACCOUNT)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"\xff\xfe\x00\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"* OK\r\n" + b"* X\r\n" * 5000,
    ],
)
def test_nonsense_is_trouble_and_no_more(nonsense: bytes) -> None:
    def say(connection: socket.socket) -> None:
        connection.sendall(nonsense)

    [way] = served(say).ways
    assert way.trouble


def test_this_machine_is_known_by_its_addresses() -> None:
    assert all(is_loopback(host) for host in ("localhost", "127.0.0.1", "127.8.9.1", "::1"))
    assert not any(is_loopback(host) for host in ("localhost.example.org", "10.0.0.1", "mail"))
