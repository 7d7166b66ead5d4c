"""Channel bindings, held against what the other end of real handshakes knows of them."""

import contextlib
import gc
import hashlib
import os
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from mailauth.certs.server import Store
from mailauth.config import ListenerConfig, ServiceName, TlsConfig, TlsMode
from mailauth.login.event import Service
from mailauth.net.channel_binding import server_end_point
from mailauth.net.key_log import KeyLog
from mailauth.net.listener_tls import listener_context
from mailauth.net.tls import TlsFailure, TlsSession
from mailauth.net.tls_context import ServerContext, handshake_of, server_context
from tests.support.handshake import finished, trusting

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

# As nothing makes them any more: `openssl req -x509 -md5`, `-sha1`.
SIGNED_WITH_MD5 = b"""\
-----BEGIN CERTIFICATE-----
MIIBfzCCASmgAwIBAgIUb3jTeHskiuE0bitkp7VUVGVWzqYwDQYJKoZIhvcNAQEE
BQAwFDESMBAGA1UEAwwJbG9jYWxob3N0MB4XDTI2MTEyNDA3NTcwNVoXDTM2MTEy
MTA3NTcwNVowFDESMBAGA1UEAwwJbG9jYWxob3N0MFwwDQYJKoZIhvcNAQEBBQAD
SwAwSAJBAM5QqBPebjr0IQxKy7LIu7vfS2d9aNs0eW0omWPNd6ARYM88DagOkNow
CCTeBGOvcg0rvUJ1BV/J39J0svOQIlUCAwEAAaNTMFEwHQYDVR0OBBYEFC4mJWPp
Gdqj8hUImtGdqTAg7vscMB8GA1UdIwQYMBaAFC4mJWPpGdqj8hUImtGdqTAg7vsc
MA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQEEBQADQQCmNzvQD6dBog9JXOEX
1OinivZLhqbN5OmLIrqUBXUMnEA+l2zrId4ukSQhIAG9/26JaxuhvR7hp3sA2RuW
MqsS
-----END CERTIFICATE-----
"""
SIGNED_WITH_SHA_1 = b"""\
-----BEGIN CERTIFICATE-----
MIIBezCCASKgAwIBAgIUeQXuwh45Vguo2mU+9kOaS1NK/3AwCQYHKoZIzj0EATAU
MRIwEAYDVQQDDAlsb2NhbGhvc3QwHhcNMjYxMTI0MDc1NzA1WhcNMzYxMTIxMDc1
NzA1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAARReBPQUsR69RHIYQiKAesUjh4ykDg1a8sMEC5o9aq+Kf/hv35om28GDwjv
ep7CR4sSxooOOet3BF2Ta8FsIAmlo1MwUTAdBgNVHQ4EFgQU/6dV6wLcKceX7QkS
8dY4UsErB5swHwYDVR0jBBgwFoAU/6dV6wLcKceX7QkS8dY4UsErB5swDwYDVR0T
AQH/BAUwAwEB/zAJBgcqhkjOPQQBA0gAMEUCIDazW4vIy+rfb3LBQIIPahq0z5pq
Z4J80a0jYZNCNSFYAiEA2ZbXB9iICwb9KVQXQU69s6jj4oVSkXur8S3FQusYbdI=
-----END CERTIFICATE-----
"""


needs_key_log = pytest.mark.skipif(not KeyLog.is_possible(), reason="open files have no names here")


class Shaken(msgspec.Struct, frozen=True):
    """A client that has finished its handshake, and what our end can be bound to."""

    client: ssl.SSLObject
    bindings: Mapping[str, bytes]


class HalfWay(msgspec.Struct, frozen=True):
    """A handshake that lacks the client's last flight."""

    session: TlsSession
    to_server: ssl.MemoryBIO


def ours(certificates: Store) -> ServerContext:
    return server_context(certificates.certificate, certificates.key, Service.IMAP)


def half_way(context: ssl.SSLContext, client_context: ssl.SSLContext) -> HalfWay:
    session = TlsSession(context)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname="localhost")
    assert not finished(client.do_handshake)
    session.shake_hands(to_server.read())
    to_client.write(session.outgoing())
    assert finished(client.do_handshake)
    return HalfWay(session, to_server)


