"""The link: PROXY header, handshakes, and what is recorded when they fail. TLS is real."""

import ssl
import struct
from ipaddress import IPv4Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import protocol

from mailauth.certs.server import Store
from mailauth.config import TlsMode
from mailauth.login.hop import Security
from mailauth.net.link import LINGER_OCTETS, Link
from mailauth.net.listener import Listener
from tests.net.conftest import Toys
from tests.support.memory_socket import TlsClient

LOCAL = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
PROXIES = (IPv4Network("127.0.0.0/8"),)
V1 = b"PROXY TCP4 198.51.100.7 192.0.2.1 56324 143\r\n"
V4 = bytes([198, 51, 100, 7, 192, 0, 2, 1]) + struct.pack("!HH", 56324, 143)
TLS12 = struct.pack("!BH", 0x21, 7) + b"TLSv1.2"


def v2(*tlvs: bytes) -> bytes:
    block = V4 + b"".join(tlvs)
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", 0x21, 0x11, len(block)) + block


def ssl_tlv(client: int, inner: bytes = b"") -> bytes:
    return struct.pack("!BHBI", 0x20, 5 + len(inner), client, 0) + inner


# The verdict, row by row of DESIGN 2.3.


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "10.0.0.1", "192.0.2.7"])
def test_a_login_before_tls_is_not_secure_wherever_it_comes_from(toys: Toys, host: str) -> None:
    """DESIGN 2.3: loopback and LAN included."""
    wire = toys.connect(host=host)
    wire.deliver(b"LOGIN mary secret\r\n")
    assert wire.received == b"HELLO\r\nIN\r\n"
    assert (toys.logins[0].secure, toys.logins[0].security) == (False, Security.CLEARTEXT)
    assert toys.logins[0].ip == host


@pytest.mark.parametrize("chunk", [1 << 20, 1])
def test_a_completed_handshake_makes_it_secure(toys: Toys, chunk: int) -> None:
    """DESIGN 2.3, STARTTLS; the handshake may come byte by byte."""
    wire = toys.connect()
    wire.deliver(b"STARTTLS\r\n")
    assert wire.received == b"HELLO\r\nGO\r\n"
    wire.received.clear()
    client = toys.tls(wire)
    client.shake_hands(chunk=chunk)
    assert client.send(b"LOGIN mary secret\r\n") == b"IN\r\n"
    login = toys.logins[0]
    assert (login.secure, login.security) == (True, Security.STARTTLS)
    assert (login.tls_version, login.tls_sni) == ("TLSv1.3", "localhost")


@pytest.mark.parametrize("chunk", [1 << 20, 1])
def test_an_implicit_handshake_makes_it_secure(toys: Toys, chunk: int) -> None:
    """DESIGN 2.3; the greeting comes after the handshake."""
    wire = toys.connect(toys.listener(TlsMode.IMPLICIT))
    assert wire.received == b""
    assert toys.cores == []
    client = toys.tls(wire)
    client.shake_hands(chunk=chunk)
    assert client.read() == b"HELLO\r\n"
    assert client.send(b"LOGIN mary secret\r\n") == b"IN\r\n"
    assert (toys.logins[0].secure, toys.logins[0].security) == (True, Security.IMPLICIT)


def test_what_comes_with_the_end_of_the_handshake_is_read(toys: Toys) -> None:
    """A client need not wait after its Finished."""
    wire = toys.connect(toys.listener(TlsMode.IMPLICIT))
    client = toys.tls(wire)
    with pytest.raises(ssl.SSLWantReadError):
        client._tls.do_handshake()
    client._exchange()
    client._tls.do_handshake()
    client.encrypt(b"LOGIN mary secret\r\n")
    assert client.read() == b"HELLO\r\nIN\r\n"


