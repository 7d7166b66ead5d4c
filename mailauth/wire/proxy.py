"""The PROXY protocol, versions 1 and 2, as its receiver (proxy-protocol.txt of HAProxy).

A connection begins with one header, split anywhere; the client's data follow it. Which peers may
send one is decided elsewhere.
"""

import re
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

import msgspec

from mailauth.wire.networks import Address, parse_address

V1_OCTETS = 107  # §2.1: the longest line, CRLF included
V2_OCTETS = 16 + 8192  # §2.2 allows 64 KiB; a client certificate with its names fits into this

_V1_START = b"PROXY "
_V1_LINE = re.compile(rb"PROXY TCP([46]) ([^ %/]+) ([^ %/]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})\r\n")
_V1_UNKNOWN = re.compile(rb"PROXY UNKNOWN( .*)?\r\n", re.DOTALL)

_V2_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_V2_FIXED = struct.Struct("!12sBBH")
_V2_LOCAL, _V2_PROXY = 0x20, 0x21

_UNSPEC = 0x00
_TCP4, _UDP4, _TCP6, _UDP6, _UNIX_STREAM, _UNIX_DGRAM = 0x11, 0x12, 0x21, 0x22, 0x31, 0x32
_ADDRESS_OCTETS = {
    _UNSPEC: 0,
    _TCP4: 12,
    _UDP4: 12,
    _TCP6: 36,
    _UDP6: 36,
    _UNIX_STREAM: 216,
    _UNIX_DGRAM: 216,
}

_PP2_TYPE_ALPN = 0x01
_PP2_TYPE_AUTHORITY = 0x02
_PP2_TYPE_SSL = 0x20
_PP2_SUBTYPE_SSL_VERSION = 0x21
_PP2_SUBTYPE_SSL_CIPHER = 0x23
_PP2_CLIENT_SSL = 0x01
_SSL_FIXED_OCTETS = 5  # the client and verify fields


class ProxyError(Exception):
    """The input is not a valid PROXY header; the connection must be dropped."""


class Source(msgspec.Struct, frozen=True):
    """The client that connected to the proxy."""

    address: Address
    port: int


class ProxiedTls(msgspec.Struct, frozen=True):
    """The TLS session between client and proxy, as far as the proxy describes it."""

    version: str | None = None
    cipher: str | None = None
    sni: str | None = None
    alpn: str | None = None


class TlsWord(msgspec.Struct, frozen=True):
    """The proxy's statement about TLS to its client: a session, or `None` for cleartext."""

    session: ProxiedTls | None


class ProxyHeader(msgspec.Struct, frozen=True):
    """A parsed header.

    Without a `source`, the real endpoints of the connection are used. Without a `tls_word`, the
    proxy said nothing about TLS. `is_local` marks the proxy's own connection, for example a health
    check (§2.2).
    """

    source: Source | None = None
    tls_word: TlsWord | None = None
    is_local: bool = False


