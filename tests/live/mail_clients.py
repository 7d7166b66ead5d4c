"""Python's own mail clients, logging in over every way in."""

import base64
import http.client
import imaplib
import poplib
import smtplib
from collections.abc import Callable

import msgspec

from mailauth.testing import RunningServer

HOST = "localhost"


class Refused(Exception):
    """The server has refused the login."""


class Way(msgspec.Struct, frozen=True):
    """A way to log in: a listener, whether STARTTLS is used, and what the line must say."""

    listener: str
    starttls: bool
    protocol: str
    secure: bool
    log_in: Callable[[RunningServer, "Way", str, str], None]

    def __str__(self) -> str:
        return f"{self.listener}{'+starttls' if self.starttls else ''}"


def imap(server: RunningServer, way: Way, name: str, password: str) -> None:
    """imaplib."""
    port = server.port(way.listener)
    client: imaplib.IMAP4
    if way.listener == "imaps":
        client = imaplib.IMAP4_SSL(HOST, port, ssl_context=server.trusting())
    else:
        client = imaplib.IMAP4(HOST, port)
    with client:
        if way.starttls:
            client.starttls(server.trusting())
        try:
            client.login(name, password)
        except imaplib.IMAP4.error as error:
            raise Refused from error


def pop3(server: RunningServer, way: Way, name: str, password: str) -> None:
    """poplib."""
    port = server.port(way.listener)
    client: poplib.POP3
    if way.listener == "pop3s":
        client = poplib.POP3_SSL(HOST, port, context=server.trusting())
    else:
        client = poplib.POP3(HOST, port)
    try:
        if way.starttls:
            client.stls(server.trusting())
        client.user(name)
        client.pass_(password)
    except poplib.error_proto as error:
        raise Refused from error
    finally:
        client.quit()


def smtp(server: RunningServer, way: Way, name: str, password: str) -> None:
    """smtplib."""
    port = server.port(way.listener)
    client: smtplib.SMTP
    if way.listener == "smtps":
        client = smtplib.SMTP_SSL(HOST, port, context=server.trusting())
    else:
        client = smtplib.SMTP(HOST, port)
    with client:
        if way.starttls:
            client.starttls(context=server.trusting())
        client.ehlo()
        client.user, client.password = name, password
        try:  # by one mechanism; `login` goes on with others when it is refused
            client.auth("PLAIN", client.auth_plain)
        except smtplib.SMTPAuthenticationError as error:
            raise Refused from error


def basic(server: RunningServer, way: Way, name: str, password: str) -> None:
    """http.client, with HTTP Basic."""
    port = server.port(way.listener)
    client: http.client.HTTPConnection
    if way.listener == "https":
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


WAYS = [
    Way("smtp", False, "SMTP", False, smtp),
    Way("smtp", True, "SMTP", True, smtp),
    Way("submission", False, "SMTP", False, smtp),
    Way("submission", True, "SMTP", True, smtp),
    Way("smtps", False, "SMTP", True, smtp),
    Way("imap", False, "IMAP", False, imap),
    Way("imap", True, "IMAP", True, imap),
    Way("imaps", False, "IMAP", True, imap),
    Way("pop3", False, "POP3", False, pop3),
    Way("pop3", True, "POP3", True, pop3),
    Way("pop3s", False, "POP3", True, pop3),
    Way("http", False, "HTTP", False, basic),
    Way("https", False, "HTTP", True, basic),
]