@pytest.mark.parametrize("tls", [TlsMode.NONE, TlsMode.STARTTLS])
@pytest.mark.parametrize("segments", ["one", "bytes"])
def test_a_proxy_that_says_tls_makes_it_secure(toys: Toys, tls: TlsMode, segments: str) -> None:
    """DESIGN 2.3: PP2_TYPE_SSL with PP2_CLIENT_SSL."""
    wire = toys.connect(toys.listener(tls, PROXIES), "127.0.0.1")
    sent = v2(ssl_tlv(1, TLS12)) + b"LOGIN mary secret\r\n"
    for segment in [sent] if segments == "one" else [sent[i : i + 1] for i in range(len(sent))]:
        wire.deliver(segment)
    login = toys.logins[0]
    assert (login.secure, login.security, login.tls_version) == (True, Security.PROXIED, "TLSv1.2")
    assert (login.ip, login.port, login.peer) == ("198.51.100.7", 56324, "127.0.0.1")


def test_a_proxy_that_says_no_tls_is_believed_though_it_speaks_tls_itself(toys: Toys) -> None:
    """DESIGN 2.3: PP2_TYPE_SSL without PP2_CLIENT_SSL, over implicit TLS."""
    wire = toys.connect(toys.listener(TlsMode.IMPLICIT, PROXIES), "127.0.0.1")
    wire.deliver(v2(ssl_tlv(0)))
    client = toys.tls(wire)
    client.shake_hands()
    client.send(b"LOGIN mary secret\r\n")
    assert (toys.logins[0].secure, toys.logins[0].security) == (False, Security.CLEARTEXT)


def test_starttls_through_a_proxy_that_says_no_tls_is_the_clients_own(toys: Toys) -> None:
    """DESIGN 2.3: a proxy that passes bytes cannot begin TLS."""
    wire = toys.connect(toys.listener(TlsMode.STARTTLS, PROXIES), "127.0.0.1")
    wire.deliver(v2(ssl_tlv(0)) + b"STARTTLS\r\n")
    wire.received.clear()
    client = toys.tls(wire)
    client.shake_hands()
    client.send(b"LOGIN mary secret\r\n")
    assert (toys.logins[0].secure, toys.logins[0].security) == (True, Security.STARTTLS)


@pytest.mark.parametrize(
    "header",
    [V1, v2(), LOCAL, b"PROXY UNKNOWN\r\n"],
    ids=["v1", "v2", "LOCAL", "UNKNOWN"],
)
@pytest.mark.parametrize("tls", [TlsMode.NONE, TlsMode.IMPLICIT])
def test_a_header_without_a_word_about_tls_leaves_it_to_our_transport(
    toys: Toys, header: bytes, tls: TlsMode
) -> None:
    """DESIGN 2.3."""
    wire = toys.connect(toys.listener(tls, PROXIES), "127.0.0.1")
    wire.deliver(header)
    if tls is TlsMode.IMPLICIT:
        client = toys.tls(wire)
        client.shake_hands()
        client.send(b"LOGIN mary secret\r\n")
    else:
        wire.deliver(b"LOGIN mary secret\r\n")
    login = toys.logins[0]
    assert login.secure is (tls is TlsMode.IMPLICIT)
    told = header in (V1, v2())
    assert (login.ip, login.peer) == (
        ("198.51.100.7", "127.0.0.1") if told else ("127.0.0.1", None)
    )


@pytest.mark.parametrize("tls", [TlsMode.STARTTLS, TlsMode.IMPLICIT])
@pytest.mark.parametrize(
    "sent", [b"", b"CAPABILITY\r\n", b"STARTTLS\r\n", b"STARTTLS\r\nnonsense", b"\x16\x03\x01"]
)
@pytest.mark.parametrize("way", ["reset", "timeout"])
def test_a_proxys_health_check_leaves_no_record(
    toys: Toys, tls: TlsMode, sent: bytes, way: str
) -> None:
    """proxy-protocol.txt §2.2: LOCAL is sent on nobody's behalf, and comes every second."""
    wire = toys.connect(toys.listener(tls, PROXIES), "127.0.0.1")
    wire.deliver(LOCAL + sent)
    if way == "reset":
        wire.reset()
    else:
        toys.pass_time(10_000)
    assert toys.reasons == []


