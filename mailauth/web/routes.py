"""The table of what is served: method and path, who may, and what answers."""

from collections.abc import Awaitable, Callable, Iterable, Iterator

import msgspec

from mailauth.web.access import Access, Viewer
from mailauth.web.message import HttpError, Request, Response

METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
)

Answer = Response | Awaitable[Response]


class OpenRoute(msgspec.Struct, frozen=True):
    """A route for anybody. A segment `*` of its path stands for any one."""

    method: str
    path: str
    handler: Callable[[Request], Answer]


class PageRoute(msgspec.Struct, frozen=True):
    """A page of the console, for whoever has a session and may."""

    method: str
    path: str
    access: Access
    handler: Callable[[Request, Viewer], Answer]


class ApiRoute(msgspec.Struct, frozen=True):
    """A resource of the API, for whoever brings the token or logs in."""

    method: str
    path: str
    access: Access
    handler: Callable[[Request, Viewer], Answer]


Route = OpenRoute | PageRoute | ApiRoute


class Routes:
    """Finds the route of a request."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = tuple(routes)
        self._exact: dict[tuple[str, ...], dict[str, Route]] = {}
        self._patterns: list[tuple[tuple[str, ...], dict[str, Route]]] = []
        for route in self._routes:
            path = tuple(route.path[1:].split("/"))
            if "*" not in path:
                self._exact.setdefault(path, {})[route.method] = route
            else:
                self._add_pattern(path, route)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def find(self, request: Request) -> Route:
        """Return the route; HEAD is a GET whose content is not sent. Raises `HttpError`."""
        if request.method not in METHODS:
            raise HttpError(501, "This method is not known here.")
        methods = self._exact.get(request.path) or self._matching(request.path)
        if not methods:
            raise HttpError(404, "There is nothing here.")
        method = "GET" if request.method == "HEAD" else request.method
        if method not in methods:
            allowed = sorted({*methods, *({"HEAD"} if "GET" in methods else ())})
            raise HttpError(
                405, "This method is not for this path.", (b"Allow", ", ".join(allowed).encode())
            )
        return methods[method]

    def _add_pattern(self, path: tuple[str, ...], route: Route) -> None:
        for pattern, methods in self._patterns:
            if pattern == path:
                methods[route.method] = route
                return
        self._patterns.append((path, {route.method: route}))

    def _matching(self, path: tuple[str, ...]) -> dict[str, Route] | None:
        for pattern, methods in self._patterns:
            if len(pattern) == len(path) and all(
                expected in ("*", segment) for expected, segment in zip(pattern, path, strict=True)
            ):
                return methods
        return None
