"""The client's hop: the stretch of network its secret travelled, and whether TLS protected it.

This is the only place that knows what makes a login SECURE. `secure` has two authors:
`handshake_completed`, called where a TLS handshake on our socket has completed, and `proxy_said`,
called where the word of a trusted proxy is read. Addresses play no part: loopback and LAN are as
cleartext as the Internet.
"""

import enum
from collections.abc import Mapping

import msgspec


class Security(enum.StrEnum):
    """How the client's hop is protected, in the words of the journal."""

    CLEARTEXT = "cleartext"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    PROXIED = "proxied"
    TLS = "tls"  # at another server, whose log does not tell how it began


class TlsFacts(msgspec.Struct, frozen=True):
    """What a TLS session was negotiated to be; `None` is what is not known (a proxy's session)."""

    version: str | None = None
    cipher: str | None = None
    sni: str | None = None
    alpn: str | None = None


class Hop(msgspec.Struct, frozen=True):
    """The client's hop as it stands now.

    `channel_bindings` (RFC 5929), by the name of their type, and `certificate_names`, those of the
    client's verified certificate, come from a handshake on our own socket alone.
    """

    secure: bool = False
    security: Security = Security.CLEARTEXT
    tls: TlsFacts | None = None
    vouched_by_proxy: bool = False
    channel_bindings: Mapping[str, bytes] = {}
    certificate_names: tuple[str, ...] = ()


CLEARTEXT = Hop()


class Handshake(msgspec.Struct, frozen=True):
    """What a completed handshake on our socket has established."""

    tls: TlsFacts
    channel_bindings: Mapping[str, bytes] = {}
    certificate_names: tuple[str, ...] = ()


def handshake_completed(hop: Hop, handshake: Handshake, *, implicit: bool) -> Hop:
    """Say what a completed handshake on our socket proves of the client's hop.

    An implicit handshake may be the proxy's own, so behind a proxy that has spoken about TLS its
    word stands. A STARTTLS handshake can only be the client's: a proxy that passes bytes cannot
    begin one.
    """
    if implicit and hop.vouched_by_proxy:
        return hop
    return Hop(
        secure=True,
        security=Security.IMPLICIT if implicit else Security.STARTTLS,
        tls=handshake.tls,
        vouched_by_proxy=hop.vouched_by_proxy,
        channel_bindings=handshake.channel_bindings,
        certificate_names=handshake.certificate_names,
    )


def proxy_said(tls: TlsFacts | None) -> Hop:
    """Take a trusted proxy's word: its client's hop has this TLS session, or none."""
    if tls is None:
        return Hop(vouched_by_proxy=True)
    return Hop(secure=True, security=Security.PROXIED, tls=tls, vouched_by_proxy=True)