def test_a_header_from_anybody_else_is_a_bad_command(toys: Toys) -> None:
    """DESIGN 2.3: never believed."""
    wire = toys.connect(toys.listener(TlsMode.STARTTLS, PROXIES), "192.0.2.7")
    wire.deliver(V1 + b"LOGIN mary secret\r\n")
    assert wire.received == b"HELLO\r\nWHAT?\r\nIN\r\n"
    assert (toys.logins[0].secure, toys.logins[0].ip) == (False, "192.0.2.7")


def test_a_binary_header_from_anybody_else_is_bad_commands(toys: Toys) -> None:
    """DESIGN 2.3; the signature has a line QUIT, so that servers close."""
    wire = toys.connect(toys.listener(TlsMode.STARTTLS, PROXIES), "192.0.2.7")
    wire.deliver(v2(ssl_tlv(1)) + b"\r\nLOGIN mary secret\r\n")
    assert wire.received == b"HELLO\r\nWHAT?\r\nWHAT?\r\nWHAT?\r\nBYE\r\n"
    assert toys.logins == []


def test_a_header_inside_tls_is_a_bad_command(toys: Toys) -> None:
    """DESIGN 2.3: the header stands before TLS or nowhere."""
    wire = toys.connect(toys.listener(TlsMode.IMPLICIT), "127.0.0.1")
    client = toys.tls(wire)
    client.shake_hands()
    assert client.send(v2(ssl_tlv(1)) + b"\r\n").startswith(b"HELLO\r\nWHAT?\r\n")


# STARTTLS: nothing sent in the clear is ever executed.


def test_a_command_in_the_segment_of_starttls_is_not_executed(toys: Toys) -> None:
    """RFC 3207 §4.2 and its like; CVE-2011-0411."""
    wire = toys.connect()
    wire.deliver(b"STARTTLS\r\nLOGIN mary secret\r\n")
    assert wire.received == b"HELLO\r\nPIPELINED\r\n"
    toys.pass_time(0)
    assert wire.lost
    assert toys.logins == []
    assert toys.reasons == ["pipelined-behind-starttls (19 bytes)"]


@pytest.mark.parametrize("later", [b"LOGIN mary secret\r\n", b"L", b"\r\n", b"\0"])
def test_a_command_in_a_later_segment_is_not_executed(toys: Toys, later: bytes) -> None:
    """The connection is dropped, whole command or part of one."""
    wire = toys.connect()
    wire.deliver(b"STARTTLS\r\n")
    wire.deliver(later)
    toys.pass_time(0)
    assert wire.lost
    assert wire.received == b"HELLO\r\nGO\r\n"
    assert toys.logins == []
    assert toys.reasons == [f"cleartext-in-handshake ({len(later)} bytes)"]
    assert not toys.cores[0].lives


def test_a_command_split_over_starttls_is_not_executed(toys: Toys) -> None:
    """Its first half in the segment of STARTTLS, its second inside TLS."""
    wire = toys.connect()
    wire.deliver(b"STARTTLS\r\nLOGIN mary")
    assert wire.received == b"HELLO\r\nPIPELINED\r\n"
    assert toys.reasons == ["pipelined-behind-starttls (10 bytes)"]


@pytest.mark.parametrize("glued", [True, False])
@pytest.mark.parametrize("later", [b"LOGIN mary secret\r\n", b"STARTTLS\r\n", b"L", b"\r\n"])
def test_a_command_in_the_clear_in_the_midst_of_the_handshake_is_not_executed(
    toys: Toys, later: bytes, glued: bool
) -> None:
    """It stands where a record must begin (RFC 8446 §5.1), and has a reason of its own."""
    wire = toys.connect()
    wire.deliver(b"STARTTLS\r\n")
    wire.received.clear()
    client = toys.tls(wire)
    with pytest.raises(ssl.SSLWantReadError):
        client._tls.do_handshake()
    hello = client.take_outgoing()
    for segment in [hello + later] if glued else [hello, later]:
        wire.deliver(segment)
    toys.pass_time(0)
    assert wire.lost
    assert toys.logins == []
    assert toys.reasons == ["cleartext-in-handshake"]


