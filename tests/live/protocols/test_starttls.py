"""STARTTLS and STLS on the wire: nothing sent in the clear behind them is ever executed."""

import socket

import msgspec
import pytest

from mailauth.login.event import Kind
from mailauth.testing import RunningServer
from tests.live.support.watching import Watched


class Injection(msgspec.Struct, frozen=True):
    """What a listener is told, how it agrees, and what is smuggled in."""

    listener: str
    greetings: bytes
    starttls: bytes
    agreed: bytes
    login: bytes


INJECTIONS = [
    Injection("imap", b"", b"a STARTTLS\r\n", b"a OK", b"b LOGIN mary@mydomain.com secret\r\n"),
    Injection("pop3", b"", b"STLS\r\n", b"+OK", b"USER mary@mydomain.com\r\nPASS secret\r\n"),
    Injection(
        "smtp",
        b"EHLO client.example\r\n",
        b"STARTTLS\r\n",
        b"220",
        b"AUTH PLAIN AG1hcnlAbXlkb21haW4uY29tAHNlY3JldA==\r\n",
    ),
    Injection(
        "submission",
        b"EHLO client.example\r\n",
        b"STARTTLS\r\n",
        b"220",
        b"AUTH PLAIN AG1hcnlAbXlkb21haW4uY29tAHNlY3JldA==\r\n",
    ),
]


def connect(server: RunningServer, injection: Injection) -> tuple[socket.socket, bytes]:
    client = socket.create_connection(("127.0.0.1", server.port(injection.listener)), 10)
    stream = client.makefile("rb", buffering=0)
    greeting = stream.readline()
    if injection.greetings:
        client.sendall(injection.greetings)
        while not stream.readline().startswith(b"250 "):
            pass
    return client, greeting


def everything(client: socket.socket) -> bytes:
    """Read until the server has closed."""
    said = b""
    try:
        while data := client.recv(65536):
            said += data
    except ConnectionResetError:
        pass
    return said


@pytest.mark.parametrize("injection", INJECTIONS, ids=lambda each: each.listener)
@pytest.mark.parametrize("octets", [1, 7, None])
def test_behind_it_in_the_same_segment(
    demo: Watched, injection: Injection, octets: int | None
) -> None:
    """RFC 3207 §4.2, RFC 2595 §2.1: a whole command, a part of one, a single octet."""
    smuggled = injection.login[:octets]
    client, _ = connect(demo.server, injection)
    with client:
        client.sendall(injection.starttls + smuggled)
        said = everything(client)
    assert injection.agreed not in said
    (event,) = demo.events()
    assert event.kind is Kind.CONNECTION
    assert event.reason == f"pipelined-behind-starttls ({len(smuggled)} bytes)"
    assert demo.logins() == []


@pytest.mark.parametrize("injection", INJECTIONS, ids=lambda each: each.listener)
@pytest.mark.parametrize("octets", [1, 7, None])
def test_behind_it_in_a_later_segment(
    demo: Watched, injection: Injection, octets: int | None
) -> None:
    """In place of a ClientHello, after the server has agreed."""
    smuggled = injection.login[:octets]
    client, _ = connect(demo.server, injection)
    with client:
        client.sendall(injection.starttls)
        assert client.recv(65536).startswith(injection.agreed)
        client.sendall(smuggled)
        assert everything(client) == b""
    (event,) = demo.events()
    assert event.kind is Kind.CONNECTION
    assert event.reason == f"cleartext-in-handshake ({len(smuggled)} bytes)"
    assert demo.logins() == []


@pytest.mark.parametrize("injection", INJECTIONS, ids=lambda each: each.listener)
def test_a_first_half_in_the_clear_and_a_second_inside_tls(
    demo: Watched, injection: Injection
) -> None:
    """The half in the clear ends the connection; there is no TLS for the other half."""
    client, _ = connect(demo.server, injection)
    with client:
        client.sendall(injection.starttls + injection.login[:7])
        with pytest.raises(OSError):
            demo.server.trusting().wrap_socket(client, server_hostname="localhost")
    assert [event.kind for event in demo.events()] == [Kind.CONNECTION]
    assert demo.logins() == []


@pytest.mark.parametrize("injection", INJECTIONS, ids=lambda each: each.listener)
def test_a_login_inside_tls_is_executed(demo: Watched, injection: Injection) -> None:
    """What the others must not do is done here, so that they could fail."""
    client, _ = connect(demo.server, injection)
    with client:
        client.sendall(injection.starttls)
        assert client.recv(65536).startswith(injection.agreed)
        with demo.server.trusting().wrap_socket(client, server_hostname="localhost") as tls:
            if injection.greetings:
                tls.sendall(injection.greetings)
                while b"250 " not in tls.recv(65536):
                    pass
            tls.sendall(injection.login)
            while not demo.logins():
                assert tls.recv(65536)
    assert [line.secure for line in demo.logins()] == [True]
