"""The PROXY header: what the specification has, split anywhere, and nothing else."""

import contextlib
import itertools
import struct
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.wire.proxy import (
    V1_OCTETS,
    V2_OCTETS,
    ProxiedTls,
    ProxyError,
    ProxyHeader,
    ProxyPreamble,
    Source,
    TlsWord,
)

Address = IPv4Address | IPv6Address

SIGNATURE = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"
CLIENT = Source(ip_address("198.51.100.7"), 56324)
CLIENT6 = Source(ip_address("2001:db8::7"), 56324)
V4 = bytes([198, 51, 100, 7, 192, 0, 2, 1]) + struct.pack("!HH", 56324, 143)
V6 = ip_address("2001:db8::7").packed + ip_address("2001:db8::1").packed + V4[8:]


def tlv(kind: int, value: bytes) -> bytes:
    return struct.pack("!BH", kind, len(value)) + value


def ssl_tlv(client: int, *inner: bytes) -> bytes:
    return tlv(0x20, struct.pack("!BI", client, 0) + b"".join(inner))


def v2(command: int, family: int, block: bytes) -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, family, len(block)) + block


TLS = ssl_tlv(0x01, tlv(0x21, b"TLSv1.3"), tlv(0x23, b"TLS_AES_128_GCM_SHA256"))

HEADERS = {
    "v1 TCP4": (
        b"PROXY TCP4 198.51.100.7 192.0.2.1 56324 143\r\n",
        ProxyHeader(source=CLIENT),
    ),
    "v1 TCP6": (
        b"PROXY TCP6 2001:DB8:0::7 2001:db8::1 56324 143\r\n",
        ProxyHeader(source=CLIENT6),
    ),
    "v1 TCP6 with an IPv4-mapped source": (
        b"PROXY TCP6 ::ffff:198.51.100.7 2001:db8::1 56324 143\r\n",
        ProxyHeader(source=CLIENT),
    ),
    "v1 UNKNOWN, short": (b"PROXY UNKNOWN\r\n", ProxyHeader()),
    "v1 UNKNOWN, with anything": (b"PROXY UNKNOWN any\nthing\r at all\r\n", ProxyHeader()),
    "v1 UNKNOWN, the longest": (
        b"PROXY UNKNOWN " + b" ".join([b"ffff" + b":ffff" * 7] * 2) + b" 65535 65535\r\n",
        ProxyHeader(),
    ),
    "v2 LOCAL": (v2(0x20, 0x00, b""), ProxyHeader(is_local=True)),
    "v2 LOCAL with a block that does not count": (
        v2(0x20, 0x99, V4 + TLS),
        ProxyHeader(is_local=True),
    ),
    "v2 TCP4": (v2(0x21, 0x11, V4), ProxyHeader(source=CLIENT)),
    "v2 TCP6": (v2(0x21, 0x21, V6), ProxyHeader(source=CLIENT6)),
    "v2 TCP6 with an IPv4-mapped source": (
        v2(0x21, 0x21, ip_address("::ffff:198.51.100.7").packed + V6[16:]),
        ProxyHeader(source=CLIENT),
    ),
    "v2 UNSPEC": (v2(0x21, 0x00, b""), ProxyHeader()),
    "v2 UDP": (v2(0x21, 0x12, V4), ProxyHeader()),
    "v2 UNIX": (v2(0x21, 0x31, bytes(216) + TLS), None),
    "v2 without TLS at the client": (
        v2(0x21, 0x11, V4 + ssl_tlv(0x00)),
        ProxyHeader(source=CLIENT, tls_word=TlsWord(None)),
    ),
    "v2 with only a certificate flag, which is not TLS": (
        v2(0x21, 0x11, V4 + ssl_tlv(0x06, tlv(0x21, b"TLSv1.3"))),
        ProxyHeader(source=CLIENT, tls_word=TlsWord(None)),
    ),
    "v2 with TLS at the client": (
        v2(0x21, 0x11, V4 + TLS),
        ProxyHeader(
            source=CLIENT,
            tls_word=TlsWord(ProxiedTls(version="TLSv1.3", cipher="TLS_AES_128_GCM_SHA256")),
        ),
    ),
    "v2 with everything, and TLVs that nobody knows": (
        v2(
            0x21,
            0x21,
            V6
            + tlv(0xE0, b"custom")
            + tlv(0x04, b"")
            + tlv(0x01, b"imap")
            + tlv(0x02, "bücher.example".encode())
            + TLS
            + tlv(0x30, b"netns"),
        ),
        ProxyHeader(
            source=CLIENT6,
            tls_word=TlsWord(
                ProxiedTls("TLSv1.3", "TLS_AES_128_GCM_SHA256", "bücher.example", "imap")
            ),
        ),
    ),
    "v2 with an authority and no word about TLS": (
        v2(0x21, 0x11, V4 + tlv(0x02, b"mail.example")),
        ProxyHeader(source=CLIENT),
    ),
    "v2, UNSPEC, with TLS": (
        v2(0x21, 0x00, ssl_tlv(0x01)),
        ProxyHeader(tls_word=TlsWord(ProxiedTls())),
    ),
    "v2 with an authority that is no UTF-8": (
        v2(0x21, 0x11, V4 + ssl_tlv(0x01) + tlv(0x02, b"\xff")),
        ProxyHeader(source=CLIENT, tls_word=TlsWord(ProxiedTls(sni="\\xff"))),
    ),
}
HEADERS["v2 UNIX"] = (
    HEADERS["v2 UNIX"][0],
    ProxyHeader(tls_word=TlsWord(ProxiedTls("TLSv1.3", "TLS_AES_128_GCM_SHA256"))),
)


