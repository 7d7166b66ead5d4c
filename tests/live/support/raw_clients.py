"""Clients as bare as telnet: they log in over a socket that somebody else has connected."""

import base64
import socket
import ssl
from collections.abc import Callable

import msgspec

NAME = b"mary@mydomain.com"


class Dialogue:
    """Lines on a socket."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        connection.settimeout(20)
        # Otherwise a line after a handshake waits 40 ms for an acknowledgement.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self._replies = connection.makefile("rb")

    def say(self, line: bytes) -> None:
        """Send a line."""
        self.socket.sendall(line + b"\r\n")

    def hear(self, *starts: bytes) -> bytes:
        """Read lines up to one that begins like this; raises `EOFError` at the end."""
        while True:
            line = self._replies.readline()
            if not line:
                raise EOFError
            if line.startswith(starts):
                return line

    def take(self, octets: int) -> bytes:
        """Read so many octets; raises `EOFError` at the end."""
        read = self._replies.read(octets)
        if len(read) < octets:
            raise EOFError
        return read

    def close(self) -> None:
        """Close at our side."""
        self._replies.close()
        self.socket.close()

    def rest(self) -> bytes:
        """Read until the server closes."""
        said = b""
        try:
            while line := self._replies.read1(65536):
                said += line
        except ConnectionResetError:
            pass
        return said


def imap(client: Dialogue, password: bytes) -> bool:
    """LOGIN."""
    client.say(b"a LOGIN %b %b" % (NAME, password))
    return client.hear(b"a ").startswith(b"a OK")


def pop3(client: Dialogue, password: bytes) -> bool:
    """USER and PASS."""
    client.say(b"USER " + NAME)
    client.hear(b"+OK")
    client.say(b"PASS " + password)
    return client.hear(b"+OK", b"-ERR").startswith(b"+OK")


def smtp(client: Dialogue, password: bytes) -> bool:
    """EHLO and AUTH PLAIN."""
    client.say(b"EHLO client.example")
    client.hear(b"250 ")
    client.say(b"AUTH PLAIN " + base64.b64encode(b"\0%b\0%b" % (NAME, password)))
    return client.hear(b"2", b"5", b"4").startswith(b"235")


def http(client: Dialogue, password: bytes) -> bool:
    """GET with Basic."""
    credentials = base64.b64encode(NAME + b":" + password)
    client.say(
        b"GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic %b\r\n" % credentials
    )
    return client.hear(b"HTTP/1.1 ").startswith(b"HTTP/1.1 200")


class Bare(msgspec.Struct, frozen=True):
    """How to log in to a listener."""

    listener: str
    protocol: str
    implicit: bool
    greeting: bytes | None
    log_in: Callable[[Dialogue, bytes], bool]
    before_starttls: bytes | None = None
    starttls: bytes | None = None
    agreed: bytes = b""

    def __str__(self) -> str:
        return self.listener


def _smtp(listener: str, *, implicit: bool) -> Bare:
    if implicit:
        return Bare(listener, "SMTP", True, b"220", smtp)
    return Bare(listener, "SMTP", False, b"220", smtp, b"EHLO client.example", b"STARTTLS", b"220")


BARE = [
    _smtp("smtp", implicit=False),
    _smtp("submission", implicit=False),
    _smtp("smtps", implicit=True),
    Bare("imap", "IMAP", False, b"* OK", imap, None, b"a STARTTLS", b"a OK"),
    Bare("imaps", "IMAP", True, b"* OK", imap),
    Bare("pop3", "POP3", False, b"+OK", pop3, None, b"STLS", b"+OK"),
    Bare("pop3s", "POP3", True, b"+OK", pop3),
    Bare("http", "HTTP", False, None, http),
    Bare("https", "HTTP", True, None, http),
]
STARTTLS = [bare for bare in BARE if bare.starttls is not None]


def begin(connection: socket.socket, bare: Bare, context: ssl.SSLContext) -> Dialogue:
    """Do the implicit handshake if there is one, and hear the greeting."""
    if bare.implicit:
        connection = context.wrap_socket(connection, server_hostname="localhost")
    client = Dialogue(connection)
    if bare.greeting is not None:
        client.hear(bare.greeting)
    return client


def start_tls(client: Dialogue, bare: Bare, context: ssl.SSLContext) -> Dialogue:
    """Begin TLS on a cleartext connection that has been greeted."""
    assert bare.starttls is not None
    if bare.before_starttls is not None:
        client.say(bare.before_starttls)
        client.hear(b"250 ")
    client.say(bare.starttls)
    client.hear(bare.agreed)
    return Dialogue(context.wrap_socket(client.socket, server_hostname="localhost"))