def test_an_unfinished_handshake_is_not_secure(toys: Toys) -> None:
    """DESIGN 2.3: STARTTLS accepted is not yet TLS; what the client leaves so is recorded so."""
    wire = toys.connect()
    wire.deliver(b"STARTTLS\r\n")
    wire.reset()
    assert toys.reasons == ["tls-handshake-failed: the client closed the connection"]
    assert toys.recorder.connections[0].secure is False


def test_a_login_before_starttls_is_what_was_recorded(toys: Toys) -> None:
    """A failed handshake after an attempt is no connection without one."""
    wire = toys.connect()
    wire.deliver(b"LOGIN mary wrong\r\n")
    wire.deliver(b"STARTTLS\r\n")
    wire.reset()
    assert toys.reasons == []


# The wrong kind of port, and handshakes that fail.


@pytest.mark.parametrize(
    "sent", [b"a LOGIN mary secret\r\n", b"EHLO x\r\n", b"\r\n", b"\0", b"\x16\x02"]
)
def test_a_cleartext_client_on_a_tls_port(toys: Toys, sent: bytes) -> None:
    """DESIGN 2.2: closed, and recorded."""
    wire = toys.connect(toys.listener(TlsMode.IMPLICIT))
    wire.deliver(sent)
    toys.pass_time(0)
    assert wire.lost
    assert toys.reasons == ["cleartext-on-tls-port"]
    assert toys.recorder.connections[0].secure is False


@pytest.mark.parametrize("tls", [TlsMode.NONE, TlsMode.STARTTLS])
@pytest.mark.parametrize("chunk", [1 << 20, 1])
def test_a_tls_client_on_a_cleartext_port(toys: Toys, tls: TlsMode, chunk: int) -> None:
    """DESIGN 2.2: closed, and recorded; no core has seen its bytes."""
    wire = toys.connect(toys.listener(tls))
    wire.received.clear()
    client = toys.tls(wire)
    with pytest.raises(ssl.SSLWantReadError):
        client._tls.do_handshake()
    client._exchange(chunk)
    toys.pass_time(0)
    assert wire.lost
    assert wire.received == b""
    assert toys.reasons == ["tls-on-cleartext-port"]


def test_an_octet_that_only_looks_like_a_handshake_is_the_cores(toys: Toys) -> None:
    wire = toys.connect()
    wire.deliver(b"\x16")
    wire.deliver(b"ECHO\r\n")
    assert wire.received == b"HELLO\r\nWHAT?\r\n"


def test_a_handshake_record_after_the_first_bytes_is_the_cores(toys: Toys) -> None:
    wire = toys.connect()
    wire.deliver(b"ECHO a\r\n")
    wire.deliver(b"\x16\x03\x01\r\n")
    assert wire.received == b"HELLO\r\na\r\nWHAT?\r\n"
    assert toys.reasons == []


