"""HTTP on the link: what is below it decides the verdict (DESIGN 2.3)."""

from datetime import UTC, datetime

import pytest

from mailauth.certs.server import Store, prepare
from mailauth.config import ListenerConfig, TlsConfig, TlsMode
from mailauth.login.event import Service
from mailauth.login.hop import Security
from mailauth.net.deadlines import DeadlineWheel
from mailauth.net.link import Link
from mailauth.net.listener import Listener
from mailauth.net.preamble import socket_endpoints
from mailauth.net.tls_context import server_context
from mailauth.wire.networks import Network, parse_network
from tests.support.handshake import trusting
from tests.support.memory_socket import MemorySocket, TlsClient
from tests.web.browser import Server, basic, read

REQUEST = "GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\n\r\n"
ME = REQUEST.format(basic("bob")["Authorization"]).encode()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A CA and a certificate of localhost by it."""
    return prepare(tmp_path_factory.mktemp("home"), "localhost", TlsConfig(), datetime.now(UTC))


class Wire:
    """A listener of a server's, and connections to it."""

    def __init__(self, server: Server, certificates: Store) -> None:
        self.server = server
        self._context = server_context(certificates.certificate, certificates.key, Service.HTTP)
        self._trusting = trusting(certificates.ca)

    def connect(self, tls: TlsMode, *proxy_from: Network, host: str = "192.0.2.7") -> MemorySocket:
        """Connect to a listener made for this connection."""
        listener = Listener(
            ListenerConfig(
                name="web",
                protocol="http",
                port=5272,
                tls=tls,
                proxy_from=proxy_from,
            ),
            self.server.authority,
            lambda listener, _: self.server.site.channel(listener.policy),
            wheel=DeadlineWheel(self.server.clock),
            context=lambda: self._context,
        )
        wire = MemorySocket(self.server.clock)
        wire.connect(Link(listener, socket_endpoints(host, 49152)))
        return wire

    def handshake(self, wire: MemorySocket) -> TlsClient:
        """Complete a handshake."""
        client = TlsClient(wire, self._trusting)
        client.shake_hands()
        return client


@pytest.fixture
def wire(server: Server, certificates: Store) -> Wire:
    return Wire(server, certificates)


def facts(server: Server) -> tuple[bool | None, Security | None, str | None, str | None]:
    [login] = server.recorder.logins
    return login.secure, login.security, login.ip, login.peer


def test_in_the_clear(server: Server, wire: Wire) -> None:
    plain = wire.connect(TlsMode.NONE)
    plain.deliver(ME)
    assert read(bytes(plain.received)).status == 200
    assert facts(server) == (False, Security.CLEARTEXT, "192.0.2.7", None)


def test_over_tls(server: Server, wire: Wire) -> None:
    client = wire.handshake(wire.connect(TlsMode.IMPLICIT))
    assert read(client.send(ME)).status == 200
    assert facts(server) == (True, Security.IMPLICIT, "192.0.2.7", None)
    assert server.recorder.logins[0].tls_version == "TLSv1.3"


@pytest.mark.parametrize(("tls", "secure"), [(TlsMode.NONE, False), (TlsMode.IMPLICIT, True)])
def test_behind_a_proxy_that_says_nothing_about_tls(
    server: Server, wire: Wire, tls: TlsMode, secure: bool
) -> None:
    proxied = wire.connect(tls, parse_network("192.0.2.7"))
    proxied.deliver(b"PROXY TCP4 198.51.100.9 192.0.2.1 4711 443\r\n")
    if secure:
        assert read(wire.handshake(proxied).send(ME)).status == 200
    else:
        proxied.deliver(ME)
    login = facts(server)
    assert (login[0], login[2], login[3]) == (secure, "198.51.100.9", "192.0.2.7")


def test_an_http_proxy_behind_a_tcp_proxy(certificates: Store) -> None:
    """Whom the PROXY header names is who speaks HTTP to us, and may be a trusted proxy itself."""
    server = Server(forwarded_from=["198.51.100.9/32"])
    wire = Wire(server, certificates)
    proxied = wire.connect(TlsMode.NONE, parse_network("192.0.2.7"))
    proxied.deliver(b"PROXY TCP4 198.51.100.9 192.0.2.1 4711 443\r\n")
    proxied.deliver(ME[:-2] + b"Forwarded: for=203.0.113.5;proto=https\r\n\r\n")
    assert facts(server) == (True, Security.PROXIED, "203.0.113.5", "192.0.2.7")


def test_tls_on_the_cleartext_port_is_recorded_once(server: Server, wire: Wire) -> None:
    plain = wire.connect(TlsMode.NONE)
    plain.deliver(b"\x16\x03\x01\x02\x00\x01")
    [ended] = server.recorder.events
    assert ended.reason == "tls-on-cleartext-port"
    assert bytes(plain.received) == b""


def test_cleartext_on_the_tls_port_is_recorded_once(server: Server, wire: Wire) -> None:
    wire.connect(TlsMode.IMPLICIT).deliver(ME)
    [ended] = server.recorder.events
    assert ended.reason == "cleartext-on-tls-port"
    assert server.recorder.logins == []


def test_a_closed_connection_is_not_recorded(server: Server, wire: Wire) -> None:
    """DESIGN 2.2: neither one without a byte nor one whose request was answered."""
    wire.connect(TlsMode.NONE).reset()
    answered = wire.connect(TlsMode.NONE)
    answered.deliver(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answered.half_close()
    assert server.recorder.events == []


def test_an_alert_in_place_of_a_request_is_recorded(server: Server, wire: Wire) -> None:
    """A client that refuses the certificate when the handshake is over."""
    wire.handshake(wire.connect(TlsMode.IMPLICIT)).send_an_alert()
    [ended] = server.recorder.events
    assert ended.reason == "tls-handshake-failed: sslv3 alert bad record mac"


def test_an_alert_after_an_answer_is_not_recorded(server: Server, wire: Wire) -> None:
    """DESIGN 2.2: never for a connection that had a request answered."""
    client = wire.handshake(wire.connect(TlsMode.IMPLICIT))
    assert read(client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")).status == 200
    client.send_an_alert()
    assert server.recorder.events == []


def test_a_request_that_is_none_is_recorded_once(server: Server, wire: Wire) -> None:
    plain = wire.connect(TlsMode.NONE)
    plain.deliver(b"nonsense\r\n\r\n" * 3)
    assert bytes(plain.received).startswith(b"HTTP/1.1 400 ")
    assert [event.reason for event in server.recorder.events] == ["malformed-request"]


def test_pipelined_requests_over_tls(server: Server, wire: Wire) -> None:
    client = wire.handshake(wire.connect(TlsMode.IMPLICIT))
    received = client.send(ME * 50)
    assert received.count(b"HTTP/1.1 200 OK") == 50
    assert len(server.recorder.logins) == 1