@pytest.mark.parametrize(("header", "expected"), HEADERS.values(), ids=HEADERS.keys())
def test_a_header_is_understood_however_it_is_split(header: bytes, expected: ProxyHeader) -> None:
    """§2: TCP may fragment the header anywhere; what follows is the client's."""
    for behind in (b"", b"a LOGIN mary secret\r\n", b"\r\n", header):
        preamble = ProxyPreamble()
        assert preamble.receive(header + behind) == expected
        assert preamble.rest == behind
    preamble = ProxyPreamble()
    for octet in itertools.islice(header, len(header) - 1):
        assert preamble.receive(bytes([octet])) is None
    assert preamble.receive(header[-1:] + b"rest") == expected
    assert preamble.rest == b"rest"


@pytest.mark.parametrize(
    "start",
    [
        b"a",
        b"P ",
        b"proxy TCP4 198.51.100.7 192.0.2.1 56324 143\r\n",
        b"PROXY\tTCP4",
        b"PROXY TCP4 198.51.100.7 192.0.2.1 56324 143\n",
        b"PROXY  TCP4 198.51.100.7 192.0.2.1 56324 143\r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2.1  56324 143\r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2.1 56324 143 \r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2.1 56324\r\n",
        b"PROXY TCP4 198.51.100.07 192.0.2.1 56324 143\r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2.1 056324 143\r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2.1 65536 143\r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2.1 56324 65536\r\n",
        b"PROXY TCP4 198.51.100.256 192.0.2.1 56324 143\r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2 56324 143\r\n",
        b"PROXY TCP4 198.51.100.7/32 192.0.2.1 56324 143\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 56324 143\r\n",
        b"PROXY TCP6 198.51.100.7 192.0.2.1 56324 143\r\n",
        b"PROXY TCP6 fe80::1%eth0 2001:db8::1 56324 143\r\n",
        b"PROXY TCP6 2001:db8::7::1 2001:db8::1 56324 143\r\n",
        b"PROXY TCP4 \xd9\xa1.1.1.1 192.0.2.1 56324 143\r\n",
        b"PROXY UDP4 198.51.100.7 192.0.2.1 56324 143\r\n",
        b"PROXY UNKNOWNS\r\n",
        b"PROXY \r\n",
        b"PROXY UNKNOWN " + b"x" * V1_OCTETS,
        b"PROXY TCP4 " + b"1" * V1_OCTETS,
        b"\r\n\r\n\0\r\nQUIT\r",
        v2(0x11, 0x11, V4),
        v2(0x22, 0x11, V4),
        v2(0x21, 0x13, V4),
        v2(0x21, 0x41, V4),
        v2(0x21, 0x10, V4),
        v2(0x21, 0x11, V4[:-1]),
        v2(0x21, 0x21, V4),
        v2(0x21, 0x11, V4 + b"\x20"),
        v2(0x21, 0x11, V4 + b"\x20\0"),
        v2(0x21, 0x11, V4 + b"\x20\0\x06\0\0\0\0\0"),
        v2(0x21, 0x11, V4 + tlv(0x20, b"\x01\0\0\0")),
        v2(0x21, 0x11, V4 + ssl_tlv(0x01, b"\x21\0\xff")),
        v2(0x21, 0x11, V4 + ssl_tlv(0x00, b"\x21\0\xff")),
        v2(0x21, 0x11, V4 + ssl_tlv(0x00) + ssl_tlv(0x01)),
        SIGNATURE + struct.pack("!BBH", 0x21, 0x11, V2_OCTETS),
    ],
)
def test_anything_else_is_refused(start: bytes) -> None:
    """§2: what does not exactly match the protocol makes the receiver abort the connection."""
    with pytest.raises(ProxyError):
        ProxyPreamble().receive(start)
    preamble = ProxyPreamble()
    with pytest.raises(ProxyError):
        list(map(preamble.receive, (bytes([octet]) for octet in start)))


ports = st.integers(0, 65535)
addresses = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.ip_addresses(v=4)),
    st.tuples(st.ip_addresses(v=6), st.ip_addresses(v=6)),
)


@given(addresses, ports, ports)
def test_a_header_that_is_right_is_read(
    ends: tuple[Address, Address], from_port: int, to_port: int
) -> None:
    """§2.1 and §2.2: both versions say the same."""
    source, target = ends
    version = source.version
    client = Source(unmapped(source), from_port)
    line = f"PROXY TCP{version} {source} {target} {from_port} {to_port}\r\n".encode()
    assert ProxyPreamble().receive(line) == ProxyHeader(source=client)
    family = 0x11 if version == 4 else 0x21
    block = source.packed + target.packed + struct.pack("!HH", from_port, to_port)
    assert ProxyPreamble().receive(v2(0x21, family, block)) == ProxyHeader(source=client)


def unmapped(address: Address) -> Address:
    """An IPv4-mapped address as IPv4."""
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address


@given(st.binary(max_size=64), st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE]))
def test_no_octets_raise_anything_but_a_proxy_error(data: bytes, start: bytes) -> None:
    """A parser raises only its own error."""
    with contextlib.suppress(ProxyError):
        ProxyPreamble().receive(start + data)


@given(st.binary(max_size=300))
def test_no_tlvs_raise_anything_but_a_proxy_error(data: bytes) -> None:
    """A parser raises only its own error."""
    with contextlib.suppress(ProxyError):
        ProxyPreamble().receive(v2(0x21, 0x11, V4 + data))
