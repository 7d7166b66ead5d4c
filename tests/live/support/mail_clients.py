"""Python's own mail clients, by every way in."""

import base64
import contextlib
import http.client
import imaplib
import poplib
import smtplib
from collections.abc import Callable, Iterator

from mailauth.login.event import Service
from mailauth.testing import RunningServer
from tests.live.support.ways import HOST, Way


class Refused(Exception):
    """The server has refused the login."""


@contextlib.contextmanager
def imap_client(server: RunningServer, way: Way) -> Iterator[imaplib.IMAP4]:
    """imaplib, connected."""
    port = server.port(way.listener)
    client: imaplib.IMAP4
    if way.implicit:
        client = imaplib.IMAP4_SSL(HOST, port, ssl_context=server.trusting())
    else:
        client = imaplib.IMAP4(HOST, port)
    with client:
        if way.starttls:
            client.starttls(server.trusting())
        yield client


@contextlib.contextmanager
def pop3_client(server: RunningServer, way: Way) -> Iterator[poplib.POP3]:
    """poplib, connected."""
    port = server.port(way.listener)
    client: poplib.POP3
    if way.implicit:
        client = poplib.POP3_SSL(HOST, port, context=server.trusting())
    else:
        client = poplib.POP3(HOST, port)
    try:
        if way.starttls:
            client.stls(server.trusting())
        yield client
    finally:
        client.quit()


@contextlib.contextmanager
def smtp_client(server: RunningServer, way: Way) -> Iterator[smtplib.SMTP]:
    """smtplib, connected."""
    port = server.port(way.listener)
    client: smtplib.SMTP
    if way.implicit:
        client = smtplib.SMTP_SSL(HOST, port, context=server.trusting())
    else:
        client = smtplib.SMTP(HOST, port)
    with client:
        if way.starttls:
            client.starttls(context=server.trusting())
        yield client


def _imap(server: RunningServer, way: Way, name: str, password: str) -> None:
    with imap_client(server, way) as client:
        try:
            client.login(name, password)
        except imaplib.IMAP4.error as error:
            raise Refused from error


def _pop3(server: RunningServer, way: Way, name: str, password: str) -> None:
    with pop3_client(server, way) as client:
        try:
            client.user(name)
            client.pass_(password)
        except poplib.error_proto as error:
            raise Refused from error


def _smtp(server: RunningServer, way: Way, name: str, password: str) -> None:
    with smtp_client(server, way) as client:
        client.ehlo()
        client.user, client.password = name, password
        try:  # by one mechanism; `login` goes on with others when it is refused
            client.auth("PLAIN", client.auth_plain)
        except smtplib.SMTPAuthenticationError as error:
            raise Refused from error


def _basic(server: RunningServer, way: Way, name: str, password: str) -> None:
    """http.client, with HTTP Basic."""
    port = server.port(way.listener)
    client: http.client.HTTPConnection
    if way.implicit:
        client = http.client.HTTPSConnection(HOST, port, context=server.trusting())
    else:
        client = http.client.HTTPConnection(HOST, port)
    credentials = base64.b64encode(f"{name}:{password}".encode()).decode()
    client.request("GET", "/api/v1/me", headers={"Authorization": f"Basic {credentials}"})
    status = client.getresponse().status
    client.close()
    if status != 200:
        assert status == 401
        raise Refused


_LOG_IN: dict[Service, Callable[[RunningServer, Way, str, str], None]] = {
    Service.IMAP: _imap,
    Service.POP3: _pop3,
    Service.SMTP: _smtp,
    Service.HTTP: _basic,
}


def log_in(server: RunningServer, way: Way, name: str, password: str) -> None:
    """Log in and leave. Raises `Refused`."""
    _LOG_IN[way.protocol](server, way, name, password)
