"""Checks of a request's host and of the page that sent it (RFC 9110 §7.4, Fetch Metadata). Pure.

An attacker can let a name point to our address (DNS rebinding). The browser then treats the
attacker's page as one of ours, but the request names the attacker's host, which is refused. IP
addresses are accepted as hosts, since nobody else can have a page there.

A page of another origin can send us forms, and credentials that the browser remembers, although it
cannot read the response. Such a request must not change anything or log anybody in.
"""

import re
from collections.abc import Callable, Container, Iterable

from mailauth.web.http.message import HttpError, Request
from mailauth.wire.networks import Network, parse_address, within

HEALTH = ("healthz",)

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{0,5}))?")
_ORIGIN = re.compile(r"(https?)://([^/]+)")
_PORTS = {"http": "80", "https": "443"}
_REMEMBERED = 64


class Origins:
    """The names and origins of a server.

    The names are `hostname`, its subdomains, `localhost`, `hosts`, all addresses, and what a
    trusted proxy sends as X-Forwarded-Host. For the paths `settings`, they include names in the
    accounts' `domains`, which mail clients try.
    """

    def __init__(
        self,
        hostname: str,
        hosts: Iterable[str],
        forwarded_from: tuple[Network, ...],
        settings: Container[tuple[str, ...]],
        domains: Callable[[], Iterable[str]],
    ) -> None:
        self._settings = settings
        self._hostnames = (hostname.lower(), "localhost")
        self._hosts = frozenset(host.lower() for host in hosts)
        self._forwarded_from = forwarded_from
        self._domains = domains
        self._known: set[bytes] = set()

    def check(self, request: Request) -> None:
        """Raise `HttpError` unless the request is for us and, if necessary, from one of our pages.

        `request.client` is still the peer.
        """
        forwarded = self._forwarded_hosts(request)
        host = request.host
        if (
            not forwarded
            and host is not None
            and host not in self._known
            and request.path != HEALTH
            and not self._is_ours(host, request)
        ):
            raise HttpError(
                421,
                "This server is not known by this name. If the name is right, add it to hosts in"
                " [http] of mailauth.toml.",
            )
        fields = request.fields
        if b"sec-fetch-site" not in fields and b"origin" not in fields:
            return
        acts = request.method not in ("GET", "HEAD") or b"authorization" in fields
        if acts and not self._is_same_origin(request, forwarded):
            raise HttpError(
                403, "This request came from a page of another site. Nothing was changed."
            )

    def _forwarded_hosts(self, request: Request) -> tuple[bytes, ...]:
        lines = request.fields.get(b"x-forwarded-host")
        if lines is None or not self._forwarded_from:
            return ()
        if not within(parse_address(request.client.ip), self._forwarded_from):
            return ()
        return tuple(name.strip() for line in lines for name in line.split(b","))

    def _is_ours(self, host: bytes, request: Request) -> bool:
        name = _name(host)
        if name is None:
            return False
        if name in self._hosts or _is_address(name) or self._is_below_hostname(name):
            if len(self._known) < _REMEMBERED:
                self._known.add(host)
            return True
        return request.path in self._settings and self._is_for_settings(name)

    def _is_below_hostname(self, name: str) -> bool:
        return any(name == known or name.endswith("." + known) for known in self._hostnames)

    def _is_for_settings(self, name: str) -> bool:
        domain = name.removeprefix("autoconfig.").removeprefix("autodiscover.")
        return any(domain == known.lower() for known in self._domains())

    def _is_same_origin(self, request: Request, forwarded: tuple[bytes, ...]) -> bool:
        """Use the browser's Sec-Fetch-Site, or else the Origin field."""
        site = request.fields.get(b"sec-fetch-site")
        if site is not None:
            return all(one.strip().lower() in (b"same-origin", b"none") for one in site)
        origins = request.fields.get(b"origin", ())
        hosts = forwarded or (request.host or b"",)
        return all(
            any(_is_origin(origin, host, secure=request.hop.secure) for host in hosts)
            for origin in origins
        )


def _is_origin(origin: bytes, host: bytes, *, secure: bool) -> bool:
    """Return whether this origin is one of the host's; a proxy may add TLS that we do not see."""
    found = _ORIGIN.fullmatch(origin.decode("latin-1").strip().lower())
    if found is None or (secure and found[1] != "https"):
        return False
    return _with_port(found[2], found[1]) == _with_port(host.decode("latin-1").lower(), found[1])


def _with_port(host: str, scheme: str) -> tuple[str, str] | None:
    found = _HOST.fullmatch(host)
    return None if found is None else (found[1].rstrip("."), found[2] or _PORTS[scheme])


def _name(host: bytes) -> str | None:
    found = _HOST.fullmatch(host.decode("latin-1"))
    return None if found is None else found[1].rstrip(".").lower()


def _is_address(name: str) -> bool:
    try:
        parse_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return ":" not in name or name.startswith("[")
