"""Clients that come to the wrong kind of port, or whose handshake fails: closed, and recorded."""

import contextlib
import socket
import ssl
import warnings

import pytest

from mailauth.login.event import Kind, LoginEvent
from tests.live.support.lines import Lines
from tests.live.support.raw_clients import BARE, STARTTLS, Bare, begin, start_tls
from tests.live.support.watching import Watched

IMPLICIT = [bare for bare in BARE if bare.implicit]
CLEARTEXT = [bare for bare in BARE if not bare.implicit]


def connect(demo: Watched, bare: Bare) -> socket.socket:
    return socket.create_connection(("127.0.0.1", demo.port(bare.listener)), 20)


def the_connection(demo: Watched) -> LoginEvent:
    (event,) = demo.events()
    assert event.kind is Kind.CONNECTION
    assert event.ip == "127.0.0.1"
    assert event.result is None
    assert event.exposed is None
    return event


@pytest.mark.parametrize("bare", IMPLICIT, ids=str)
def test_a_cleartext_client_on_a_tls_port(demo: Watched, bare: Bare) -> None:
    """Its password, if it sends one at once, is not looked at."""
    with connect(demo, bare) as connection:
        connection.sendall(b"a LOGIN mary@mydomain.com secret\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(100) == b""
    assert the_connection(demo).reason == "cleartext-on-tls-port"


@pytest.mark.parametrize("bare", CLEARTEXT, ids=str)
def test_a_tls_client_on_a_cleartext_port(demo: Watched, bare: Bare) -> None:
    with (
        connect(demo, bare) as connection,
        pytest.raises(OSError),
    ):
        demo.server.trusting().wrap_socket(connection, server_hostname="localhost")
    demo.server.settled()
    assert the_connection(demo).reason == "tls-on-cleartext-port"


@pytest.mark.parametrize("bare", IMPLICIT, ids=str)
def test_a_client_that_refuses_the_certificate(demo: Watched, bare: Bare) -> None:
    """That a client was careful can be read in the journal."""
    with (
        connect(demo, bare) as connection,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(connection, server_hostname="localhost")
    connection.close()
    demo.server.settled()
    event = the_connection(demo)
    assert event.reason == "tls-handshake-failed: tlsv1 alert unknown ca"
    assert event.secure is False


@pytest.mark.parametrize("bare", STARTTLS, ids=str)
def test_a_client_that_refuses_the_certificate_after_starttls(demo: Watched, bare: Bare) -> None:
    with connect(demo, bare) as connection:
        client = begin(connection, bare, demo.server.trusting())
        with pytest.raises(ssl.SSLCertVerificationError):
            start_tls(client, bare, ssl.create_default_context())
    demo.server.settled()
    assert the_connection(demo).reason == "tls-handshake-failed: tlsv1 alert unknown ca"


@pytest.mark.parametrize("bare", IMPLICIT, ids=str)
def test_a_client_of_yesterday(demo: Watched, bare: Bare) -> None:
    """A version below the lowest configured one."""
    old = demo.server.trusting()
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with connect(demo, bare) as connection, pytest.raises(ssl.SSLError):
        old.wrap_socket(connection, server_hostname="localhost")
    assert the_connection(demo).reason == "tls-handshake-failed: unsupported protocol"


@pytest.mark.parametrize("bare", BARE, ids=str)
def test_a_client_that_only_looks(demo: Watched, bare: Bare) -> None:
    """Of mail it is recorded; of HTTP it is not, as DESIGN 2.2 says."""
    with connect(demo, bare) as connection:
        client = begin(connection, bare, demo.server.trusting())
        client.close()
    demo.server.settled()
    if bare.protocol == "HTTP":
        assert demo.events() == []
    else:
        assert the_connection(demo).reason == "no-attempt"


@pytest.mark.parametrize(
    ("listener", "lines", "reason"),
    [
        ("imap", ["a CAPABILITY", "b LOGOUT"], "no-attempt (CAPABILITY, LOGOUT)"),
        ("pop3", ["CAPA", "NONSENSE", "QUIT"], "no-attempt (CAPA, QUIT)"),
        ("smtp", ["EHLO client", "NOOP", "QUIT"], "no-attempt (EHLO, NOOP, QUIT)"),
    ],
)
def test_who_only_looks_around_is_recorded_with_what_he_did(
    demo: Watched, listener: str, lines: list[str], reason: str
) -> None:
    with Lines(demo.port(listener), listener) as client:
        client.read(1)
        for line in lines:
            client.ask(line)
    demo.server.settled()
    assert the_connection(demo).reason == reason
