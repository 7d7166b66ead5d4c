"""A conversation in lines, with each protocol's notion of where a reply ends."""

import re
import socket
import ssl
from types import TracebackType
from typing import Self

PATIENCE = 20.0

_LAST = {
    "imap": re.compile(r"(?!\* )[^+]"),  # a tagged line
    "pop3": re.compile(r"[+-]"),
    "smtp": re.compile(r"\d{3} "),
}


class Lines:
    """A connection on which a line is said, and a whole reply heard."""

    def __init__(self, port: int, protocol: str) -> None:
        self._protocol = protocol
        self._socket = socket.create_connection(("localhost", port), PATIENCE)
        # Otherwise a line after a handshake waits 40 ms for an acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self._heard = self._socket.makefile("rb", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._heard.close()
        self._socket.close()

    def send(self, line: str) -> None:
        """Say a line."""
        self._socket.sendall(line.encode() + b"\r\n")

    def read(self, lines: int) -> str:
        """Hear so many lines; at the end of the connection there are no more."""
        return "".join(self._heard.readline().decode().replace("\r\n", "\n") for _ in range(lines))

    def ask(self, line: str) -> str:
        """Say a line and hear the reply, which is empty if the server closes instead."""
        self.send(line)
        reply = ""
        is_listed = line == "CAPA"
        while said := self.read(1):
            reply += said
            if said == ".\n" if is_listed else _LAST[self._protocol].match(said):
                break
        return reply

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the handshake."""
        self._heard.close()
        self._socket = context.wrap_socket(self._socket, server_hostname="localhost")
        self._heard = self._socket.makefile("rb", buffering=0)
