"""The PROXY protocol on every listener: who the client is, and whether its hop is protected."""

import contextlib
import socket
import struct
import time
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from mailauth.login.event import Kind
from mailauth.login.hop import Security
from mailauth.testing import RunningServer
from tests.live.support.raw_clients import BARE, STARTTLS, Bare, begin, start_tls
from tests.live.support.watching import Watched

LISTENER = """
[[listener]]
name = "{name}"
protocol = "{protocol}"
port = 0
tls = "{tls}"
proxy_from = ["127.0.0.1"]
"""


def _tls(bare: Bare) -> str:
    if bare.implicit:
        return "implicit"
    return "none" if bare.protocol == "HTTP" else "starttls"


CONFIGURATION = (
    '[[user]]\nname = "mary@mydomain.com"\npassword = "secret"\n'
    '[geoip.overrides]\n"198.51.100.0/24" = "Wonderland"\n'
    + "".join(
        LISTENER.format(name=bare.listener, protocol=bare.protocol.lower(), tls=_tls(bare))
        for bare in BARE
    )
)

V1 = b"PROXY TCP4 198.51.100.7 192.0.2.1 56324 143\r\n"


def v2(*tlvs: bytes, source: str = "198.51.100.7") -> bytes:
    address = ip_address(source)
    family = 0x11 if address.version == 4 else 0x21
    block = address.packed * 2 + struct.pack("!HH", 56324, 143) + b"".join(tlvs)
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", 0x21, family, len(block)) + block


def tlv(kind: int, value: bytes) -> bytes:
    return struct.pack("!BH", kind, len(value)) + value


NOT_TLS = tlv(0x20, b"\0" + bytes(4))
TLS = tlv(0x20, b"\x01" + bytes(4) + tlv(0x21, b"TLSv1.2") + tlv(0x23, b"ECDHE-RSA-AES128-SHA"))
SNI = tlv(0x02, b"mail.example")
LOCAL = b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", 0x20, 0, 0)


@pytest.fixture(scope="module")
def behind_proxies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("proxied")
    (home / "mailauth.toml").write_text(CONFIGURATION)
    with RunningServer(home) as running:
        yield running


@pytest.fixture
def proxied(behind_proxies: RunningServer) -> Watched:
    """A server whose every listener takes the word of 127.0.0.1."""
    return Watched(behind_proxies)


def connect(
    server: RunningServer, bare: Bare, header: bytes, source: str = "127.0.0.1"
) -> socket.socket:
    address = ("127.0.0.1", server.port(bare.listener))
    connection = socket.create_connection(address, 20, source_address=(source, 0))
    connection.sendall(header)
    return connection


@pytest.mark.parametrize("bare", BARE, ids=str)
@pytest.mark.parametrize("header", [V1, v2()], ids=["v1", "v2"])
def test_the_client_is_who_the_proxy_says(proxied: Watched, bare: Bare, header: bytes) -> None:
    """A header without a word about TLS leaves the verdict to our transport."""
    with connect(proxied.server, bare, header) as connection:
        client = begin(connection, bare, proxied.server.trusting())
        assert bare.log_in(client, b"secret")
        client.close()
    (line,) = proxied.logins()
    assert (line.address, line.origin, line.secure) == (
        "198.51.100.7",
        "Wonderland",
        bare.implicit,
    )
    (event,) = proxied.events()
    assert (event.ip, event.port, event.peer) == ("198.51.100.7", 56324, "127.0.0.1")


@pytest.mark.parametrize("bare", BARE, ids=str)
def test_the_proxy_says_that_its_client_uses_tls(proxied: Watched, bare: Bare) -> None:
    """DESIGN 2.3: SECURE, by the proxy's word, whatever our own hop is."""
    with connect(proxied.server, bare, v2(TLS, SNI)) as connection:
        client = begin(connection, bare, proxied.server.trusting())
        assert bare.log_in(client, b"secret")
        client.close()
    (event,) = proxied.events()
    assert (event.secure, event.security) == (True, Security.PROXIED)
    assert (event.tls_version, event.tls_cipher) == ("TLSv1.2", "ECDHE-RSA-AES128-SHA")
    assert event.tls_sni == "mail.example"
    assert event.exposed is False


