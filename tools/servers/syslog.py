"""A syslog of a few lines: what programs write to /dev/log, in a file as rsyslog writes it."""

import re
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

_DATAGRAM = re.compile(rb"<\d{1,3}>(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d )?(.*)", re.DOTALL)
_HOST = b"mail"


class Syslog(threading.Thread):
    """Writes each message as one line, in UTC; `iso` is the form of stamps that RFC 3339 has."""

    def __init__(self, path: Path, log: Path, *, iso: bool) -> None:
        super().__init__(daemon=True)
        self._log = log
        self._iso = iso
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind(str(path))
        path.chmod(0o666)

    def run(self) -> None:
        with self._log.open("ab", buffering=0) as file:
            while message := self._socket.recv(65_536):
                if (match := _DATAGRAM.match(message)) is not None:
                    said = match[1].rstrip(b"\n\0").replace(b"\n", b"#012")
                    file.write(b"%s %s %s\n" % (self._stamp(), _HOST, said))

    def stop(self) -> None:
        """Write what has come, and end."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.connect(self._socket.getsockname())
            last.send(b"")
        self.join()
        self._socket.close()

    def _stamp(self) -> bytes:
        now = datetime.now(UTC)
        if self._iso:
            return now.isoformat(timespec="microseconds").encode()
        return f"{now:%b} {now.day:2d} {now:%H:%M:%S}".encode()