def test_the_peers_alert_is_the_reason(toys: Toys) -> None:
    """DESIGN 2.2: that a client refused our certificate can be read in the journal."""
    wire = toys.connect(toys.listener(TlsMode.IMPLICIT))
    client = toys.tls(wire, ssl.create_default_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        client.shake_hands()
    toys.pass_time(0)
    assert wire.lost
    assert toys.reasons == ["tls-handshake-failed: tlsv1 alert unknown ca"]


def test_openssls_own_text_is_the_reason(toys: Toys, certificates: Store) -> None:
    """DESIGN 2.2; and the client hears why."""
    toys.context.minimum_version = ssl.TLSVersion.TLSv1_3
    old = ssl.create_default_context(cafile=str(certificates.ca))
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    wire = toys.connect(toys.listener(TlsMode.IMPLICIT))
    client = toys.tls(wire, old)
    with pytest.raises(ssl.SSLError, match=r"(?i)alert.protocol.version"):
        client.shake_hands()
    toys.pass_time(0)
    assert toys.reasons == ["tls-handshake-failed: unsupported protocol"]


def inside_tls(toys: Toys, tls: TlsMode, version: ssl.TLSVersion) -> TlsClient:
    wire = toys.connect(toys.listener(tls))
    if tls is TlsMode.STARTTLS:
        wire.deliver(b"STARTTLS\r\n")
        wire.received.clear()
    toys.trusting.maximum_version = version
    client = toys.tls(wire)
    client.shake_hands()
    return client


@pytest.mark.parametrize("tls", [TlsMode.IMPLICIT, TlsMode.STARTTLS])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_alert_after_the_handshake_is_the_reason(
    toys: Toys, tls: TlsMode, version: ssl.TLSVersion
) -> None:
    """A client may look at the certificate when the handshake is over, and leave with an alert."""
    client = inside_tls(toys, tls, version)
    client.read()
    client.send_an_alert()
    toys.pass_time(0)
    assert client.wire.lost
    assert toys.reasons == ["tls-handshake-failed: sslv3 alert bad record mac"]
    assert toys.recorder.connections[0].security is Security(tls.value)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_alert_in_the_midst_of_a_conversation_is_no_failed_handshake(
    toys: Toys, version: ssl.TLSVersion
) -> None:
    client = inside_tls(toys, TlsMode.IMPLICIT, version)
    assert client.send(b"ECHO a\r\n") == b"HELLO\r\na\r\n"
    client.send_an_alert()
    toys.pass_time(0)
    assert client.wire.lost
    assert toys.reasons == ["tls-failed: sslv3 alert bad record mac"]


def test_an_alert_in_the_segment_that_ends_the_handshake_is_the_reason(toys: Toys) -> None:
    """With TLS 1.3 the client has finished before we have, and need not wait for us."""
    wire = toys.connect(toys.listener(TlsMode.IMPLICIT))
    client = toys.tls(wire)
    client.shake_hands(and_refuse=True)
    toys.pass_time(0)
    assert wire.lost
    assert toys.reasons == ["tls-handshake-failed: sslv3 alert bad record mac"]


def test_a_record_that_is_none_is_no_alert(toys: Toys) -> None:
    wire = toys.connect(toys.listener(TlsMode.IMPLICIT))
    client = toys.tls(wire)
    client.shake_hands()
    wire.deliver(b"\x17\x03\x03\x00\x20" + bytes(32))
    toys.pass_time(0)
    assert wire.lost
    assert toys.reasons == ["tls-failed: decryption failed or bad record mac"]
    assert toys.recorder.connections[0].security is Security.IMPLICIT


def test_a_client_that_leaves_in_the_handshake(toys: Toys) -> None:
    wire = toys.connect(toys.listener(TlsMode.IMPLICIT))
    wire.deliver(b"\x16\x03\x01")
    wire.half_close()
    toys.pass_time(0)
    assert wire.lost
    assert toys.reasons == ["tls-handshake-failed: the client closed the connection"]


def test_a_client_that_never_begins(toys: Toys) -> None:
    wire = toys.connect(toys.listener(TlsMode.IMPLICIT))
    wire.reset()
    assert toys.reasons == ["no-attempt"]


@pytest.mark.parametrize("sent", [b"", b"\x16", b"\x16\x03\x01\x02"])
def test_a_handshake_has_a_deadline(toys: Toys, sent: bytes) -> None:
    """DESIGN 7."""
    wire = toys.connect(toys.listener(TlsMode.IMPLICIT))
    if sent:
        wire.deliver(sent)
    toys.pass_time(28)
    assert not wire.lost
    toys.pass_time(2)
    assert wire.lost
    assert toys.reasons == ["timeout: still waiting for the TLS handshake"]


def test_starttls_without_a_handshake_has_a_deadline(toys: Toys) -> None:
    wire = toys.connect()
    wire.deliver(b"STARTTLS\r\n")
    toys.pass_time(30)
    assert wire.lost
    assert toys.reasons == ["timeout: still waiting for the TLS handshake"]


# The PROXY header, where it is owed.


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"a LOGIN mary secret\r\n", "proxy-header-malformed: no PROXY header"),
        (b"PROXY TCP4 nonsense\r\n", "proxy-header-malformed: version 1: not the form of a header"),
        (b"\x16\x03\x01\x02\x00", "proxy-header-malformed: no PROXY header"),
    ],
)
@pytest.mark.parametrize("tls", [TlsMode.STARTTLS, TlsMode.IMPLICIT])
def test_a_proxy_must_send_a_header(toys: Toys, tls: TlsMode, sent: bytes, reason: str) -> None:
    """The specification, §2: the connection is aborted, and nobody has been greeted."""
    wire = toys.connect(toys.listener(tls, PROXIES), "127.0.0.1")
    wire.deliver(sent)
    toys.pass_time(0)
    assert wire.lost
    assert wire.received == b""
    assert toys.cores == []
    assert toys.reasons == [reason]


