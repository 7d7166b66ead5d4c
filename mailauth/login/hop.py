"""The client's hop: the part of the network that its secret crossed, and whether TLS protected it.

Only this module decides what makes a login SECURE. `secure` has two authors: `handshake_completed`,
called when a TLS handshake on our socket has completed, and `proxy_said`, called when the header of
a trusted proxy is read. Addresses do not matter: loopback and LAN are as cleartext as the Internet.
"""

import enum
from collections.abc import Mapping

import msgspec


class Security(enum.StrEnum):
    """How the client's hop is protected, in the terms of the journal."""

    CLEARTEXT = "cleartext"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    PROXIED = "proxied"
    TLS = "tls"  # at another server, whose log does not say how it began


class TlsFacts(msgspec.Struct, frozen=True):
    """What a TLS session has negotiated; `None` is unknown (in a proxy's session)."""

    version: str | None = None
    cipher: str | None = None
    sni: str | None = None
    alpn: str | None = None


class Hop(msgspec.Struct, frozen=True):
    """The current state of the client's hop.

    `channel_bindings` (RFC 5929) are by type, and `certificate_names` are those of the client's
    verified certificate. Only a handshake on our own socket provides them.
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
    """Return the hop after a completed handshake on our socket.

    An implicit handshake may be the proxy's own, so if a proxy has reported on TLS, its report
    counts. A STARTTLS handshake can only be the client's: a proxy that passes bytes cannot begin
    one.
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
    """Return the hop that a trusted proxy reports: its client has this TLS session, or none."""
    if tls is None:
        return Hop(vouched_by_proxy=True)
    return Hop(secure=True, security=Security.PROXIED, tls=tls, vouched_by_proxy=True)
