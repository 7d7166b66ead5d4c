"""HTTP messages as values: requests, responses and errors."""

from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import quote

import msgspec

from mailauth.login.client import Client
from mailauth.login.hop import Hop
from mailauth.web.http.connection import Connection

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"

Header = tuple[bytes, bytes]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A complete request. `client` and `hop` are those of the client, whatever proxies there are.

    The path's segments are decoded, and field names are in lower case. `query` and `cookies` have
    the first value of each name. `host` is from the target or the field Host.
    """

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str] = {}
    fields: Mapping[bytes, tuple[bytes, ...]] = {}
    cookies: Mapping[bytes, bytes] = {}
    host: bytes | None = None
    body: bytes = b""
    connection: Connection
    client: Client
    hop: Hop

    def field(self, name: bytes) -> bytes | None:
        """Return the first value of a header field, whose name is given in lower case."""
        values = self.fields.get(name)
        return values[0] if values else None

    @property
    def target(self) -> str:
        """The encoded path and query, to which a client can be redirected."""
        path = "/" + "/".join(quote(segment, safe="") for segment in self.path)
        query = "&".join(
            f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in self.query.items()
        )
        return f"{path}?{query}" if query else path

    def __repr__(self) -> str:
        return f"Request({self.method} /{'/'.join(self.path)})"


class Outlet(Protocol):
    """The destination of a response that is sent in pieces."""

    @property
    def closed(self) -> bool:
        """Whether it has ended, on either side."""

    @property
    def full(self) -> bool:
        """Whether the client has not yet read what was sent."""

    async def drained(self) -> None:
        """Return when it is no longer full, or has ended."""

    def write(self, data: bytes) -> None:
        """Send a piece, unless it has ended."""

    def finish(self) -> None:
        """End it."""

    def abort(self) -> None:
        """End it and its connection."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """A response; with `close` the connection ends after it.

    With `stream`, that function sends the content through the outlet. The memory in use until it is
    sent is counted for `reader`, by default the client's address.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = HTML
    headers: tuple[Header, ...] = ()
    close: bool = False
    stream: Callable[[Outlet], None] | None = None
    reader: str | None = None


class HttpError(Exception):
    """An error response: its status and a sentence for the reader."""

    def __init__(self, status: int, message: str, *headers: Header, close: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers
        self.close = close


def json(value: object, *, status: int = 200, headers: tuple[Header, ...] = ()) -> Response:
    """Return a value as JSON."""
    return Response(
        status=status, body=msgspec.json.encode(value), content_type=JSON, headers=headers
    )


def plain(error: HttpError, *, close: bool) -> Response:
    """Return an error in plain text, which needs no template."""
    return Response(
        status=error.status,
        body=f"{error.message}\n".encode(),
        content_type=TEXT,
        headers=error.headers,
        close=close,
    )


def see_other(location: str, *headers: Header) -> Response:
    """Redirect the client to a GET (RFC 9110 §15.4.4); `location` must be ASCII."""
    return Response(
        status=303,
        content_type=TEXT,
        headers=((b"Location", location.encode("ascii")), *headers),
    )
