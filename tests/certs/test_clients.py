"""The CA for clients, whom its certificates name, and what a handshake makes of them."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mailauth.certs.ca import new_key
from mailauth.certs.client_ca import (
    CannotBeNamed,
    account_names,
    issue_client_certificate,
    new_client_authority,
)
from mailauth.certs.clients import client_ca, issue_for_client, prepare_client_ca
from mailauth.certs.pem import read_certificates
from mailauth.certs.server import Store
from mailauth.config import ConfigError, TlsConfig
from mailauth.login.event import Service
from mailauth.net.tls_context import Clients, handshake_of, server_context
from tests.support.handshake import handshake, trusting

NOW = datetime.now(UTC)
TLS = TlsConfig()
BOB = "bob@mydomain.com"


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def named(
    *subject: x509.NameAttribute[str], alternative: list[x509.GeneralName] | None = None
) -> bytes:
    """Make a certificate with these names."""
    key, name = new_key(), x509.Name(subject)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
    )
    if alternative is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternative), critical=False)
    return der(builder.sign(key, hashes.SHA256()))


def common_name(text: str) -> x509.NameAttribute[str]:
    return x509.NameAttribute(NameOID.COMMON_NAME, text)


# Whom a certificate names.


@pytest.mark.parametrize(
    "account",
    [BOB, "bob", "bob.smith", "b smith", "jörg@mydomain.com", "a@b@c", f"{'x' * 70}@mydomain.com"],
)
def test_an_issued_certificate_names_its_account(account: str) -> None:
    authority = new_client_authority(NOW)
    issued = issue_client_certificate(authority, account, new_key(), NOW)
    assert account_names(der(issued), NOW) == (account,)
    issued.verify_directly_issued_by(authority.certificate)


def test_a_name_that_has_no_room_is_told() -> None:
    """RFC 5280 appendix A.1: a common name has 64 characters."""
    with pytest.raises(CannotBeNamed):
        issue_client_certificate(new_client_authority(NOW), "x" * 65, new_key(), NOW)


@pytest.mark.parametrize(
    ("certificate", "names"),
    [
        (
            named(common_name("mary"), alternative=[x509.RFC822Name(BOB), x509.RFC822Name("b@c")]),
            (BOB, "b@c"),
        ),
        (named(common_name("mary"), alternative=[x509.DNSName("a.example")]), ("mary",)),
        (named(common_name("mary"), x509.NameAttribute(NameOID.EMAIL_ADDRESS, BOB)), (BOB,)),
        (named(common_name("mary"), common_name("sue")), ("mary", "sue")),
        (named(), ()),
        (
            named(
                common_name("mary"),
                alternative=[x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x05\x00")],
            ),
            ("mary",),
        ),
        (b"no certificate", ()),
    ],
    ids=["SAN", "other SAN", "emailAddress", "CN", "nobody", "otherName", "broken"],
)
def test_addresses_come_before_the_subjects_names(
    certificate: bytes, names: tuple[str, ...]
) -> None:
    """A common name beside an address is what people are called, not an account."""
    assert account_names(certificate, NOW) == names


def test_the_ca_for_clients_vouches_for_clients_alone() -> None:
    """Whoever has its key cannot be a server to those who trust the other CA."""
    ca = new_client_authority(NOW).certificate
    usage = ca.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


# What is in a home.


def test_the_ca_is_made_once(tmp_path: Path) -> None:
    (tmp_path / ".mailauth").mkdir()
    path = prepare_client_ca(tmp_path, TLS, NOW)
    made = path.read_bytes()
    assert prepare_client_ca(tmp_path, TLS, NOW).read_bytes() == made
    assert stat.S_IMODE(path.with_suffix(".key").stat().st_mode) == 0o600


def test_an_own_ca_is_neither_made_nor_signed_for(tmp_path: Path) -> None:
    own = TlsConfig(client_ca="own.pem")
    assert client_ca(tmp_path, own) == tmp_path / "own.pem"
    with pytest.raises(ConfigError, match=r"^tls\.client_ca: .*own\.pem cannot be read"):
        prepare_client_ca(tmp_path, own, NOW)
    with pytest.raises(ConfigError, match=r"^tls\.client_ca: own\.pem was not created by mailauth"):
        issue_for_client(tmp_path, own, BOB, NOW)
    assert list(tmp_path.iterdir()) == []


def test_a_ca_that_has_expired_is_told(tmp_path: Path) -> None:
    prepare_client_ca(tmp_path, TLS, NOW - timedelta(days=4000))
    with pytest.raises(ConfigError, match=r"^tls\.client_ca: .*client-ca\.pem expired on "):
        prepare_client_ca(tmp_path, TLS, NOW)


def test_a_name_with_slashes_stays_in_its_directory(tmp_path: Path) -> None:
    issued = issue_for_client(tmp_path, TLS, "../../etc/bob", NOW)
    assert issued.certificate.parent == tmp_path / "certs" / "clients"
    assert issued.certificate.resolve().parent == issued.certificate.parent
    assert stat.S_IMODE(issued.key.stat().st_mode) == 0o600
    assert account_names(der(read_certificates(issued.certificate, "test")[0]), NOW) == (
        "../../etc/bob",
    )


# Handshakes.


def asking(certificates: Store, home: Path, *, required: bool) -> ssl.SSLContext:
    clients = Clients(ca=prepare_client_ca(home, TLS, NOW), required=required)
    return server_context(certificates.certificate, certificates.key, Service.IMAP, clients=clients)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("required", [False, True])
def test_whom_a_good_certificate_names_is_known(
    tmp_path: Path, certificates: Store, required: bool, version: ssl.TLSVersion
) -> None:
    issued = issue_for_client(tmp_path, TLS, BOB, NOW)
    client = trusting(certificates.ca)
    client.maximum_version = version
    client.load_cert_chain(issued.certificate, issued.key)
    server, _ = handshake(asking(certificates, tmp_path, required=required), client)
    assert handshake_of(server).certificate_names == (BOB,)


def test_a_certificate_that_is_wanted_may_be_missing(tmp_path: Path, certificates: Store) -> None:
    server, _ = handshake(asking(certificates, tmp_path, required=False), trusting(certificates.ca))
    assert handshake_of(server).certificate_names == ()


def test_a_listener_that_does_not_ask_knows_nobody(tmp_path: Path, certificates: Store) -> None:
    issued = issue_for_client(tmp_path, TLS, BOB, NOW)
    client = trusting(certificates.ca)
    client.load_cert_chain(issued.certificate, issued.key)
    context = server_context(certificates.certificate, certificates.key, Service.IMAP)
    server, _ = handshake(context, client)
    assert handshake_of(server).certificate_names == ()


def test_the_servers_own_certificate_is_no_clients(tmp_path: Path, certificates: Store) -> None:
    """The server's CA vouches for no client, whatever its certificates are for."""
    client = trusting(certificates.ca)
    client.load_cert_chain(certificates.certificate, certificates.key)
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed certificate in"):
        handshake(asking(certificates, tmp_path, required=False), client)


def test_a_certificate_that_has_expired_since_its_session_began_names_nobody() -> None:
    """TLS 1.2 resumes a session with the certificate that it began with."""
    issued = issue_client_certificate(
        new_client_authority(NOW), BOB, new_key(), NOW, timedelta(minutes=1)
    )
    assert account_names(der(issued), NOW + timedelta(seconds=59)) == (BOB,)
    assert account_names(der(issued), NOW + timedelta(seconds=61)) == ()
