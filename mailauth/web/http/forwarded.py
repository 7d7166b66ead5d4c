"""The client of a chain of proxies: Forwarded (RFC 7239) and X-Forwarded-For/-Proto. Pure.

Each proxy names its own client. We believe trusted proxies, from the nearest one on. The first hop
that is not a trusted proxy is the client, and what was said about its hop decides.
"""

import re
from collections.abc import Mapping

import msgspec

from mailauth.login.client import Client
from mailauth.login.hop import Hop, TlsFacts, proxy_said
from mailauth.wire.networks import Network, parse_address, within, written

FIELDS = (b"forwarded", b"x-forwarded-for", b"x-forwarded-proto")

MAX_HOPS = 64

_PAIR = re.compile(
    rb"""[ \t]* ([!#$%&'*+.^_`|~0-9A-Za-z-]+) = (?: ([!#$%&'*+.^_`|~0-9A-Za-z:\[\]-]+)
         | "((?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*)" ) [ \t]*""",
    re.VERBOSE,
)
_IPV4_PORT = re.compile(r"([0-9.]+):([0-9]{1,5})")
_IPV6_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::([0-9]{1,5}))?")


class MalformedForwarded(ValueError):
    """The header fields of a trusted proxy are malformed, or contradict each other."""


class Said(msgspec.Struct, frozen=True):
    """What one proxy says about its client; `None` means nothing."""

    client: str | None = None
    port: int | None = None
    proto: str | None = None


def resolve(
    client: Client,
    hop: Hop,
    fields: Mapping[bytes, tuple[bytes, ...]],
    trusted: tuple[Network, ...],
) -> tuple[Client, Hop]:
    """Return the client and its hop as the trusted proxies describe them.

    `client` is the peer. Raises `MalformedForwarded`. Both kinds of header fields may be present,
    but then they must agree, since the client may have sent one of them.
    """
    if not any(name in fields for name in FIELDS) or not _is_trusted(client.ip, trusted):
        return client, hop
    tellings = {
        telling
        for telling in (_by_forwarded(fields), _by_x_forwarded(fields))
        if telling is not None
    }
    found = {_client_of(client, telling, trusted) for telling in tellings}
    if len(found) != 1:
        raise MalformedForwarded("Forwarded and X-Forwarded-* fields that contradict each other")
    said = found.pop()
    if said.client is not None:
        client = msgspec.structs.replace(
            client, ip=said.client, port=said.port, peer=client.peer or client.ip
        )
    match said.proto:
        case "https":
            return client, proxy_said(TlsFacts())
        case "http":
            return client, proxy_said(None)
        case _:
            return client, hop


def _client_of(sender: Client, telling: tuple[Said, ...], trusted: tuple[Network, ...]) -> Said:
    """Follow the hops from the nearest proxy to the first one that is not trusted."""
    known = Said()
    for said in reversed(telling):
        known = Said(
            client=said.client if said.client is not None else known.client,
            port=said.port if said.client is not None else known.port,
            proto=said.proto,
        )
        if said.client is None or not _is_trusted(said.client, trusted):
            break
    return known


def _is_trusted(ip: str, trusted: tuple[Network, ...]) -> bool:
    return bool(trusted) and within(parse_address(ip), trusted)


def _by_forwarded(fields: Mapping[bytes, tuple[bytes, ...]]) -> tuple[Said, ...] | None:
    lines = fields.get(b"forwarded")
    if lines is None:
        return None
    return tuple(said for line in lines for said in _elements(line))[-MAX_HOPS:]


def _elements(line: bytes) -> list[Said]:
    """Parse `forwarded-element`s (RFC 7239 §4): semicolons end pairs, commas end elements."""
    elements = []
    position = 0
    while True:
        pairs: dict[bytes, bytes] = {}
        while True:
            pair = _PAIR.match(line, position)
            if pair is None:
                raise MalformedForwarded("a malformed Forwarded header")
            name = pair[1].lower()
            if name in pairs:
                raise MalformedForwarded("a Forwarded element with a repeated parameter")
            quoted = pair[3]
            pairs[name] = pair[2] if quoted is None else re.sub(rb"\\(.)", rb"\1", quoted)
            position = pair.end()
            if line[position : position + 1] != b";":
                break
            position += 1
        elements.append(_said(pairs.get(b"for"), pairs.get(b"proto")))
        if position == len(line):
            return elements
        if line[position : position + 1] != b",":
            raise MalformedForwarded("a malformed Forwarded header")
        position += 1


def _by_x_forwarded(fields: Mapping[bytes, tuple[bytes, ...]]) -> tuple[Said, ...] | None:
    """Pair the two lists from the right; if there are fewer protos, the first one is repeated."""
    if b"x-forwarded-for" not in fields and b"x-forwarded-proto" not in fields:
        return None
    clients = _listed(fields.get(b"x-forwarded-for", ()))
    protos = _listed(fields.get(b"x-forwarded-proto", ()))
    if not clients:
        return (_said(None, protos[-1] if protos else None),)
    missing = len(clients) - len(protos)
    protos = [protos[0] if protos else b""] * missing + protos[-len(clients) :]
    return tuple(
        _said(client, proto or None) for client, proto in zip(clients, protos, strict=True)
    )


def _listed(lines: tuple[bytes, ...]) -> list[bytes]:
    return [item.strip() for line in lines for item in line.split(b",")][-MAX_HOPS:]


def _said(client: bytes | None, proto: bytes | None) -> Said:
    word = proto.strip().lower().decode("latin-1") if proto is not None else None
    known = word if word in ("http", "https") else None
    if client is None:
        return Said(proto=known)
    return _node(client.decode("latin-1"), known)


def _node(text: str, proto: str | None) -> Said:
    """Parse a node (RFC 7239 §6); `unknown` and obfuscated ones have no address."""
    if text.lower() == "unknown" or text.startswith("_"):
        return Said(proto=proto)
    with_port = _IPV4_PORT.fullmatch(text) or _IPV6_PORT.fullmatch(text)
    if with_port is not None:
        text = with_port[1]
    try:
        address = written(parse_address(text))
    except ValueError:
        raise MalformedForwarded("a forwarding header without a valid address") from None
    port = int(with_port[2]) if with_port is not None and with_port[2] else None
    if port is not None and port > 65535:
        raise MalformedForwarded("a forwarding header with a port beyond 65535")
    return Said(client=address, port=port, proto=proto)
