"""The CA for client certificates, and the account that a client certificate names.

It is not the server's CA. People trust that one, so it must not vouch for arbitrary account names.
Only the server trusts this one, and its certificates are valid only for TLS clients.
"""

import secrets
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mailauth.certs.ca import (
    BACKDATED,
    CA_LIFETIME,
    COMMON_NAME_OCTETS,
    Authority,
    Key,
    certificate_builder,
    distinguished_name,
    key_usage,
    new_key,
)

CLIENT_LIFETIME = timedelta(days=397)

_UNREADABLE = (
    ValueError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)

_FOR_CLIENTS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])


class CannotBeNamed(ValueError):
    """The account's name does not fit into a certificate."""


def new_client_authority(now: datetime) -> Authority:
    """Make a CA for client certificates."""
    key = new_key()
    name = distinguished_name(f"mailauth test CA for clients {secrets.token_hex(4)}")
    certificate = (
        certificate_builder(name, name, key.public_key(), now - BACKDATED, now + CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(_FOR_CLIENTS, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def issue_client_certificate(
    authority: Authority,
    account: str,
    key: Key,
    now: datetime,
    lifetime: timedelta = CLIENT_LIFETIME,
) -> x509.Certificate:
    """Issue a certificate that names an account. Raises `CannotBeNamed`.

    The name is an rfc822Name (RFC 5280 §4.2.1.6), or the common name if it is not an address.
    """
    address = _address(account)
    if address is None and len(account) > COMMON_NAME_OCTETS:
        raise CannotBeNamed(f"a name in a certificate has at most {COMMON_NAME_OCTETS} characters")
    subject = distinguished_name(account if len(account) <= COMMON_NAME_OCTETS else "a client")
    end = min(now + lifetime, authority.certificate.not_valid_after_utc)
    begin = min(now, end) - BACKDATED  # a negative lifetime has already expired
    builder = (
        certificate_builder(subject, authority.certificate.subject, key.public_key(), begin, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(_FOR_CLIENTS, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
    )
    if address is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return builder.sign(authority.key, hashes.SHA256())


def account_names(der: bytes, now: datetime) -> tuple[str, ...]:
    """Return the accounts that a verified certificate names: addresses, else common names.

    The rfc822Names come first, then addresses in the subject (as in old certificates), then common
    names. A certificate that OpenSSL accepts but that cannot be parsed here names nobody. An
    expired one does not either: OpenSSL does not check again when a session is resumed.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        if certificate.not_valid_after_utc <= now:
            return ()
        return _alternative_names(certificate) or _subject_names(certificate)
    except _UNREADABLE:
        return ()


def _alternative_names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(names.get_values_for_type(x509.RFC822Name))


def _subject_names(certificate: x509.Certificate) -> tuple[str, ...]:
    for oid in (NameOID.EMAIL_ADDRESS, NameOID.COMMON_NAME):
        values = [each.value for each in certificate.subject.get_attributes_for_oid(oid)]
        if names := tuple(value for value in values if isinstance(value, str)):
            return names
    return ()


def _address(account: str) -> x509.RFC822Name | None:
    if "@" not in account:
        return None
    try:
        return x509.RFC822Name(account)
    except ValueError:
        return None
