"""A client that logs in once, to any service and by any TLS mode, from an address of your choice.

The address is sent in a PROXY header, so that a scenario on loopback can have clients everywhere.
The client blocks, so run it in a thread.
"""

import base64
import socket
import ssl

import msgspec

from mailauth.config import TlsMode
from mailauth.kit.dialogue import Dialogue, ServerClosed
from mailauth.kit.speaking import Garbled, Refused, speaker
from mailauth.login.event import Service

TIMEOUT = 30.0  # seconds for a connection, and for each reply


class LoginFailed(Exception):
    """The server's reply was not the expected one; the message is that reply."""


class Target(msgspec.Struct, frozen=True):
    """Where and how to log in. `source` is the address in the PROXY header, if there is one."""

    service: Service
    host: str
    port: int
    tls: TlsMode
    context: ssl.SSLContext
    source: str | None = None


def log_in(target: Target, user: str, password: str, client_name: str | None = None) -> None:
    """Log in and log out. Raises `LoginFailed`, and `OSError` or `ssl.SSLError` of the network."""
    with socket.create_connection((target.host, target.port), TIMEOUT) as connection:
        if target.source is not None:
            connection.sendall(proxy_header(target.source, connection))
        dialogue = Dialogue(connection, TIMEOUT)
        try:
            if target.tls is TlsMode.IMPLICIT:
                dialogue.start_tls(target.context, "localhost")
            log_in_by = _ask if target.service is Service.HTTP else _speak
            log_in_by(target, dialogue, user, password, client_name)
        except (Refused, Garbled, ServerClosed) as error:
            raise LoginFailed(str(error)) from None
        finally:
            dialogue.close()


def proxy_header(source: str, connection: socket.socket) -> bytes:
    """Write a PROXY header of version 1 for a client at `source`, port 40000."""
    family = "TCP6" if ":" in source else "TCP4"
    here = "::1" if family == "TCP6" else "127.0.0.1"
    port = connection.getpeername()[1]
    return f"PROXY {family} {source} {here} 40000 {port}\r\n".encode("ascii")


def _speak(target: Target, dialogue: Dialogue, user: str, password: str, name: str | None) -> None:
    typed = user + password
    if target.service is Service.IMAP and not (typed.isascii() and typed.isprintable()):
        raise LoginFailed("IMAP LOGIN needs names and passwords in printable ASCII")
    speaks = speaker(target.service, dialogue)
    speaks.greeted()
    speaks.introduce(name)
    if target.tls is TlsMode.STARTTLS:
        speaks.start_tls(target.context, "localhost")
        speaks.introduce(name)
    speaks.log_in(user, password)
    speaks.quit()


def _ask(_: Target, dialogue: Dialogue, user: str, password: str, name: str | None) -> None:
    """Log in by HTTP: ask who we are."""
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    dialogue.send("GET /api/v1/me HTTP/1.1")
    dialogue.send("Host: localhost")
    if name is not None:
        dialogue.send(f"User-Agent: {name}")
    dialogue.send("Connection: close")
    dialogue.send(f"Authorization: Basic {credentials}")
    dialogue.send("")
    line = dialogue.line()
    if not line.startswith("HTTP/1.1 200"):
        raise LoginFailed(line)