def test_a_header_has_a_deadline(toys: Toys) -> None:
    wire = toys.connect(toys.listener(proxy_from=PROXIES), "127.0.0.1")
    wire.deliver(V1[:-2])
    toys.pass_time(30)
    assert wire.lost
    assert toys.reasons == ["timeout: still waiting for the PROXY header"]


def test_a_health_check_without_a_byte_is_not_recorded(toys: Toys) -> None:
    """There is no client to speak of."""
    wire = toys.connect(toys.listener(proxy_from=PROXIES), "127.0.0.1")
    wire.reset()
    assert toys.reasons == []


def test_a_header_cut_short(toys: Toys) -> None:
    wire = toys.connect(toys.listener(proxy_from=PROXIES), "127.0.0.1")
    wire.deliver(V1[:20])
    wire.half_close()
    assert toys.reasons == ["proxy-header-malformed: cut short"]


def test_an_ipv6_client(toys: Toys) -> None:
    """DESIGN 2.1: RFC 5952, no zone, IPv4-mapped as IPv4."""
    for host, ip in [
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
    ]:
        wire = toys.connect(host=host)
        wire.deliver(b"LOGIN mary secret\r\n")
        assert toys.logins[-1].ip == ip


def test_an_ipv4_mapped_proxy_is_the_ipv4_proxy(toys: Toys) -> None:
    wire = toys.connect(toys.listener(proxy_from=PROXIES), "::ffff:127.0.0.1")
    wire.deliver(V1 + b"LOGIN mary secret\r\n")
    assert (toys.logins[0].ip, toys.logins[0].peer) == ("198.51.100.7", "127.0.0.1")


# Closing.


def test_close_notify_is_said_and_heard(toys: Toys) -> None:
    """RFC 8446 §6.1, both ways."""
    wire = toys.connect(toys.listener(TlsMode.IMPLICIT))
    client = toys.tls(wire)
    client.shake_hands()
    assert client.send(b"QUIT\r\n") == b"HELLO\r\nBYE\r\n"
    assert client.heard_close_notify()
    toys.pass_time(0)
    assert wire.lost

    wire = toys.connect(toys.listener(TlsMode.IMPLICIT))
    client = toys.tls(wire)
    client.shake_hands()
    assert client.read() == b"HELLO\r\n"
    client.close_notify()
    assert client.heard_close_notify()
    toys.pass_time(0)
    assert wire.lost


def test_commands_before_close_notify_are_answered(toys: Toys) -> None:
    wire = toys.connect(toys.listener(TlsMode.IMPLICIT))
    client = toys.tls(wire)
    client.shake_hands()
    assert client.read() == b"HELLO\r\n"
    client.encrypt(b"ECHO last\r\n")
    client.close_notify()
    assert client.read() == b"last\r\n"


def test_a_client_that_goes_on_sending_can_read_our_last_word(toys: Toys) -> None:
    """Closing with unread input would reset the connection, and the reply be lost."""
    wire = toys.connect()
    wire.unread = b"x"
    wire.deliver(b"x" * 2000)
    assert wire.received == b"HELLO\r\nTOO LONG\r\n"
    assert wire.write_closed
    assert not wire.lost
    wire.deliver(b"x" * 100_000)
    assert not wire.lost
    wire.half_close()
    toys.pass_time(0)
    assert wire.lost


