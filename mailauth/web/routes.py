"""The table of routes: method and path, who may use it, and what answers it."""

import enum
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

import msgspec

from mailauth.web.access import Access, Viewer
from mailauth.web.http.message import HttpError, Request, Response

METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
)

EventualResponse = Response | Awaitable[Response]


class OpenRoute(msgspec.Struct, frozen=True):
    """A route for everybody. A segment in braces, `{name}`, matches any segment.

    `brief` routes are answered before requests that wait for their turn.
    """

    method: str
    path: str
    handler: Callable[[Request], EventualResponse]
    brief: bool = False


class TokenRoute(msgspec.Struct, frozen=True):
    """A route for requests with an API token."""

    method: str
    path: str
    handler: Callable[[Request], EventualResponse]
    brief: bool = False


class Door(enum.Enum):
    """How a request is authenticated."""

    SESSION = "the session; a visitor is shown the form"
    API = "the token or a login"
    EITHER = "credentials if they come along, else the session"


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of a query: its name, its type and its meaning."""

    name: str
    type: Any
    summary: str


class Route(msgspec.Struct, frozen=True):
    """A route for permitted viewers.

    For the description of the API, `answers` is the type of the JSON response, `parameters` are
    those of the query, and `formats` are other media types. A `paged` route returns the number of
    rows and links to the next ones. `brief` routes are answered before requests that wait for their
    turn.
    """

    door: Door
    method: str
    path: str
    access: Access
    handler: Callable[[Request, Viewer], EventualResponse]
    answers: Any = None
    parameters: tuple[Parameter, ...] = ()
    formats: tuple[str, ...] = ()
    paged: bool = False
    brief: bool = False


AnyRoute = OpenRoute | TokenRoute | Route


class Routes:
    """Finds the route of a request."""

    def __init__(self, routes: Iterable[AnyRoute]) -> None:
        self._routes = tuple(routes)
        self._exact: dict[tuple[str, ...], dict[str, AnyRoute]] = {}
        self._patterns: dict[tuple[str, ...], dict[str, AnyRoute]] = {}
        for route in self._routes:
            path = tuple(route.path[1:].split("/"))
            table = self._patterns if any(map(_is_open, path)) else self._exact
            methods = table.setdefault(path, {})
            assert route.method not in methods, f"two routes for {route.method} {route.path}"
            methods[route.method] = route

    def __iter__(self) -> Iterator[AnyRoute]:
        return iter(self._routes)

    def find(self, request: Request) -> AnyRoute:
        """Return the route; HEAD is a GET whose content is not sent. Raises `HttpError`."""
        if request.method not in METHODS:
            raise HttpError(501, "Unknown method.")
        methods = self._exact.get(request.path) or self._matching(request.path)
        if methods is None:
            raise HttpError(404, "There is nothing here.")
        method = "GET" if request.method == "HEAD" else request.method
        if method not in methods:
            allowed = sorted({*methods, *({"HEAD"} if "GET" in methods else ())})
            raise HttpError(
                405,
                "This path does not accept this method.",
                (b"Allow", ", ".join(allowed).encode()),
            )
        return methods[method]

    def _matching(self, path: tuple[str, ...]) -> dict[str, AnyRoute] | None:
        for pattern, methods in self._patterns.items():
            if len(pattern) == len(path) and all(
                _is_open(expected) or expected == segment
                for expected, segment in zip(pattern, path, strict=True)
            ):
                return methods
        return None


def _is_open(segment: str) -> bool:
    return segment.startswith("{")
