"""The server's certificate: the user's own, or one that we issue in HOME/certs.

Ours is issued at the first start, and again before it expires or when the host name has changed. A
new CA is created automatically only if there is none: clients that trust the old one would have to
be told.
"""

import enum
from datetime import datetime
from pathlib import Path
from typing import assert_never

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from mailauth.certs.ca import (
    SERVER_LIFETIME,
    Authority,
    host_names,
    issue_server_certificate,
    made_here,
    new_authority,
    new_key,
    permits,
)
from mailauth.certs.ca_store import CaStore, alone
from mailauth.certs.pem import (
    belong_together,
    read_certificates,
    read_key,
    write_certificate,
    write_key,
)
from mailauth.config.errors import ConfigError
from mailauth.config.schema import TlsConfig

RENEWED_BEFORE = SERVER_LIFETIME / 3

_ANEW = "`mailauth cert issue` creates a new CA, which clients must then trust"


class Store(msgspec.Struct, frozen=True):
    """The location of a home's certificates. `ca` is what clients must trust if they are ours."""

    home: Path
    certificate: Path
    key: Path

    @property
    def ca_store(self) -> CaStore:
        """The location of the CA."""
        return CaStore(self.home, "ca", "the CA", "the CA's key", _ANEW)

    @property
    def ca(self) -> Path:
        """The CA's certificate."""
        return self.ca_store.certificate

    @property
    def ca_key(self) -> Path:
        """The CA's private key."""
        return self.ca_store.key


class State(enum.Enum):
    """What exists, and so what must be done before a certificate can be served."""

    OWN = "the user's own certificate"
    GOOD = "a good certificate of ours"
    DUE = "a CA whose certificate must be issued"
    NOTHING = "no CA yet"


def store(home: Path, tls: TlsConfig) -> Store:
    """Return the store of a home; relative paths of `[tls]` are relative to the home."""
    return Store(home=home, certificate=home / tls.certificate, key=home / tls.key)


def prepare(home: Path, hostname: str, tls: TlsConfig, now: datetime) -> Store:
    """Create or renew what is needed, so that the store's certificate and key can be served.

    Raises `ConfigError` if they cannot be served, and `OSError` if nothing can be written.
    """
    place = store(home, tls)
    with alone(home):
        state = examine(home, hostname, tls, now)
        match state:
            case State.OWN | State.GOOD:
                pass
            case State.DUE:
                _issue(place, place.ca_store.read(), hostname, now)
            case State.NOTHING:
                _issue(place, place.ca_store.keep(new_authority(hostname, now)), hostname, now)
            case _:
                assert_never(state)
    return place


def authority_of(home: Path, tls: TlsConfig) -> Authority:
    """Read the CA of a home for issuing certificates. Raises `ConfigError` if it is not ours."""
    place = store(home, tls)
    if _is_own(place, tls):
        raise ConfigError(
            f"tls.certificate: {place.certificate} is not signed by mailauth's own CA"
        )
    return place.ca_store.read()


def issue_anew(home: Path, hostname: str, tls: TlsConfig, now: datetime) -> Store:
    """Create a new CA, which clients must then trust, and a certificate. Raises like `prepare`."""
    place = store(home, tls)
    with alone(home):
        if _is_own(place, tls):
            raise ConfigError(
                f"tls.certificate: {place.certificate} was not issued by"
                " mailauth, so it was not changed"
            )
        _issue(place, place.ca_store.keep(new_authority(hostname, now)), hostname, now)
    return place


def examine(home: Path, hostname: str, tls: TlsConfig, now: datetime) -> State:
    """Return what exists, without changing it. Raises `ConfigError` for what cannot be served."""
    place = store(home, tls)
    if _is_own(place, tls):
        _check_own(place, now)
        return State.OWN
    if not place.ca.exists():
        return State.NOTHING
    ca = read_certificates(place.ca, "the CA")[0]
    if ca.not_valid_after_utc <= now:
        raise ConfigError(f"the CA: {place.ca} has expired; {_ANEW}")
    if not permits(ca, hostname):
        raise ConfigError(f'hostname: the CA {place.ca} does not permit "{hostname}"; {_ANEW}')
    if _is_good(place, ca, hostname, now):
        return State.GOOD
    place.ca_store.read()
    return State.DUE


def _is_own(place: Store, tls: TlsConfig) -> bool:
    """Return whether the user brought this certificate, even if it is where ours would be."""
    if (tls.certificate, tls.key) != (TlsConfig().certificate, TlsConfig().key):
        return True
    if not place.certificate.exists():
        return False
    return not made_here(read_certificates(place.certificate, "tls.certificate")[0])


def _check_own(place: Store, now: datetime) -> None:
    where = "tls.certificate"
    certificates = read_certificates(place.certificate, where)
    key = read_key(place.key, "tls.key")
    certificate = certificates[0]
    if not belong_together(certificate, key):
        if any(belong_together(other, key) for other in certificates):
            raise ConfigError(
                f"{where}: the server's certificate must be the first in {place.certificate}"
            )
        raise ConfigError(f"tls.key: {place.key} is not the key of {place.certificate}")
    if certificate.not_valid_after_utc <= now:
        expired = f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
        raise ConfigError(f"{where}: {place.certificate} {expired}")
    if certificate.not_valid_before_utc > now:
        begins = f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}"
        raise ConfigError(f"{where}: {place.certificate} {begins}")


def _is_good(place: Store, ca: x509.Certificate, hostname: str, now: datetime) -> bool:
    if not place.certificate.exists() or not place.key.exists():
        return False
    certificate = read_certificates(place.certificate, "tls.certificate")[0]
    end = certificate.not_valid_after_utc
    can_be_renewed = end < ca.not_valid_after_utc and place.ca_key.exists()
    return (
        _issued_by(ca, certificate)
        and belong_together(certificate, read_key(place.key, "tls.key"))
        and hostname.lower() in host_names(certificate)
        and certificate.not_valid_before_utc <= now
        and now < (end - RENEWED_BEFORE if can_be_renewed else end)
    )


def _issued_by(ca: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _issue(place: Store, authority: Authority, hostname: str, now: datetime) -> None:
    """Issue a certificate for a new key; after a crash in between, `examine` finds it due."""
    key = new_key()
    certificate = issue_server_certificate(authority, hostname, key, now)
    write_key(place.key, key)
    write_certificate(place.certificate, certificate)
