"""Where our CAs are stored: each is a certificate and a key in HOME/certs, created once."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from mailauth.certs.ca import Authority, Key
from mailauth.certs.pem import (
    belong_together,
    read_certificates,
    read_key,
    write_certificate,
    write_key,
)
from mailauth.config.errors import ConfigError
from mailauth.home import state_directory
from mailauth.home.directories import made
from mailauth.home.file_lock import LockHeld, take

PATIENCE = 5.0  # seconds to wait for another process that creates certificates


class CaStore(msgspec.Struct, frozen=True):
    """The location of one of our CAs.

    `file` is the stem of its file names. Error messages call the CA `title` and its key
    `key_title`, and suggest `remedy`.
    """

    home: Path
    file: str
    title: str
    key_title: str
    remedy: str = ""

    @property
    def certificate(self) -> Path:
        """The CA's certificate."""
        return self.home / "certs" / f"{self.file}.pem"

    @property
    def key(self) -> Path:
        """The CA's private key."""
        return self.home / "certs" / f"{self.file}.key"

    def read(self) -> Authority:
        """Read the CA for issuing certificates. Raises `ConfigError`."""
        certificate = read_certificates(self.certificate, self.title)[0]
        key = read_key(self.key, self.key_title)
        if not isinstance(key, Key) or not belong_together(certificate, key):
            wrong = f"{self.key_title}: {self.key} is not the key of {self.certificate}"
            raise ConfigError(f"{wrong}; {self.remedy}" if self.remedy else wrong)
        return Authority(certificate, key)

    def keep(self, authority: Authority) -> Authority:
        """Write a new CA, its key first, since a key without a certificate vouches for nobody."""
        made(self.certificate.parent)
        write_key(self.key, authority.key)
        write_certificate(self.certificate, authority.certificate)
        return authority


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Keep other processes from creating certificates in the same home."""
    path = state_directory(home) / "certs.lock"
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            take(lock, PATIENCE)
        except LockHeld:
            raise LockHeld(
                f"{home}: another mailauth has been creating certificates here for {PATIENCE:.0f} s"
            ) from None
        yield
    finally:
        os.close(lock)
