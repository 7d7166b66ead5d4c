"""The test CA and the certificates that it issues (RFC 5280).

People will trust this CA, so it can vouch for little. Its name constraints (RFC 5280 §4.2.1.10)
permit `localhost`, one host name with its subdomains, and loopback addresses, but not any real
mailbox or URI. Its certificates are valid only for TLS servers; clients have their own CA.
"""

import secrets
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ORGANIZATION = "mailauth"
LOCALHOST = "localhost"
NOBODYS = "invalid"  # a domain that cannot exist (RFC 2606 §2); naming it excludes all real ones
CA_LIFETIME = timedelta(days=3650)
SERVER_LIFETIME = timedelta(days=397)  # macOS and others reject more than 398 days
BACKDATED = timedelta(hours=1)  # for clients whose clock is slightly slow
COMMON_NAME_OCTETS = 64  # RFC 5280 appendix A.1, ub-common-name

Key = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class Authority(msgspec.Struct, frozen=True):
    """A CA: its certificate and its signing key."""

    certificate: x509.Certificate
    key: Key


def new_key() -> Key:
    """Make an ECDSA P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def new_authority(hostname: str, now: datetime) -> Authority:
    """Make a CA for `localhost`, the host name and its subdomains, and loopback addresses.

    Each CA has a unique name, so that a client does not mistake it for an older one.
    """
    key = new_key()
    name = distinguished_name(f"mailauth test CA {secrets.token_hex(4)}")
    permitted: list[x509.GeneralName] = [
        *(x509.DNSName(dns) for dns in _host_names(hostname)),
        x509.IPAddress(IPv4Network("127.0.0.0/8")),
        x509.IPAddress(IPv6Network("::1/128")),
        x509.RFC822Name(NOBODYS),
        x509.UniformResourceIdentifier(NOBODYS),
    ]
    certificate = (
        certificate_builder(name, name, key.public_key(), now - BACKDATED, now + CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def issue_server_certificate(
    authority: Authority, hostname: str, key: Key, now: datetime
) -> x509.Certificate:
    """Issue the server's certificate; it expires no later than the CA."""
    end = min(now + SERVER_LIFETIME, authority.certificate.not_valid_after_utc)
    return signed_for_server(
        authority, server_names(hostname), key.public_key(), now - BACKDATED, end
    )


def server_names(hostname: str) -> list[x509.GeneralName]:
    """Return the names of the server's certificate, the host name first."""
    return [
        *(x509.DNSName(dns) for dns in _host_names(hostname)),
        x509.IPAddress(IPv4Address("127.0.0.1")),
        x509.IPAddress(IPv6Address("::1")),
    ]


def signed_for_server(
    authority: Authority,
    names: list[x509.GeneralName],
    key: PublicKey,
    begin: datetime,
    end: datetime,
) -> x509.Certificate:
    """Sign a server certificate for these names, whatever is wrong with it."""
    first = str(names[0].value)
    subject = distinguished_name(first if len(first) <= COMMON_NAME_OCTETS else "mailauth server")
    return (
        certificate_builder(subject, authority.certificate.subject, key, begin, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
        .sign(authority.key, hashes.SHA256())
    )


def self_signed_for_server(
    names: list[x509.GeneralName], key: Key, begin: datetime, end: datetime
) -> x509.Certificate:
    """Sign a server certificate with its own key."""
    name = distinguished_name(str(names[0].value))
    return (
        certificate_builder(name, name, key.public_key(), begin, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )


def new_intermediate(authority: Authority, now: datetime) -> Authority:
    """Make an intermediate CA with the constraints of its issuer."""
    key = new_key()
    end = authority.certificate.not_valid_after_utc
    certificate = (
        certificate_builder(
            distinguished_name("mailauth intermediate CA"),
            authority.certificate.subject,
            key.public_key(),
            now - BACKDATED,
            end,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .sign(authority.key, hashes.SHA256())
    )
    return Authority(certificate, key)


def permits(ca: x509.Certificate, hostname: str) -> bool:
    """Return whether the CA may vouch for a host name."""
    try:
        constraints = ca.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return True
    names = [
        name.value
        for name in constraints.permitted_subtrees or ()
        if isinstance(name, x509.DNSName)
    ]
    return not names or any(
        hostname.lower() == name.lower() or hostname.lower().endswith(f".{name.lower()}")
        for name in names
    )


def made_here(certificate: x509.Certificate) -> bool:
    """Return whether a certificate was issued by one of our CAs, this one or an earlier one."""
    names = certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return [name.value for name in names] == [ORGANIZATION]


def host_names(certificate: x509.Certificate) -> list[str]:
    """Return the DNS names of a certificate."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [name.lower() for name in names.get_values_for_type(x509.DNSName)]


def _host_names(hostname: str) -> list[str]:
    return list(dict.fromkeys([hostname.lower(), LOCALHOST]))


def distinguished_name(common_name: str) -> x509.Name:
    """Make a name by which `made_here` recognizes our certificates."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def certificate_builder(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    """Start building a certificate."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """Make the key usage extension of a CA, or of a certificate that it issues."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
