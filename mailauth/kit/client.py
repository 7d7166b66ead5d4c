"""A client that logs in once, to any service and by any TLS mode, from an address of your choice.

The address is sent in a PROXY header, so that a scenario on loopback can have clients everywhere.
The client blocks, so run it in a thread.
"""

import base64
import socket
import ssl
from collections.abc import Callable

import msgspec

from mailauth.config import ServiceName, TlsMode
from mailauth.kit.dialogue import Dialogue, ServerClosed

TIMEOUT = 30.0  # seconds for a connection, and for each reply


class LoginFailed(Exception):
    """The server's reply was not the expected one; the message is that reply."""


class Target(msgspec.Struct, frozen=True):
    """Where and how to log in. `source` is the address in the PROXY header, if there is one."""

    protocol: ServiceName
    host: str
    port: int
    tls: TlsMode
    context: ssl.SSLContext
    source: str | None = None


def log_in(target: Target, user: str, password: str, client_name: str | None = None) -> None:
    """Log in and log out. Raises `LoginFailed`, or `OSError` and `ssl.SSLError` of the network."""
    with socket.create_connection((target.host, target.port), TIMEOUT) as connection:
        if target.source is not None:
            connection.sendall(proxy_header(target.source, connection))
        dialogue = _Dialogue(target, connection)
        if target.tls is TlsMode.IMPLICIT:
            dialogue.secure()
        try:
            _LOGINS[target.protocol](dialogue, user, password, client_name)
        finally:
            dialogue.close()


def proxy_header(source: str, connection: socket.socket) -> bytes:
    """Write a PROXY header of version 1 for a client at `source`, port 40000."""
    family = "TCP6" if ":" in source else "TCP4"
    here = "::1" if family == "TCP6" else "127.0.0.1"
    port = connection.getpeername()[1]
    return f"PROXY {family} {source} {here} 40000 {port}\r\n".encode("ascii")


class _Dialogue(Dialogue):
    """A dialogue in which the client expects one kind of reply."""

    def __init__(self, target: Target, connection: socket.socket) -> None:
        super().__init__(connection, TIMEOUT)
        self.target = target

    def secure(self) -> None:
        """Do the handshake."""
        self.start_tls(self.target.context, "localhost")

    def expect(self, prefix: str, *, goes_on: Callable[[str], bool] = lambda line: False) -> str:
        """Read all lines of a reply, and return the last one, which must have the prefix."""
        try:
            while goes_on(line := self.line()):
                pass
        except ServerClosed as error:
            raise LoginFailed(str(error)) from None
        if not line.startswith(prefix):
            raise LoginFailed(line)
        return line


def _imap(dialogue: _Dialogue, user: str, password: str, client_name: str | None) -> None:
    def tagged(command: str) -> str:
        dialogue.send(f"a {command}")
        return dialogue.expect("a OK", goes_on=lambda line: line.startswith("* "))

    dialogue.expect("* OK")
    if dialogue.target.tls is TlsMode.STARTTLS:
        tagged("STARTTLS")
        dialogue.secure()
    if client_name is not None:
        tagged(f'ID ("name" {_quoted(client_name)})')
    for name in (user, password):
        if not name.isascii() or not name.isprintable():
            raise LoginFailed("IMAP LOGIN needs names and passwords in printable ASCII")
    tagged(f"LOGIN {_quoted(user)} {_quoted(password)}")
    dialogue.send("b LOGOUT")


def _pop3(dialogue: _Dialogue, user: str, password: str, client_name: str | None) -> None:
    def said(command: str) -> str:
        dialogue.send(command)
        return dialogue.expect("+OK")

    dialogue.expect("+OK")
    if dialogue.target.tls is TlsMode.STARTTLS:
        said("STLS")
        dialogue.secure()
    said(f"USER {user}")
    said(f"PASS {password}")
    said("QUIT")


def _smtp(dialogue: _Dialogue, user: str, password: str, client_name: str | None) -> None:
    def said(command: str, code: str) -> str:
        dialogue.send(command)
        return dialogue.expect(code, goes_on=lambda line: line[3:4] == "-")

    greeting = f"EHLO {client_name or 'client.localhost'}"
    dialogue.expect("220")
    said(greeting, "250")
    if dialogue.target.tls is TlsMode.STARTTLS:
        said("STARTTLS", "220")
        dialogue.secure()
        said(greeting, "250")
    response = base64.b64encode(f"\0{user}\0{password}".encode()).decode("ascii")
    said(f"AUTH PLAIN {response}", "235")
    said("QUIT", "221")


def _http(dialogue: _Dialogue, user: str, password: str, client_name: str | None) -> None:
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    dialogue.send("GET /api/v1/me HTTP/1.1")
    dialogue.send("Host: localhost")
    if client_name is not None:
        dialogue.send(f"User-Agent: {client_name}")
    dialogue.send("Connection: close")
    dialogue.send(f"Authorization: Basic {credentials}")
    dialogue.send("")
    dialogue.expect("HTTP/1.1 200")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_LOGINS = {
    "imap": _imap,
    "pop3": _pop3,
    "smtp": _smtp,
    "http": _http,
}
