"""Lines to and from a server, for the clients of the kit.

A dialogue blocks. Every read and every wait is limited: a server that sends an octet now and then
has no more time for its reply than one that sends nothing.
"""

import math
import socket
import ssl
import time

LINE_OCTETS = 65536
_AT_ONCE = 16384


class ServerClosed(Exception):
    """The server closed the connection instead of answering."""

    def __init__(self) -> None:
        super().__init__("the server closed the connection")


class Dialogue:
    """A connection to a server, which has `seconds` for each complete reply.

    Waiting ends at `until` on the monotonic clock, and raises `TimeoutError`.
    """

    def __init__(self, connection: socket.socket, seconds: float, until: float = math.inf) -> None:
        self.socket = connection
        self._seconds = seconds
        self._until = until
        self._input = b""
        # Otherwise a line that follows another waits up to 40 ms for an acknowledgement.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self._await_reply()

    def start_tls(self, context: ssl.SSLContext, hostname: str) -> ssl.SSLSocket:
        """Do the handshake; the server must not have sent anything after its go-ahead."""
        self._input = b""
        self._await_reply()
        self._mind_the_time()
        secured = context.wrap_socket(self.socket, server_hostname=hostname)
        self.socket = secured
        self._await_reply()  # the greeting, with implicit TLS
        return secured

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()

    def send(self, line: str) -> None:
        """Send a line."""
        self._await_reply()
        self._mind_the_time()
        self.socket.sendall(line.encode("utf-8") + b"\r\n")

    def line(self) -> str:
        """Read a line, without its ending. Raises `ServerClosed`."""
        while b"\n" not in self._input and len(self._input) < LINE_OCTETS:
            self._mind_the_time()
            data = self.socket.recv(_AT_ONCE)
            if not data:
                break
            self._input += data
        end = self._input.find(b"\n", 0, LINE_OCTETS) + 1 or min(len(self._input), LINE_OCTETS)
        raw, self._input = self._input[:end], self._input[end:]
        if not raw:
            raise ServerClosed
        return raw.decode("utf-8", "replace").rstrip("\r\n")

    def _await_reply(self) -> None:
        self._due = min(time.monotonic() + self._seconds, self._until)

    def _mind_the_time(self) -> None:
        """Limit the next call to the time that is left."""
        remaining = self._due - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("no answer in time")
        self.socket.settimeout(remaining)
