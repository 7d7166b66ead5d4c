"""tls-server-end-point, held against the standard library's hashes and real handshakes."""

import hashlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mailauth.config import ListenerProtocol
from mailauth.net.certificates import Store
from mailauth.net.channel_binding import server_end_point
from mailauth.net.tls_context import handshake_of, server_context
from tests.net.handshake import handshake, trusting

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


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_handshake_is_bound_to_the_certificate_that_the_client_saw(
    certificates: Store, version: ssl.TLSVersion
) -> None:
    context = server_context(certificates.certificate, certificates.key, ListenerProtocol.IMAP)
    careful = trusting(certificates.ca)
    careful.maximum_version = version
    server, client = handshake(context, careful)
    seen = client.getpeercert(binary_form=True)
    assert seen is not None
    bindings = handshake_of(server).channel_bindings
    assert bindings == {"tls-server-end-point": hashlib.sha256(seen).digest()}


def test_a_certificate_file_with_its_chain_binds_to_the_first(
    tmp_path: Path, certificates: Store
) -> None:
    """The server's own is the first; a client sees the binding of no other."""
    chain = tmp_path / "chain.pem"
    chain.write_bytes(certificates.certificate.read_bytes() + certificates.ca.read_bytes())
    context = server_context(chain, certificates.key, ListenerProtocol.IMAP)
    _, client = handshake(context, trusting(certificates.ca))
    seen = client.getpeercert(binary_form=True)
    assert seen is not None
    assert context.channel_bindings == {"tls-server-end-point": hashlib.sha256(seen).digest()}
