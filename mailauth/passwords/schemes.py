"""The schemes of stored passwords: Dovecot's `{SCHEME}text`, and the forms of htpasswd.

A check takes as long as its scheme is designed to take, so it must not run in the reactor's thread.
Argon2id comes from cryptography, and crypt(3) from the system. SCRAM keys (RFC 5802 §3) and the
SHA-1 schemes of LDAP directories are our own.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable

import msgspec
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from mailauth.login.secrets import PlaintextSecret
from mailauth.passwords.crypt import crypt, library
from mailauth.sasl.exchange import ScramKeys
from mailauth.sasl.scram import make_keys

Check = Callable[[bytes], bool]

_PREFIX = re.compile(r"\{([A-Za-z0-9.-]+)\}")
_CRYPT_SETTING = re.compile(r"\$(1|2[aby]|5|6|7|y|gy)\$[!-9;-~]+")
_SHA_1_OCTETS = 20

SCRAM_HASHES = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"}  # by hashlib's names


class UnknownScheme(ValueError):
    """The scheme of the stored password is unknown, or the text is not valid for it."""


class StoredHash(msgspec.Struct, frozen=True):
    """A stored password that can only be checked; SCRAM keys also serve SCRAM."""

    scheme: str
    check: Check
    scram: dict[str, ScramKeys] = {}  # by hashlib's name of the hash

    def __repr__(self) -> str:
        return f"StoredHash({self.scheme})"


def plaintext(stored: str) -> PlaintextSecret | None:
    """Return a password stored in the clear, or `None` for the other schemes."""
    scheme, text = _split(stored)
    return PlaintextSecret(text.encode()) if scheme in ("PLAIN", "CLEARTEXT") else None


def stored_hash(stored: str) -> StoredHash:
    """Parse a hash or SCRAM keys. Raises `UnknownScheme`, which does not quote them."""
    scheme, text = _split(stored)
    if scheme == "ARGON2ID":
        return StoredHash(scheme, _argon2id(text))
    if scheme in ("SHA512-CRYPT", "SHA256-CRYPT", "BLF-CRYPT", "MD5-CRYPT", "CRYPT"):
        return StoredHash(scheme, _crypt(text))
    if scheme in ("SHA", "SSHA"):
        return StoredHash(scheme, _sha_1(text, salted=scheme == "SSHA"))
    if scheme in SCRAM_HASHES:
        keys = _scram_keys(text, SCRAM_HASHES[scheme])
        return StoredHash(scheme, _scram(keys, SCRAM_HASHES[scheme]), {SCRAM_HASHES[scheme]: keys})
    raise UnknownScheme(f"unknown password scheme {{{scheme}}}")


def _split(stored: str) -> tuple[str, str]:
    prefix = _PREFIX.match(stored)
    if prefix:
        return prefix[1].upper(), stored[prefix.end() :]
    if stored.startswith("$argon2id$"):
        return "ARGON2ID", stored
    return "CRYPT", stored


def _argon2id(text: str) -> Check:
    def check(password: bytes) -> bool:
        try:
            Argon2id.verify_phc_encoded(password, text)
        except InvalidKey:
            return False
        return True

    if not re.fullmatch(
        r"\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+", text
    ):
        raise UnknownScheme("not an Argon2id hash ($argon2id$v=19$m=…,t=…,p=…$salt$hash)")
    return check


def _crypt(text: str) -> Check:
    if not _CRYPT_SETTING.fullmatch(text):
        raise UnknownScheme(
            "not a supported crypt(3) hash ($6$, $5$, $2b$, $y$, $1$; htpasswd -B makes $2y$)"
        )
    library()  # a missing libcrypt is reported when the file is read
    stored = text.encode()

    def check(password: bytes) -> bool:
        hashed = crypt(password, stored)
        return hashed is not None and hmac.compare_digest(hashed, stored)

    return check


def _sha_1(text: str, *, salted: bool) -> Check:
    try:
        octets = base64.b64decode(text, validate=True)
    except ValueError:
        octets = b""
    digest, salt = octets[:_SHA_1_OCTETS], octets[_SHA_1_OCTETS:]
    if len(digest) < _SHA_1_OCTETS or bool(salt) is not salted:
        raise UnknownScheme("not a SHA-1 digest in base64 (for {SSHA}, followed by the salt)")

    def check(password: bytes) -> bool:
        return hmac.compare_digest(hashlib.sha1(password + salt).digest(), digest)  # noqa: S324

    return check


def _scram(stored: ScramKeys, hash_name: str) -> Check:
    def check(password: bytes) -> bool:
        sent = make_keys(password, stored.salt, stored.iterations, hash_name)
        return hmac.compare_digest(sent.stored_key, stored.stored_key)

    return check


def _scram_keys(text: str, hash_name: str) -> ScramKeys:
    """Parse Dovecot's `iterations,salt,StoredKey,ServerKey`, the last three in base64."""
    octets = hashlib.new(hash_name).digest_size
    try:
        iterations, salt, stored_key, server_key = text.split(",")
        keys = ScramKeys(
            salt=base64.b64decode(salt, validate=True),
            iterations=int(iterations),
            stored_key=base64.b64decode(stored_key, validate=True),
            server_key=base64.b64decode(server_key, validate=True),
        )
    except (ValueError, binascii.Error):
        raise UnknownScheme("not SCRAM keys (iterations,salt,StoredKey,ServerKey)") from None
    if not (keys.salt and keys.iterations > 0):
        raise UnknownScheme("SCRAM keys without a salt or iterations")
    if not len(keys.stored_key) == len(keys.server_key) == octets:
        raise UnknownScheme(f"SCRAM keys do not have {octets} octets")
    return keys
