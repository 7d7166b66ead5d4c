"""Python's own mail clients, made to log in by any mechanism, and to tell the server's reply."""

import base64
import contextlib
import http.client
import imaplib
import poplib
import re
import smtplib
import socket
import urllib.parse
from collections.abc import Callable

import msgspec

from mailauth.login.event import Service
from mailauth.testing import RunningServer
from tests.live.support.sasl_clients import ROWS, Credentials, Row, certificate_of, encoded
from tests.live.support.ways import Way

CANCEL = object()  # in the place of a response


class Then(msgspec.Struct, frozen=True):
    """The first response as it should be, and then this."""

    response: bytes


class Attempt(msgspec.Struct, frozen=True):
    """One login: by which mechanism, as whom, from where; `instead` of the right responses."""

    mechanism: str
    credentials: Credentials
    source: str = "127.0.0.1"
    instead: object | None = None  # CANCEL, bytes, or Then
    sent: list[bytes] = []  # every response that was sent is added to it


def connect(server: RunningServer, way: Way, source: str) -> socket.socket:
    """Connect from an address of this machine."""
    connection = socket.create_connection(
        ("127.0.0.1", server.port(way.listener)), 20, source_address=(source, 0)
    )
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # imaplib writes in pieces
    if way.implicit:
        connection = server.trusting().wrap_socket(connection, server_hostname="localhost")
    return connection


def respond(attempt: Attempt, row: Row, connection: object) -> Callable[[bytes], object]:
    """What the client says to each challenge."""
    if attempt.instead is not None and not isinstance(attempt.instead, Then):
        return lambda _: attempt.instead
    certificate = certificate_of(connection)
    client = row.client(msgspec.structs.replace(attempt.credentials, certificate=certificate))

    def respond(challenge: bytes) -> bytes:
        if attempt.sent and isinstance(attempt.instead, Then):
            return attempt.instead.response
        attempt.sent.append(client(challenge))
        return attempt.sent[-1]

    return respond


class _Imap(imaplib.IMAP4):
    def __init__(self, connection: socket.socket) -> None:
        self._given = connection
        super().__init__("localhost")

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._given


def imap(server: RunningServer, way: Way, attempt: Attempt) -> str:
    """imaplib."""
    with _Imap(connect(server, way, attempt.source)) as client:
        if way.starttls:
            client.starttls(server.trusting())
        try:
            if attempt.mechanism == "IMAP-LOGIN" and attempt.instead is not None:
                client._simple_command("LOGIN", attempt.credentials.name)
            elif attempt.mechanism == "IMAP-LOGIN":
                client.login(attempt.credentials.name, attempt.credentials.password)
            else:
                answers = respond(attempt, ROWS[attempt.mechanism], client.sock)

                def answer(challenge: bytes) -> bytes | None:
                    response = answers(challenge)
                    return response if isinstance(response, bytes) else None

                client.authenticate(attempt.mechanism, answer)
        except imaplib.IMAP4.error as error:
            said = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
            return "BAD" if "command error: BAD" in said else f"NO {said}"
        return "OK"


class _Pop3(poplib.POP3):
    _shortcmd: Callable[[str], bytes]

    def __init__(self, connection: socket.socket) -> None:
        self._given = connection
        super().__init__("localhost")

    def _create_socket(self, timeout: float) -> socket.socket:
        return self._given


def pop3(server: RunningServer, way: Way, attempt: Attempt) -> str:
    """poplib."""
    client = _Pop3(connect(server, way, attempt.source))
    name, password = attempt.credentials.name, attempt.credentials.password
    try:
        if way.starttls:
            client.stls(server.trusting())
        match attempt.mechanism:
            case "USER-PASS":
                client.user(name)
                said = client.pass_(password if attempt.instead is None else "")
            case "APOP" if attempt.instead is None:
                said = client.apop(name, password)
            case "APOP":
                said = client._shortcmd(f"APOP {name}")
            case _:
                said = _pop3_auth(client, attempt)
    except poplib.error_proto as error:
        said = error.args[0] if isinstance(error.args[0], bytes) else str(error).encode()
    with contextlib.suppress(poplib.error_proto):
        client.quit()
    return said.decode()


def _pop3_auth(client: _Pop3, attempt: Attempt) -> bytes:
    """RFC 5034."""
    answers = respond(attempt, ROWS[attempt.mechanism], client.sock)
    said = client._shortcmd(f"AUTH {attempt.mechanism}")
    while said.startswith(b"+ "):
        response = answers(base64.b64decode(said[2:]))
        said = client._shortcmd(encoded(response) if isinstance(response, bytes) else "*")
    return said


class _Smtp(smtplib.SMTP):
    def __init__(self, connection: socket.socket) -> None:
        self._given = connection
        super().__init__("localhost", local_hostname="client.example")

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._given


def smtp(server: RunningServer, way: Way, attempt: Attempt) -> str:
    """smtplib."""
    with _Smtp(connect(server, way, attempt.source)) as client:
        if way.starttls:
            client.starttls(context=server.trusting())
        client.ehlo()
        if attempt.instead is CANCEL:
            code, text = client.docmd("AUTH", attempt.mechanism)
            if code == 334:
                code, text = client.docmd("*")
            return f"{code} {text.decode()}"
        answers = respond(attempt, ROWS[attempt.mechanism], client.sock)

        def answer(challenge: bytes | None = None) -> str:
            response = answers(challenge or b"")
            assert isinstance(response, bytes)
            return response.decode()

        try:
            code, text = client.auth(attempt.mechanism, answer, initial_response_ok=False)
        except smtplib.SMTPAuthenticationError as error:
            code, said = error.smtp_code, error.smtp_error
            text = said if isinstance(said, bytes) else said.encode()
        return f"{code} {text.decode()}"


def web(server: RunningServer, way: Way, attempt: Attempt) -> str:
    """http.client."""
    client = http.client.HTTPConnection("localhost")
    client.sock = connect(server, way, attempt.source)
    try:
        if attempt.mechanism == "HTTP-FORM":
            return str(_form(client, attempt))
        name, password = attempt.credentials.name, attempt.credentials.password
        pair = base64.b64encode(f"{name}:{password}".encode()).decode()
        if attempt.mechanism == "HTTP-BASIC":
            authorization = f"Basic {pair if attempt.instead is None else '!'}"
        else:
            token = attempt.credentials.token if attempt.instead is None else "!"
            authorization = f"Bearer {token}"
        client.request("GET", "/api/v1/me", headers={"Authorization": authorization})
        return str(client.getresponse().status)
    finally:
        client.close()


def _form(client: http.client.HTTPConnection, attempt: Attempt) -> int:
    client.request("GET", "/sign-in")
    page = client.getresponse()
    cookies = [value.partition(";")[0] for value in page.msg.get_all("Set-Cookie", [])]
    hidden = re.findall(
        r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page.read().decode()
    )
    fields = dict(hidden) if attempt.instead is None else {}
    fields["username"] = attempt.credentials.name
    fields["password"] = attempt.credentials.password if attempt.instead is None else "x"
    headers = {
        "Cookie": "; ".join(cookies),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    client.request("POST", "/sign-in", urllib.parse.urlencode(fields), headers)
    return client.getresponse().status


LOG_IN = {Service.IMAP: imap, Service.POP3: pop3, Service.SMTP: smtp, Service.HTTP: web}