def certificate(
    key: Key,
    algorithm: hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None,
    pss: padding.PSS | None = None,
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
    )
    return builder.sign(key, algorithm, rsa_padding=pss)


P256 = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
PSS = padding.PSS(padding.MGF1(hashes.SHA384()), 48)


@pytest.mark.parametrize(
    ("signed", "hash_name"),
    [
        (certificate(P256, hashes.SHA256()), "sha256"),
        (certificate(P256, hashes.SHA384()), "sha384"),
        (certificate(RSA, hashes.SHA512()), "sha512"),
        (certificate(RSA, hashes.SHA384(), PSS), "sha384"),
        (x509.load_pem_x509_certificate(SIGNED_WITH_SHA_1), "sha256"),
        (x509.load_pem_x509_certificate(SIGNED_WITH_MD5), "sha256"),
    ],
    ids=["SHA-256", "SHA-384", "SHA-512", "PSS", "SHA-1", "MD5"],
)
def test_the_hash_is_the_signatures_own_or_sha_256(
    signed: x509.Certificate, hash_name: str
) -> None:
    """RFC 5929 §4.1: MD5 and SHA-1 give way to SHA-256."""
    expected = hashlib.new(hash_name, signed.public_bytes(Encoding.DER)).digest()
    assert server_end_point(signed) == {"tls-server-end-point": expected}


def test_a_signature_without_a_hash_binds_nothing() -> None:
    """RFC 5929 §4.1: the binding is undefined then, so -PLUS is not offered."""
    assert server_end_point(certificate(ed25519.Ed25519PrivateKey.generate(), None)) == {}


def shaken(
    context: ssl.SSLContext, client_context: ssl.SSLContext, resume: ssl.SSLSession | None = None
) -> Shaken:
    """Complete a handshake between a session of ours and Python's client."""
    session = TlsSession(context)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(
        to_client, to_server, server_hostname="localhost", session=resume
    )
    client_done = False
    while not (client_done and session.established):
        client_done = finished(client.do_handshake)
        if to_server.pending:
            session.shake_hands(to_server.read())
        to_client.write(session.outgoing())
    return Shaken(client, handshake_of(session.agreed).channel_bindings)


def test_a_handshake_is_bound_to_the_certificate_that_the_client_saw(certificates: Store) -> None:
    done = shaken(ours(certificates), trusting(certificates.ca))
    seen = done.client.getpeercert(binary_form=True)
    assert seen is not None
    assert done.bindings["tls-server-end-point"] == hashlib.sha256(seen).digest()


def test_a_certificate_file_with_its_chain_binds_to_the_first(
    tmp_path: Path, certificates: Store
) -> None:
    """The server's own is the first; a client sees the binding of no other."""
    chain = tmp_path / "chain.pem"
    chain.write_bytes(certificates.certificate.read_bytes() + certificates.ca.read_bytes())
    context = server_context(chain, certificates.key, Service.IMAP)
    done = shaken(context, trusting(certificates.ca))
    seen = done.client.getpeercert(binary_form=True)
    assert seen is not None
    assert done.bindings["tls-server-end-point"] == hashlib.sha256(seen).digest()


# TLS 1.2.


@pytest.mark.parametrize("resumed", [False, True])
def test_a_tls_1_2_session_has_no_channel_binding(certificates: Store, resumed: bool) -> None:
    """A client that saw SCRAM-SHA-256-PLUS would choose tls-unique, and fail (RFC 5802 §6.1)."""
    context = ours(certificates)
    careful = trusting(certificates.ca)
    careful.maximum_version = ssl.TLSVersion.TLSv1_2
    done = shaken(context, careful)
    if resumed:
        done = shaken(context, careful, done.client.session)
        assert done.client.session_reused
    assert done.client.version() == "TLSv1.2"
    assert done.bindings == {}


# TLS 1.3.


