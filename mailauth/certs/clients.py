"""The client certificates of a home: their CA, and issuing them."""

from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import msgspec

from mailauth.certs.ca import new_key
from mailauth.certs.ca_store import CaStore, alone
from mailauth.certs.client_ca import CLIENT_LIFETIME, issue_client_certificate, new_client_authority
from mailauth.certs.pem import (
    read_certificates,
    write_certificate,
    write_key,
)
from mailauth.config.errors import ConfigError
from mailauth.config.schema import TlsConfig
from mailauth.home.directories import made


class Issued(msgspec.Struct, frozen=True):
    """The files of a client's certificate and private key."""

    certificate: Path
    key: Path


def client_ca(home: Path, tls: TlsConfig) -> Path:
    """Return the location of the CA for clients: the user's or our own."""
    return home / tls.client_ca if tls.client_ca else _ours(home).certificate


def prepare_client_ca(home: Path, tls: TlsConfig, now: datetime) -> Path:
    """Return the same, and create the CA if it is ours and does not exist yet.

    Raises `ConfigError` for an unusable CA, and `OSError` if nothing can be written.
    """
    if not tls.client_ca:
        with alone(home):
            if not _ours(home).certificate.exists():
                _ours(home).keep(new_client_authority(now))
    path = client_ca(home, tls)
    check_client_ca(path, now)
    return path


def check_client_ca(path: Path, now: datetime) -> None:
    """Raise `ConfigError` for an unusable CA."""
    certificates = read_certificates(path, "tls.client_ca")
    if all(certificate.not_valid_after_utc <= now for certificate in certificates):
        expired = f"expired on {certificates[0].not_valid_after_utc:%Y-%m-%d}"
        raise ConfigError(f"tls.client_ca: {path} {expired}")


def issue_for_client(
    home: Path,
    tls: TlsConfig,
    account: str,
    now: datetime,
    lifetime: timedelta = CLIENT_LIFETIME,
) -> Issued:
    """Issue a certificate for an account by our own CA. Raises what `prepare_client_ca` raises.

    Also raises `CannotBeNamed`.
    """
    if tls.client_ca:
        raise ConfigError(
            f"tls.client_ca: {tls.client_ca} was not created by mailauth,"
            " so it must issue the certificate itself"
        )
    prepare_client_ca(home, tls, now)
    authority, key = _ours(home).read(), new_key()
    certificate = issue_client_certificate(authority, account, key, now, lifetime)
    directory = home / "certs" / "clients"
    made(directory)
    name = quote(account, safe="@+ ")
    issued = Issued(certificate=directory / f"{name}.pem", key=directory / f"{name}.key")
    write_key(issued.key, key)
    write_certificate(issued.certificate, certificate)
    return issued


def _ours(home: Path) -> CaStore:
    return CaStore(home, "client-ca", "the CA for clients", "the key of the CA for clients")
