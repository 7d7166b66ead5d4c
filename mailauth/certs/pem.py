"""PEM files of certificates and private keys (RFC 7468): one-line errors, atomic writes."""

import os
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from mailauth.config.errors import ConfigError
from mailauth.home.replacing import replace_file

PUBLIC = 0o644
PRIVATE = 0o600


def read_certificates(path: Path, where: str) -> list[x509.Certificate]:
    """Read a certificate and its chain. Raises `ConfigError` that begins with `where`."""
    data = _contents(path, where)
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError:
        raise ConfigError(f"{where}: {path} does not contain a certificate in PEM form") from None


def read_key(path: Path, where: str) -> PrivateKeyTypes:
    """Read a private key without a passphrase. Raises `ConfigError` that begins with `where`."""
    data = _contents(path, where)
    try:
        return serialization.load_pem_private_key(data, password=None)
    except TypeError:
        raise ConfigError(
            f"{where}: {path} needs a passphrase, expected a key without one"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError(f"{where}: {path} does not contain a private key in PEM form") from None


def belong_together(certificate: x509.Certificate, key: PrivateKeyTypes) -> bool:
    """Return whether a private key matches a certificate."""
    return certificate.public_key() == key.public_key()


def write_certificate(path: Path, certificate: x509.Certificate) -> None:
    """Write a world-readable certificate; other processes see the old file or the new one."""
    _write(path, certificate.public_bytes(serialization.Encoding.PEM), PUBLIC)


def write_key(path: Path, key: PrivateKeyTypes) -> None:
    """Write a private key in the same way; only the owner can read it, at every moment."""
    data = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write(path, data, PRIVATE)


def _contents(path: Path, where: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{where}: {path} cannot be read: {error.strerror}") from None


def _write(path: Path, data: bytes, mode: int) -> None:
    replace_file(path, data, lambda descriptor: os.fchmod(descriptor, mode))