@pytest.mark.parametrize("bare", BARE, ids=str)
def test_the_proxy_says_that_its_client_uses_none(proxied: Watched, bare: Bare) -> None:
    """DESIGN 2.3: UNSECURE, also when the proxy opened implicit TLS to us."""
    with connect(proxied.server, bare, v2(NOT_TLS)) as connection:
        client = begin(connection, bare, proxied.server.trusting())
        assert bare.log_in(client, b"secret")
        client.close()
    (event,) = proxied.events()
    assert (event.secure, event.security) == (False, Security.CLEARTEXT)
    assert event.exposed is True


@pytest.mark.parametrize("bare", STARTTLS, ids=str)
@pytest.mark.parametrize("header", [V1, v2(NOT_TLS)], ids=["v1", "not-tls"])
def test_starttls_behind_a_proxy_is_the_clients_own(
    proxied: Watched, bare: Bare, header: bytes
) -> None:
    """DESIGN 2.3: a proxy that passes bytes cannot begin it."""
    with connect(proxied.server, bare, header) as connection:
        client = begin(connection, bare, proxied.server.trusting())
        client = start_tls(client, bare, proxied.server.trusting())
        assert bare.log_in(client, b"secret")
        client.close()
    (event,) = proxied.events()
    assert (event.secure, event.security) == (True, Security.STARTTLS)
    assert (event.ip, event.peer) == ("198.51.100.7", "127.0.0.1")


@pytest.mark.parametrize("bare", BARE, ids=str)
def test_a_header_in_pieces(proxied: Watched, bare: Bare) -> None:
    """TCP may cut it anywhere."""
    header = v2(tlv(0xE5, b"nobody knows this"), NOT_TLS, source="2001:db8::7")
    with connect(proxied.server, bare, b"") as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(header), 5):
            connection.sendall(header[start : start + 5])
            time.sleep(0.001)
        client = begin(connection, bare, proxied.server.trusting())
        assert bare.log_in(client, b"secret")
        client.close()
    (line,) = proxied.logins()
    assert (line.address, line.origin) == ("2001:db8::7", "Unknown")


@pytest.mark.parametrize("bare", BARE, ids=str)
def test_a_local_connection_is_the_proxys_own(proxied: Watched, bare: Bare) -> None:
    """LOCAL: the real ends count."""
    with connect(proxied.server, bare, LOCAL) as connection:
        client = begin(connection, bare, proxied.server.trusting())
        assert bare.log_in(client, b"secret")
        client.close()
    (event,) = proxied.events()
    assert (event.ip, event.peer, event.secure) == ("127.0.0.1", None, bare.implicit)


@pytest.mark.parametrize("bare", BARE, ids=str)
def test_anybody_else_is_not_believed(proxied: Watched, bare: Bare) -> None:
    """DESIGN 2.3: from a peer that is not configured a header is an ordinary bad command."""
    with connect(proxied.server, bare, b"", "127.0.0.2") as connection:
        client = begin(connection, bare, proxied.server.trusting())
        client.say(V1.rstrip())
        if bare.protocol == "HTTP":
            assert client.hear(b"HTTP/1.1 ").startswith(b"HTTP/1.1 400")
        else:
            client.hear(b"* BAD", b"PROXY BAD", b"-ERR", b"5")
            assert bare.log_in(client, b"secret")
        client.close()
    for line in proxied.logins():
        assert (line.address, line.secure) == ("127.0.0.2", bare.implicit)
    assert len(proxied.logins()) == (bare.protocol != "HTTP")


@pytest.mark.parametrize("bare", BARE, ids=str)
@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET / HTTP/1.1\r\n",
        b"PROXY TCP4 1.2.3.4\r\n",
        b"PROXY " + b"x" * 200,
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
        b"\x16\x03\x01\x02\x00\x01",
    ],
)
def test_a_proxy_without_a_header(proxied: Watched, bare: Bare, nonsense: bytes) -> None:
    """Too long or malformed: closed, one diagnostic, one record."""
    before = len(proxied.server.stderr_file.read_text().splitlines())
    with (
        connect(proxied.server, bare, nonsense) as connection,
        contextlib.suppress(ConnectionResetError),
    ):
        assert connection.recv(100) == b""
    (event,) = proxied.events()
    assert event.kind is Kind.CONNECTION
    assert (event.reason or "").startswith("proxy-header-malformed: ")
    diagnostics = proxied.server.stderr_file.read_text().splitlines()[before:]
    assert len(diagnostics) == 1
    assert "127.0.0.1 must send a PROXY header" in diagnostics[0]
