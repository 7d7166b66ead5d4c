"""Hashing passwords for the users file."""

import base64
import os
from collections.abc import Callable

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from mailauth.passwords.crypt import crypt, new_setting
from mailauth.passwords.schemes import SCRAM_HASHES
from mailauth.sasl.saslprep import Prohibited, prepared, saslprep
from mailauth.sasl.scram import MINIMUM_ITERATIONS, make_keys

_SALT_OCTETS = 16

_ARGON2_MEMORY_KIB = 19 * 1024  # OWASP's recommendation: 19 MiB, two passes, one lane
_ARGON2_ITERATIONS = 2

_BCRYPT_COST = 10  # 2^10 rounds; OWASP's minimum
_BCRYPT_OCTETS = 72  # bcrypt ignores the rest


class CannotStore(ValueError):
    """The password cannot be stored with this scheme; the message does not quote it."""


def argon2id(password: str) -> str:
    """Hash with `{ARGON2ID}`, which we recommend."""
    argon2 = Argon2id(
        salt=os.urandom(_SALT_OCTETS),
        length=32,
        iterations=_ARGON2_ITERATIONS,
        lanes=1,
        memory_cost=_ARGON2_MEMORY_KIB,
    )
    return "{ARGON2ID}" + argon2.derive_phc_encoded(password.encode())


def bcrypt(password: str) -> str:
    """Hash with `{BLF-CRYPT}`, as htpasswd -B does."""
    if len(password.encode()) > _BCRYPT_OCTETS:
        raise CannotStore(f"bcrypt accepts passwords of at most {_BCRYPT_OCTETS} octets")
    return "{BLF-CRYPT}" + _crypted(password, b"$2b$", _BCRYPT_COST)


def sha512_crypt(password: str) -> str:
    """Hash with `{SHA512-CRYPT}`, as in /etc/shadow."""
    return "{SHA512-CRYPT}" + _crypted(password, b"$6$", 0)


def scram_sha_1(password: str) -> str:
    """Make `{SCRAM-SHA-1}` keys, which also serve the SCRAM-SHA-1 mechanism."""
    return _scram("SCRAM-SHA-1", password)


def scram_sha_256(password: str) -> str:
    """Make `{SCRAM-SHA-256}` keys, which also serve the SCRAM-SHA-256 mechanism."""
    return _scram("SCRAM-SHA-256", password)


def plain(password: str) -> str:
    """Store the password itself, `{PLAIN}`, for test accounts that can use every mechanism."""
    if password != password.strip() or not password.isprintable() or ":" in password:
        raise CannotStore(
            "a plaintext password in the users file must not contain a colon, or begin or end with"
            " a space"
        )
    return "{PLAIN}" + password


SCHEMES: dict[str, Callable[[str], str]] = {
    "argon2id": argon2id,
    "scram-sha-256": scram_sha_256,
    "scram-sha-1": scram_sha_1,
    "sha512-crypt": sha512_crypt,
    "bcrypt": bcrypt,
    "plain": plain,
}


def _crypted(password: str, prefix: bytes, cost: int) -> str:
    hashed = crypt(password.encode(), new_setting(prefix, cost))
    if hashed is None:
        raise CannotStore("the system's crypt(3) does not accept this password")
    return hashed.decode("ascii")


def _scram(scheme: str, password: str) -> str:
    try:
        taken = prepared(password.encode()) == saslprep(password).encode()
    except Prohibited:
        raise CannotStore("SCRAM does not allow these characters (RFC 4013)") from None
    if not taken:
        raise CannotStore("SCRAM does not allow a password of this length with these characters")
    salt = os.urandom(_SALT_OCTETS)
    keys = make_keys(password.encode(), salt, MINIMUM_ITERATIONS, SCRAM_HASHES[scheme])
    fields = (keys.salt, keys.stored_key, keys.server_key)
    encoded = ",".join(base64.b64encode(field).decode("ascii") for field in fields)
    return f"{{{scheme}}}{keys.iterations},{encoded}"
