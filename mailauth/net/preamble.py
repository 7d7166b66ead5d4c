"""Who is connected: the socket's other end, or the client that a trusted proxy reports."""

import msgspec

from mailauth.login.hop import CLEARTEXT, Hop, TlsFacts, proxy_said
from mailauth.wire.networks import Network, parse_address, within, written
from mailauth.wire.proxy import ProxyHeader


class Endpoints(msgspec.Struct, frozen=True):
    """The client, its hop as far as it is known, and the peer if that is a proxy.

    `is_check` means that the proxy connected for itself.
    """

    ip: str
    port: int
    hop: Hop = CLEARTEXT
    peer: str | None = None
    is_check: bool = False


def socket_endpoints(host: str, port: int) -> Endpoints:
    """Return the peer as the client; IPv4-mapped IPv6 becomes IPv4, and a zone is dropped."""
    return Endpoints(ip=written(parse_address(host)) if ":" in host else host, port=port)


def must_send_header(endpoints: Endpoints, proxy_from: tuple[Network, ...]) -> bool:
    """Return whether the peer is a proxy of the listener; only then must it send a header."""
    return bool(proxy_from) and within(parse_address(endpoints.ip), proxy_from)


def proxied_endpoints(socket: Endpoints, header: ProxyHeader) -> Endpoints:
    """Return the client and the TLS of its hop as a trusted proxy reports them."""
    hop = CLEARTEXT
    if header.tls_word is not None:
        session = header.tls_word.session
        if session is None:
            hop = proxy_said(None)
        else:
            hop = proxy_said(TlsFacts(session.version, session.cipher, session.sni, session.alpn))
    if header.source is None:
        return Endpoints(ip=socket.ip, port=socket.port, hop=hop, is_check=header.is_local)
    source = header.source
    return Endpoints(ip=written(source.address), port=source.port, hop=hop, peer=socket.ip)
