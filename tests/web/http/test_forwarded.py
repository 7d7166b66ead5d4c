"""Who the client is behind proxies (RFC 7239, DESIGN 2.3)."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.login.client import Client
from mailauth.login.event import Service
from mailauth.login.hop import CLEARTEXT, Hop, Security
from mailauth.web.http.forwarded import MalformedForwarded, resolve
from mailauth.wire.networks import parse_network
from tests.web.browser import TLS

TRUSTED = (parse_network("10.0.0.0/8"), parse_network("2001:db8:ffff::/48"))

Fields = dict[bytes, tuple[bytes, ...]]


def client(ip: str = "10.0.0.1", peer: str | None = None) -> Client:
    return Client(
        protocol=Service.HTTP,
        listener="http",
        local_port=5272,
        session="s",
        ip=ip,
        port=40000,
        peer=peer,
    )


def forwarded(*lines: bytes) -> Fields:
    return {b"forwarded": lines}


def x(for_: bytes | None = None, proto: bytes | None = None) -> Fields:
    fields: Fields = {}
    if for_ is not None:
        fields[b"x-forwarded-for"] = (for_,)
    if proto is not None:
        fields[b"x-forwarded-proto"] = (proto,)
    return fields


HTTPS, HTTP, OWN = "https", "http", "own"


@pytest.mark.parametrize(
    ("fields", "ip", "port", "word"),
    [
        # Forwarded (RFC 7239 §4)
        (forwarded(b"for=192.0.2.60;proto=http;by=203.0.113.43"), "192.0.2.60", None, HTTP),
        (forwarded(b"for=192.0.2.60;proto=https"), "192.0.2.60", None, HTTPS),
        (forwarded(b"For=192.0.2.60 ; PROTO=HTTPS"), "192.0.2.60", None, HTTPS),
        (forwarded(b'for="[2001:db8:cafe::17]:4711"'), "2001:db8:cafe::17", 4711, OWN),
        (forwarded(b'for="192.0.2.43:47011"'), "192.0.2.43", 47011, OWN),
        (forwarded(b"for=192.0.2.43, for=198.51.100.17"), "198.51.100.17", None, OWN),
        (
            forwarded(b"for=192.0.2.43", b"for=198.51.100.17;proto=https"),
            "198.51.100.17",
            None,
            HTTPS,
        ),
        (
            forwarded(b"for=192.0.2.43;proto=http, for=10.9.9.9;proto=https"),
            "192.0.2.43",
            None,
            HTTP,
        ),
        (
            forwarded(b"for=192.0.2.43;proto=https, for=10.9.9.9;proto=http"),
            "192.0.2.43",
            None,
            HTTPS,
        ),
        (forwarded(b"for=10.1.1.1;proto=https, for=10.2.2.2"), "10.1.1.1", None, HTTPS),
        (forwarded(b'for="::ffff:192.0.2.9"'), "192.0.2.9", None, OWN),
        (forwarded(b"for=unknown;proto=https"), "10.0.0.1", 40000, HTTPS),
        (forwarded(b"for=_hidden;proto=http"), "10.0.0.1", 40000, HTTP),
        (forwarded(b"for=192.0.2.1, for=unknown;proto=https"), "10.0.0.1", 40000, HTTPS),
        (forwarded(b"for=192.0.2.1, for=unknown, for=10.3.3.3"), "10.3.3.3", None, OWN),
        (forwarded(b"proto=https"), "10.0.0.1", 40000, HTTPS),
        (forwarded(b'for="192.0.2.4\\3";proto="http\\s"'), "192.0.2.43", None, HTTPS),
        (forwarded(b"for=192.0.2.60;proto=gopher"), "192.0.2.60", None, OWN),
        # X-Forwarded-For and X-Forwarded-Proto
        (x(b"192.0.2.60"), "192.0.2.60", None, OWN),
        (x(b"192.0.2.60", b"https"), "192.0.2.60", None, HTTPS),
        (x(b"192.0.2.60", b"HTTP"), "192.0.2.60", None, HTTP),
        (x(None, b"https"), "10.0.0.1", 40000, HTTPS),
        (x(b"192.0.2.1, 198.51.100.17", b"https"), "198.51.100.17", None, HTTPS),
        (x(b"192.0.2.1,10.9.9.9", b"https, http"), "192.0.2.1", None, HTTPS),
        (x(b"192.0.2.1,10.9.9.9", b"http, https"), "192.0.2.1", None, HTTP),
        (x(b"192.0.2.1,10.9.9.9", b"https"), "192.0.2.1", None, HTTPS),
        (x(b"192.0.2.1", b"https, http"), "192.0.2.1", None, HTTP),
        (x(b"2001:db8::7"), "2001:db8::7", None, OWN),
        (x(b"[2001:db8::7]:443"), "2001:db8::7", 443, OWN),
        (x(b"fe80::1%eth0"), "fe80::1", None, OWN),
        (x(b"192.0.2.60", b"on"), "192.0.2.60", None, OWN),
        # both, and they agree
        (
            x(b"192.0.2.60", b"https") | forwarded(b"for=192.0.2.60;proto=https"),
            "192.0.2.60",
            None,
            HTTPS,
        ),
        # neither
        ({}, "10.0.0.1", 40000, OWN),
    ],
)
@pytest.mark.parametrize("own", [CLEARTEXT, TLS])
def test_what_a_trusted_proxy_says_counts(
    fields: Fields, ip: str, port: int | None, word: str, own: Hop
) -> None:
    """DESIGN 2.3: `https` is SECURE, `http` is not even over our TLS, no word leaves our own."""
    known, hop = resolve(client(), own, fields, TRUSTED)
    assert (known.ip, known.port) == (ip, port)
    assert known.peer == (None if ip == "10.0.0.1" else "10.0.0.1")
    match word:
        case "https":
            assert (hop.secure, hop.security) == (True, Security.PROXIED)
        case "http":
            assert (hop.secure, hop.security) == (False, Security.CLEARTEXT)
        case _:
            assert hop is own


@pytest.mark.parametrize("ip", ["192.0.2.1", "127.0.0.1", "::1", "2001:db8::1"])
def test_what_anybody_else_says_is_ignored(ip: str) -> None:
    fields = forwarded(b"for=198.51.100.1;proto=https") | x(b"198.51.100.2", b"https")
    assert resolve(client(ip), CLEARTEXT, fields, TRUSTED) == (client(ip), CLEARTEXT)
    assert resolve(client(ip), CLEARTEXT, forwarded(b"\xff"), TRUSTED) == (client(ip), CLEARTEXT)


def test_without_a_configured_proxy_nobody_is_believed() -> None:
    fields = x(b"198.51.100.2", b"https")
    assert resolve(client(), CLEARTEXT, fields, ()) == (client(), CLEARTEXT)


def test_the_socket_s_end_stays_the_peer_behind_two_kinds_of_proxies() -> None:
    """A PROXY header named the HTTP proxy; the peer is who is on the socket."""
    known, _ = resolve(client(peer="127.0.0.1"), CLEARTEXT, x(b"192.0.2.60"), TRUSTED)
    assert (known.ip, known.peer) == ("192.0.2.60", "127.0.0.1")


@pytest.mark.parametrize(
    "fields",
    [
        forwarded(b""),
        forwarded(b"for"),
        forwarded(b"for="),
        forwarded(b"for=192.0.2.1;"),
        forwarded(b"for=192.0.2.1 proto=https"),
        forwarded(b"for=192.0.2.1;for=192.0.2.2"),
        forwarded(b'for=", for=192.0.2.1;proto=https'),
        forwarded(b"for=example.com"),
        forwarded(b"for=192.0.2.300"),
        forwarded(b'for="[::1]:99999"'),
        forwarded(b"for=192.0.2.1;proto=https,"),
        forwarded(b"for=\xff"),
        x(b"localhost"),
        x(b""),
        x(b"192.0.2.1, "),
        x(b"1.2.3.4:99999"),
        x(b"192.0.2.1", b"https") | forwarded(b"for=192.0.2.2;proto=https"),
        x(b"192.0.2.1", b"http") | forwarded(b"for=192.0.2.1;proto=https"),
        x(b"192.0.2.1") | forwarded(b"for=192.0.2.1;proto=https"),
    ],
)
def test_what_cannot_be_read_or_contradicts_itself_is_refused(fields: Fields) -> None:
    """A verdict is not guessed: one of the two headers may be the client's own."""
    with pytest.raises(MalformedForwarded):
        resolve(client(), CLEARTEXT, fields, TRUSTED)


@given(st.lists(st.binary(max_size=60), max_size=3), st.lists(st.binary(max_size=60), max_size=3))
def test_the_parser_raises_its_own_error_alone(one: list[bytes], other: list[bytes]) -> None:
    fields: Fields = {}
    if one:
        fields[b"forwarded"] = tuple(one)
    if other:
        fields[b"x-forwarded-for"] = tuple(other)
        fields[b"x-forwarded-proto"] = tuple(one)
    with contextlib.suppress(MalformedForwarded):
        resolve(client(), CLEARTEXT, fields, TRUSTED)


def test_a_long_chain_is_walked_from_the_near_end_and_bounded() -> None:
    chain = b", ".join([b"192.0.2.1", *[b"10.0.0.7"] * 5000])
    known, _ = resolve(client(), CLEARTEXT, x(chain, b"https"), TRUSTED)
    assert known.ip == "10.0.0.7"
