"""Python's own clients on every listener, plain, after STARTTLS and over TLS: a true line each."""

import base64
import http.client
import imaplib
import poplib
import smtplib
import socket
import ssl
from collections.abc import Callable

import pytest

from mailauth.testing import RunningServer

BOB = "bob@mydomain.com"
FAILURES = (
    imaplib.IMAP4.error,
    poplib.error_proto,
    smtplib.SMTPAuthenticationError,
    PermissionError,
)
LogIn = Callable[[RunningServer, ssl.SSLContext, str], None]


def imap(name: str, *, starttls: bool = False) -> LogIn:
    """Log in by imaplib."""

    def log_in(server: RunningServer, context: ssl.SSLContext, password: str) -> None:
        port = server.port(name)
        if name == "imaps":
            client: imaplib.IMAP4 = imaplib.IMAP4_SSL("localhost", port, ssl_context=context)
        else:
            client = imaplib.IMAP4("localhost", port)
        with client:
            if starttls:
                client.starttls(context)
            client.login(BOB, password)

    return log_in


def pop3(name: str, *, stls: bool = False) -> LogIn:
    """Log in by poplib."""

    def log_in(server: RunningServer, context: ssl.SSLContext, password: str) -> None:
        port = server.port(name)
        if name == "pop3s":
            client: poplib.POP3 = poplib.POP3_SSL("localhost", port, context=context)
        else:
            client = poplib.POP3("localhost", port)
        if stls:
            client.stls(context)
        try:
            client.user(BOB)
            client.pass_(password)
        finally:
            client.quit()

    return log_in


def smtp(name: str, *, starttls: bool = False) -> LogIn:
    """Log in by smtplib."""

    def log_in(server: RunningServer, context: ssl.SSLContext, password: str) -> None:
        port = server.port(name)
        if name == "smtps":
            client: smtplib.SMTP = smtplib.SMTP_SSL("localhost", port, context=context)
        else:
            client = smtplib.SMTP("localhost", port)
        with client:
            if starttls:
                client.starttls(context=context)
            client.login(BOB, password)

    return log_in


def web(name: str) -> LogIn:
    """Log in by http.client, HTTP Basic."""

    def log_in(server: RunningServer, context: ssl.SSLContext, password: str) -> None:
        port = server.port(name)
        if name == "https":
            client: http.client.HTTPConnection = http.client.HTTPSConnection(
                "localhost", port, context=context
            )
        else:
            client = http.client.HTTPConnection("localhost", port)
        credentials = base64.b64encode(f"{BOB}:{password}".encode()).decode()
        client.request("GET", "/api/v1/me", headers={"Authorization": f"Basic {credentials}"})
        response = client.getresponse()
        response.read()
        client.close()
        if response.status == 401:
            raise PermissionError
        assert response.status == 200

    return log_in


WAYS: list[tuple[LogIn, str, str, str]] = [
    (imap("imap"), "IMAP", "UNSECURE", "cleartext"),
    (imap("imap", starttls=True), "IMAP", "SECURE", "starttls"),
    (imap("imaps"), "IMAP", "SECURE", "implicit"),
    (pop3("pop3"), "POP3", "UNSECURE", "cleartext"),
    (pop3("pop3", stls=True), "POP3", "SECURE", "starttls"),
    (pop3("pop3s"), "POP3", "SECURE", "implicit"),
    (smtp("smtp"), "SMTP", "UNSECURE", "cleartext"),
    (smtp("submission", starttls=True), "SMTP", "SECURE", "starttls"),
    (smtp("smtps"), "SMTP", "SECURE", "implicit"),
    (web("http"), "HTTP", "UNSECURE", "cleartext"),
    (web("https"), "HTTP", "SECURE", "implicit"),
]


@pytest.fixture
def trusting(server: RunningServer) -> ssl.SSLContext:
    """A client's context that trusts the test CA and checks the name."""
    assert server.ready.ca is not None
    return ssl.create_default_context(cafile=str(server.home / server.ready.ca))


def test_every_way_in_leaves_its_line(server: RunningServer, trusting: ssl.SSLContext) -> None:
    """Service, verdict, account, address and origin are right; refused logins leave no line."""
    log = server.home / server.ready.logs.successful
    for number, (log_in, service, verdict, security) in enumerate(WAYS, 1):
        with pytest.raises(FAILURES):
            log_in(server, trusting, "wrong")
        log_in(server, trusting, "secret")
        lines = log.read_text().splitlines()
        assert len(lines) == number
        assert lines[-1][23:] == f" - [{service}] {{{verdict}}} - {BOB} - 127.0.0.1 (LAN)"
        event = server.events()[-1]
        assert event.security is not None
        assert event.security.value == security
        assert event.secure is (verdict == "SECURE")


INJECTIONS = [
    ("imap", b"a STARTTLS\r\n", b"a OK", b"b LOGIN bob@mydomain.com secret\r\n"),
    ("pop3", b"STLS\r\n", b"+OK", b"USER bob@mydomain.com\r\nPASS secret\r\n"),
    ("smtp", b"STARTTLS\r\n", b"220", b"AUTH PLAIN AGJvYkBteWRvbWFpbi5jb20Ac2VjcmV0\r\n"),
]


@pytest.mark.parametrize(("name", "starttls", "go_ahead", "injected"), INJECTIONS)
@pytest.mark.parametrize("how", ["same segment", "later segment", "partial command"])
def test_what_is_pipelined_behind_starttls_is_never_executed(
    server: RunningServer,
    name: str,
    starttls: bytes,
    go_ahead: bytes,
    injected: bytes,
    how: str,
) -> None:
    """CVE-2011-0411: the connection is dropped, and the journal says why."""
    with socket.create_connection(("127.0.0.1", server.port(name)), 10) as client:
        stream = client.makefile("rb")
        stream.readline()
        if name == "smtp":
            client.sendall(b"EHLO client.localhost\r\n")
            while not stream.readline().startswith(b"250 "):
                pass
        if how == "later segment":
            client.sendall(starttls)
            assert stream.readline().startswith(go_ahead)
            client.sendall(injected)
        else:
            client.sendall(starttls + (injected if how == "same segment" else injected[:7]))
        rest = stream.read()
    assert b"OK" not in rest
    assert b"235" not in rest
    [event] = server.events()
    assert event.kind.value == "connection"
    assert event.reason is not None
    assert event.reason.startswith("pipelined-behind-starttls (")
    assert (server.home / server.ready.logs.successful).read_bytes() == b""
