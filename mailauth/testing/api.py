"""A client for the API of a running server, which uses its token over one persistent connection."""

import http.client
import select
import ssl
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from mailauth.testing.recorded import RecordedEvent

T = TypeVar("T")

ANSWER_SECONDS = 30.0  # seconds beyond the wait that a request itself asks for
LONGEST_WAIT = 60.0  # seconds of one request
PAGE = 1000  # records of one answer


class ApiError(Exception):
    """The server refused a request; the message includes its reply."""


class Attempts(msgspec.Struct, frozen=True):
    """Records, and the number from which to continue."""

    attempts: list[RecordedEvent]
    cursor: int


class Cursor(msgspec.Struct, frozen=True):
    """The number of the last record."""

    cursor: int


class ListenerState(msgspec.Struct, frozen=True):
    """The current faults of a listener; the other keys of the server's answer are ignored."""

    name: str
    faults: list[str]


class ListenerFaults(msgspec.Struct, frozen=True):
    """The deliberate faults of a listener."""

    listener: str
    faults: list[str]


class Api:
    """Sends requests to the server at `url`; for https, `ca` is what to trust. It blocks."""

    def __init__(self, url: str, token: str, ca: Path | None) -> None:
        self._where = urlsplit(url)
        self._token = token
        self._ca = ca
        self._connection: http.client.HTTPConnection | None = None

    def attempts(self, after: int, wait: float = 0, *, settle: bool = False) -> Attempts:
        """Read records after a number; if there are none, wait up to `wait` seconds for one.

        With `settle`, the server first processes everything that clients have sent.
        """
        seconds = min(wait, LONGEST_WAIT)
        query: dict[str, object] = {"after": after, "limit": PAGE, "wait": f"{seconds:.3f}"}
        if settle:
            query["settle"] = "true"
        return self.ask("GET", f"attempts?{urlencode(query)}", Attempts, seconds)

    def reset(self, *, mail: bool) -> int:
        """Clear blocks, faults and, with `mail`, the mail; return the number from which to read."""
        path = "reset?mail=true" if mail else "reset"
        return self.ask("POST", path, Cursor).cursor

    def faults(self, listener: str) -> list[str]:
        """Return the current faults of a listener, which must exist."""
        listeners = self.ask("GET", "listeners", list[ListenerState])
        return next(each.faults for each in listeners if each.name == listener)

    def add_fault(self, listener: str, fault: str) -> None:
        """Add a fault to a listener."""
        self.ask("PUT", _path(listener, fault), ListenerFaults)

    def end_fault(self, listener: str, fault: str) -> None:
        """End a fault of a listener."""
        self.ask("DELETE", _path(listener, fault), ListenerFaults)

    def ask(self, method: str, path: str, answer: type[T], seconds: float = 0) -> T:
        """Send one request. Raises `ApiError`, and `OSError` if the server does not answer."""
        connection, self._connection = self._connection, None
        if connection is None or _has_ended(connection):
            connection = self._connect()
        assert connection.sock is not None
        connection.sock.settimeout(ANSWER_SECONDS + seconds)
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            connection.request(method, f"/api/v1/{path}", headers=headers)
            response = connection.getresponse()
            data = response.read()
        except http.client.HTTPException as error:
            connection.close()
            raise ConnectionError(f"the server closed the connection: {error!r}") from error
        if response.will_close:
            connection.close()
        else:
            self._connection = connection
        if response.status >= 400:
            raise ApiError(f"{method} /api/v1/{path}: {data.decode('utf-8', 'replace').strip()}")
        return msgspec.json.decode(data, type=answer)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._where.hostname, self._where.port
        assert host is not None
        connection: http.client.HTTPConnection
        if self._where.scheme == "https":
            context = ssl.create_default_context(cafile=self._ca)
            connection = http.client.HTTPSConnection(
                host, port, timeout=ANSWER_SECONDS, context=context
            )
        else:
            connection = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)
        connection.connect()
        return connection


def _path(listener: str, fault: str) -> str:
    return f"listeners/{quote(listener)}/fault/{quote(fault)}"


def _has_ended(connection: http.client.HTTPConnection) -> bool:
    """Return whether the server has closed an idle connection."""
    return bool(select.select([connection.sock], [], [], 0)[0])