@needs_key_log
@pytest.mark.parametrize(
    ("cipher", "name"),
    [
        (b"TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
        (b"TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"),
    ],
)
def test_a_tls_1_3_session_exports_what_another_library_exports(
    certificates: Store, cipher: bytes, name: str
) -> None:
    """RFC 9266 §2; the client is pyOpenSSL, which asks OpenSSL for it."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_tls13_ciphersuites(cipher)
    client, session = SSL.Connection(context, None), TlsSession(ours(certificates))
    client.set_connect_state()
    client_done = False
    while not (client_done and session.established):
        with contextlib.suppress(SSL.WantReadError):
            client.do_handshake()
            client_done = True
        with contextlib.suppress(SSL.WantReadError):
            session.shake_hands(client.bio_read(65_536))
        if outgoing := session.outgoing():
            client.bio_write(outgoing)
    assert client.get_cipher_name() == name
    bindings = handshake_of(session.agreed).channel_bindings
    assert set(bindings) == {"tls-server-end-point", "tls-exporter"}
    exported = client.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")
    assert bindings["tls-exporter"] == exported


@needs_key_log
def test_no_two_sessions_export_the_same_however_their_handshakes_interleave(
    certificates: Store,
) -> None:
    context, careful = ours(certificates), trusting(certificates.ca)
    ends = [half_way(context, careful) for _ in range(3)]
    sessions = [end.session for end in ends]
    for end in reversed(ends):
        end.session.shake_hands(end.to_server.read())
    exported = [handshake_of(one.agreed).channel_bindings["tls-exporter"] for one in sessions]
    assert len(set(exported)) == 3


@needs_key_log
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_secret_stays_in_the_key_log(certificates: Store, version: ssl.TLSVersion) -> None:
    """Of a hundred handshakes nothing is left; a pipe that fills up would stop the server."""
    context, careful = ours(certificates), trusting(certificates.ca)
    careful.maximum_version = version
    for _ in range(100):
        shaken(context, careful)
    assert context.key_log is not None
    with pytest.raises(BlockingIOError):
        os.read(context.key_log._log, 1)


@needs_key_log
def test_a_key_log_is_closed_with_its_context(certificates: Store) -> None:
    """A reload makes new contexts, and must not run out of descriptors."""
    before = set(Path("/proc/self/fd").iterdir())
    for _ in range(20):
        shaken(ours(certificates), trusting(certificates.ca))
    gc.collect()
    assert len(set(Path("/proc/self/fd").iterdir()) - before) < 5


@needs_key_log
@pytest.mark.parametrize(
    ("protocol", "mechanisms", "kept"),
    [
        ("imap", None, True),
        ("imap", ("PLAIN", "SCRAM-SHA-256"), False),
        ("pop3", None, False),
        ("pop3", ("SCRAM-SHA-256-PLUS", "APOP"), True),
        ("http", None, False),
    ],
)
def test_keys_are_logged_where_a_mechanism_binds_to_the_channel(
    certificates: Store,
    protocol: ServiceName,
    mechanisms: tuple[str, ...] | None,
    kept: bool,
) -> None:
    """Elsewhere a handshake is spared what that costs."""
    listener = ListenerConfig(
        name="one", protocol=protocol, port=1, tls=TlsMode.IMPLICIT, mechanisms=mechanisms
    )
    context = listener_context(listener, TlsConfig(), certificates)
    assert (context.keylog_filename is not None) is kept


@needs_key_log
def test_nothing_is_logged_behind_a_handshake(certificates: Store) -> None:
    """RFC 8446 §4.6.3: a client can have new keys made, and logged, until the log is full."""
    session = half_way(ours(certificates), trusting(certificates.ca))
    session.session.shake_hands(session.to_server.read())
    assert session.session.agreed.context.keylog_filename is None


@needs_key_log
@pytest.mark.parametrize("last", [False, True], ids=["ClientHello", "Finished"])
def test_a_handshake_that_fails_leaves_no_secret(certificates: Store, last: bool) -> None:
    context = ours(certificates)
    if last:
        session = half_way(context, trusting(certificates.ca)).session
        broken = b"\x17\x03\x03\x00\x20" + bytes(32)
    else:
        session, broken = TlsSession(context), b"\x16\x03\x01\x00\x04" + bytes(4)
    with pytest.raises(TlsFailure):
        session.shake_hands(broken)
    assert context.key_log is not None
    with pytest.raises(BlockingIOError):
        os.read(context.key_log._log, 1)