def test_nobody_is_listened_to_for_ever_after_our_last_word(toys: Toys) -> None:
    wire = toys.connect()
    wire.unread = b"x"
    wire.deliver(b"QUIT\r\n")
    toys.pass_time(5)
    assert wire.lost

    wire = toys.connect()
    wire.unread = b"x"
    wire.deliver(b"QUIT\r\n")
    for _ in range(LINGER_OCTETS // 65_536 + 1):
        wire.deliver(b"x" * 65_536)
    assert wire.lost


def test_a_client_that_never_takes_our_last_word_is_let_go(toys: Toys) -> None:
    wire = toys.connect()
    wire.stalls = True
    wire.deliver(b"QUIT\r\n")
    toys.pass_time(28)
    assert not wire.lost
    toys.pass_time(2)
    assert wire.lost


def test_nothing_is_left_of_a_link_that_is_gone(toys: Toys) -> None:
    listener = toys.listener()
    wires = [toys.connect(listener) for _ in range(20)]
    assert len(listener.links) == 20
    for wire in wires:
        wire.reset()
    assert listener.links == {}
    assert toys.wheel.holds == 0
    assert toys.reasons == ["no-attempt"] * 20
    assert not any(core.lives for core in toys.cores)


# Other protocols than ours on a link.


class Echo(protocol.Protocol):
    """An ordinary protocol of Twisted."""

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data.upper())
        if data == b"bye":
            self.transport.loseConnection()


def test_an_ordinary_protocol_stands_on_a_link(toys: Toys) -> None:
    """HTTP does: it sees the client, whatever stands between."""
    stood: list[Link] = []

    def stand(listener: Listener, link: Link) -> Echo:
        stood.append(link)
        return Echo()

    listener = toys.listener(TlsMode.IMPLICIT, PROXIES, "http", stand)
    wire = toys.connect(listener, "127.0.0.1")
    wire.deliver(V1)
    client = toys.tls(wire)
    client.shake_hands()
    assert client.send(b"hello") == b"HELLO"
    facts, hop = stood[0].client_facts()
    assert (facts.ip, facts.peer, hop.security) == (
        "198.51.100.7",
        "127.0.0.1",
        Security.IMPLICIT,
    )
    assert stood[0].getPeer().host == "198.51.100.7"
    assert client.send(b"bye") == b"BYE"
    assert client.heard_close_notify()
    toys.pass_time(0)
    assert wire.lost
    assert toys.reasons == []


@pytest.mark.parametrize(
    ("tls", "sent", "reasons"),
    [
        (TlsMode.IMPLICIT, b"", []),
        (TlsMode.NONE, b"", []),
        (TlsMode.IMPLICIT, b"GET / HTTP/1.1\r\n", ["cleartext-on-tls-port"]),
        (TlsMode.NONE, b"\x16\x03\x01", ["tls-on-cleartext-port"]),
        (TlsMode.NONE, b"GET / HTTP/1.1\r\n", []),
        (
            TlsMode.IMPLICIT,
            b"\x16\x03\x01",
            ["tls-handshake-failed: the client closed the connection"],
        ),
    ],
)
def test_what_is_recorded_of_http(
    toys: Toys, tls: TlsMode, sent: bytes, reasons: list[str]
) -> None:
    """DESIGN 2.2: nothing of a connection without a byte; of others what the link knows."""
    listener = toys.listener(tls, protocol="http", stand=lambda listener, link: Echo())
    wire = toys.connect(listener)
    if sent:
        wire.deliver(sent)
    wire.reset()
    assert toys.reasons == reasons


@given(
    data=st.binary(max_size=200),
    proxied=st.booleans(),
    tls=st.sampled_from(TlsMode),
    cuts=st.lists(st.integers(0, 200), max_size=4),
)
def test_no_bytes_harm_a_link(
    certificates: Store, data: bytes, proxied: bool, tls: TlsMode, cuts: list[int]
) -> None:
    """DESIGN 8: whatever comes, however split, the client is let go and nothing is left."""
    toys = Toys(certificates)
    listener = toys.listener(tls, PROXIES)
    wire = toys.connect(listener, "127.0.0.1" if proxied else "192.0.2.7")
    starts = sorted({0, *cuts})
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        if data[start:end]:
            wire.deliver(data[start:end])
    for _ in range(30):
        toys.pass_time(10)
    assert wire.lost
    assert toys.wheel.holds == 0
    assert toys.logins == []
    assert ip_address(wire.getHost().host).is_loopback