class ProxyPreamble:
    """Reads the header from the front of a connection."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._used = 0

    def receive(self, data: bytes) -> ProxyHeader | None:
        """Take a segment; return the header when it is complete. Raises `ProxyError`."""
        self._buffer += data
        if self._begins_like(_V2_SIGNATURE):
            return self._version_2()
        if self._begins_like(_V1_START):
            return self._version_1()
        raise ProxyError("no PROXY header")

    @property
    def rest(self) -> bytes:
        """The data that followed the header."""
        return bytes(self._buffer[self._used :])

    def _begins_like(self, start: bytes) -> bool:
        return start.startswith(bytes(self._buffer[: len(start)]))

    def _version_1(self) -> ProxyHeader | None:
        line_feed = self._buffer.find(b"\n", 0, V1_OCTETS)
        while line_feed > 0 and self._buffer[line_feed - 1] != ord("\r"):
            if not self._begins_like(b"PROXY UNKNOWN"):
                raise ProxyError("version 1: a line feed without a carriage return")
            line_feed = self._buffer.find(b"\n", line_feed + 1, V1_OCTETS)
        if line_feed < 0:
            if len(self._buffer) >= V1_OCTETS:
                raise ProxyError(f"version 1: no CRLF in the first {V1_OCTETS} octets")
            return None
        self._used = line_feed + 1
        return _header_of_line(bytes(self._buffer[: self._used]))

    def _version_2(self) -> ProxyHeader | None:
        if len(self._buffer) < _V2_FIXED.size:
            return None
        _, command, family, length = _V2_FIXED.unpack_from(self._buffer)
        if command not in (_V2_LOCAL, _V2_PROXY):
            raise ProxyError(f"version 2: unknown version and command 0x{command:02x}")
        size = _V2_FIXED.size + length
        if size > V2_OCTETS:
            raise ProxyError(f"version 2: a header of {size} octets, more than {V2_OCTETS}")
        if len(self._buffer) < size:
            return None
        self._used = size
        if command == _V2_LOCAL:
            return ProxyHeader(is_local=True)
        return _header_of_block(family, bytes(self._buffer[_V2_FIXED.size : size]))


def _header_of_line(line: bytes) -> ProxyHeader:
    """Parse version 1 (§2.1): textual addresses, nothing about TLS."""
    if _V1_UNKNOWN.fullmatch(line):
        return ProxyHeader()
    found = _V1_LINE.fullmatch(line)
    if found is None:
        raise ProxyError("version 1: not the form of a header")
    family, source, destination, *ports = found.groups()
    kind = IPv4Address if family == b"4" else IPv6Address
    try:
        for text in (source, destination):
            kind(text.decode("ascii"))
    except ValueError:
        raise ProxyError(f"version 1: not an address of TCP{family.decode()}") from None
    source_port, destination_port = map(int, ports)
    if max(source_port, destination_port) > 65535:
        raise ProxyError("version 1: a port above 65535")
    return ProxyHeader(source=Source(parse_address(source.decode("ascii")), source_port))


def _header_of_block(family: int, block: bytes) -> ProxyHeader:
    """Parse version 2 (§2.2): binary addresses, then TLVs.

    Addresses that are not of TCP are skipped, so that the real endpoints are used.
    """
    octets = _ADDRESS_OCTETS.get(family)
    if octets is None:
        raise ProxyError(f"version 2: unknown family and protocol 0x{family:02x}")
    if len(block) < octets:
        raise ProxyError("version 2: shorter than its addresses")
    source = None
    if family == _TCP4:
        source = Source(IPv4Address(block[:4]), int.from_bytes(block[8:10]))
    elif family == _TCP6:
        address = parse_address(str(IPv6Address(block[:16])))
        source = Source(address, int.from_bytes(block[32:34]))
    return ProxyHeader(source=source, tls_word=_tls_word(block[octets:]))


def _tls_word(block: bytes) -> TlsWord | None:
    """Parse PP2_TYPE_SSL (§2.2.6), and other TLVs about the same TLS session."""
    found: dict[int, bytes] = {}
    for kind, value in _tlvs(block):
        if kind == _PP2_TYPE_SSL and kind in found:
            raise ProxyError("version 2: two words about TLS")
        found[kind] = value
    ssl = found.get(_PP2_TYPE_SSL)
    if ssl is None:
        return None
    if len(ssl) < _SSL_FIXED_OCTETS:
        raise ProxyError("version 2: PP2_TYPE_SSL is cut short")
    inner = dict(_tlvs(ssl[_SSL_FIXED_OCTETS:]))
    if not ssl[0] & _PP2_CLIENT_SSL:
        return TlsWord(session=None)
    return TlsWord(
        session=ProxiedTls(
            version=_text(inner.get(_PP2_SUBTYPE_SSL_VERSION)),
            cipher=_text(inner.get(_PP2_SUBTYPE_SSL_CIPHER)),
            sni=_text(found.get(_PP2_TYPE_AUTHORITY)),
            alpn=_text(found.get(_PP2_TYPE_ALPN)),
        )
    )


def _tlvs(block: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield types and values; the length has two octets (§2.2)."""
    start = 0
    while start < len(block):
        end = start + 3 + int.from_bytes(block[start + 1 : start + 3])
        if start + 3 > len(block) or end > len(block):
            raise ProxyError("version 2: a TLV that is longer than the header")
        yield block[start], block[start + 3 : end]
        start = end


def _text(value: bytes | None) -> str | None:
    """Decode text that may come from a client; octets that are not UTF-8 are escaped."""
    return None if value is None else value.decode("utf-8", "backslashreplace")
