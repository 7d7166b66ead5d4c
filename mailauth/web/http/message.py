"""HTTP's messages as values: what a client asked, what it is answered, and what went wrong."""

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
    """A whole request. `client` and `hop` are the client's own, whatever proxies are between.

    The path's segments are decoded; field names are lower case; `query` and `cookies` keep the
    first value of a name. `host` is whom it is sent to, by its target or the field Host.
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
        """Return a header field's first value; the name is given in lower case."""
        values = self.fields.get(name)
        return values[0] if values else None

    @property
    def target(self) -> str:
        """The path and the query, encoded again: where a client can be sent back to."""
        path = "/" + "/".join(quote(segment, safe="") for segment in self.path)
        query = "&".join(
            f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in self.query.items()
        )
        return f"{path}?{query}" if query else path

    def __repr__(self) -> str:
        return f"Request({self.method} /{'/'.join(self.path)})"


class Outlet(Protocol):
    """Where a response goes that is sent piece by piece."""

    @property
    def closed(self) -> bool:
        """Whether it has ended, on either side."""

    @property
    def full(self) -> bool:
        """Whether the client has yet to take what was sent."""

    async def drained(self) -> None:
        """Return when it is not full any more, or has ended."""

    def write(self, data: bytes) -> None:
        """Send a piece; nothing where it has ended."""

    def finish(self) -> None:
        """End it."""

    def abort(self) -> None:
        """End it, and the connection with it."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """A response; with `close` the connection ends after it.

    With `stream`, the content is what that function sends through the outlet. `reader` is for whom
    it is held until it is sent; where none is named, for the client's address.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = HTML
    headers: tuple[Header, ...] = ()
    close: bool = False
    stream: Callable[[Outlet], None] | None = None
    reader: str | None = None


class HttpError(Exception):
    """A request that is answered with an error: its status and one sentence for its reader."""

    def __init__(self, status: int, message: str, *headers: Header, close: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers
        self.close = close


def json(value: object, *, status: int = 200, headers: tuple[Header, ...] = ()) -> Response:
    """Answer with a value as JSON."""
    return Response(
        status=status, body=msgspec.json.encode(value), content_type=JSON, headers=headers
    )


def see_other(location: str, *headers: Header) -> Response:
    """Send the client on with a GET (RFC 9110 §15.4.4); `location` must be ASCII."""
    return Response(
        status=303,
        content_type=TEXT,
        headers=((b"Location", location.encode("ascii")), *headers),
    )
