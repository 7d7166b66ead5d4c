"""Lines to and from a server, for the clients of the kit. It blocks, and every read has a limit."""

import socket
import ssl
from typing import BinaryIO

LINE_OCTETS = 65536


class ServerClosed(Exception):
    """The server has closed the connection instead of answering."""

    def __init__(self) -> None:
        super().__init__("the server closed the connection")


class Dialogue:
    """One connection to a server."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._file: BinaryIO = connection.makefile("rb")

    def start_tls(self, context: ssl.SSLContext, hostname: str) -> ssl.SSLSocket:
        """Do the handshake; nothing may have come behind the server's go-ahead."""
        self._file.close()
        secured = context.wrap_socket(self.socket, server_hostname=hostname)
        self.socket = secured
        self._file = secured.makefile("rb")
        return secured

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self.socket.close()

    def send(self, line: str) -> None:
        """Send a line."""
        self.socket.sendall(line.encode("utf-8") + b"\r\n")

    def line(self) -> str:
        """Read a line, without its ending. Raises `ServerClosed`."""
        raw = self._file.readline(LINE_OCTETS)
        if not raw:
            raise ServerClosed
        return raw.decode("utf-8", "replace").rstrip("\r\n")
