"""The schemes of stored passwords, `{SCHEME}text` as Dovecot writes them, and htpasswd's forms.

Every check here takes as long as its scheme was made to take; none may run in the reactor's thread.
Argon2id is cryptography's, crypt(3) is the system's (without Python's `crypt`, which holds the
interpreter lock), and what Apache alone uses is libpass's.
"""

import base64
import binascii
import ctypes
import ctypes.util
import functools
import hmac
import os
import re
from collections.abc import Callable

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from passlib.hash import apr_md5_crypt, ldap_salted_sha1, ldap_sha1

from mailauth.login.secrets import SCRAM_HASHES, PlaintextSecret, ScramSecret
from mailauth.sasl.exchange import ScramKeys

Check = Callable[[bytes], bool]

_PREFIX = re.compile(r"\{([A-Za-z0-9.-]+)\}")
_CRYPT_SETTING = re.compile(r"\$(1|2[aby]|5|6|7|y|gy)\$[!-9;-~]+")
_CRYPT_DATA_SIZE = 32768  # crypt.h: CRYPT_DATA_SIZE

_ARGON2_MEMORY_KIB = 19 * 1024  # OWASP's recommendation: 19 MiB, two passes, one lane
_ARGON2_ITERATIONS = 2


class UnknownScheme(ValueError):
    """The stored password is of no scheme that we have, or does not have its scheme's form."""


def hash_password(password: str) -> str:
    """Make a stored password of the scheme that we recommend, `{ARGON2ID}`."""
    argon2 = Argon2id(
        salt=os.urandom(16),
        length=32,
        iterations=_ARGON2_ITERATIONS,
        lanes=1,
        memory_cost=_ARGON2_MEMORY_KIB,
    )
    return "{ARGON2ID}" + argon2.derive_phc_encoded(password.encode())


def plaintext_or_scram(stored: str) -> PlaintextSecret | ScramSecret | None:
    """Return the secret of a scheme that costs nothing to check, `None` for the others."""
    scheme, text = _split(stored)
    match scheme:
        case "PLAIN" | "CLEARTEXT":
            return PlaintextSecret(text.encode())
        case "SCRAM-SHA-1" | "SCRAM-SHA-256":
            hash_name = "sha1" if scheme == "SCRAM-SHA-1" else "sha256"
            assert hash_name in SCRAM_HASHES
            return ScramSecret({hash_name: _scram_keys(text)})
        case _:
            return None


def hash_scheme(stored: str) -> tuple[str, Check]:
    """Return a hash's scheme and its check. Raises `UnknownScheme`, which quotes no hash."""
    scheme, text = _split(stored)
    if scheme == "ARGON2ID":
        return scheme, _argon2id(text)
    if scheme in ("SHA512-CRYPT", "SHA256-CRYPT", "BLF-CRYPT", "MD5-CRYPT", "CRYPT"):
        return scheme, _crypt(text)
    if scheme == "APR1":
        return scheme, _libpass(apr_md5_crypt, text)
    if scheme == "SHA":
        return scheme, _libpass(ldap_sha1, "{SHA}" + text)
    if scheme == "SSHA":
        return scheme, _libpass(ldap_salted_sha1, "{SSHA}" + text)
    raise UnknownScheme(f"unknown password scheme {{{scheme}}}")


def _split(stored: str) -> tuple[str, str]:
    prefix = _PREFIX.match(stored)
    if prefix:
        return prefix[1].upper(), stored[prefix.end() :]
    if stored.startswith("$apr1$"):
        return "APR1", stored
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


@functools.cache
def _crypt_rn() -> Callable[[bytes, bytes, object, int], bytes | None]:
    """The reentrant crypt(3) of libxcrypt, called without the interpreter lock."""
    name = ctypes.util.find_library("crypt")
    if name is None:
        raise UnknownScheme("crypt(3) hashes need the system's libcrypt, which is not there")
    function = ctypes.CDLL(name).crypt_rn
    function.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int]
    function.restype = ctypes.c_char_p
    return function


def _crypt(text: str) -> Check:
    if not _CRYPT_SETTING.fullmatch(text):
        raise UnknownScheme("not a crypt(3) hash that we take ($6$, $5$, $2b$, $y$, $1$)")
    stored = text.encode()
    crypt_rn = _crypt_rn()

    def check(password: bytes) -> bool:
        if b"\0" in password:
            return False
        data = ctypes.create_string_buffer(_CRYPT_DATA_SIZE)
        hashed = crypt_rn(password, stored, data, _CRYPT_DATA_SIZE)
        return hashed is not None and hmac.compare_digest(hashed, stored)

    return check


def _libpass(handler: type[apr_md5_crypt], text: str) -> Check:
    try:
        whole = handler.from_string(text).checksum is not None
    except ValueError:
        whole = False
    if not whole:
        raise UnknownScheme(f"not a whole hash of {handler.name}")

    def check(password: bytes) -> bool:
        return b"\0" not in password and bool(handler.verify(password, text))

    return check


def _scram_keys(text: str) -> ScramKeys:
    """Read Dovecot's `iterations,salt,StoredKey,ServerKey`, the last three in base64."""
    try:
        iterations, salt, stored_key, server_key = text.split(",")
        return ScramKeys(
            salt=base64.b64decode(salt, validate=True),
            iterations=int(iterations),
            stored_key=base64.b64decode(stored_key, validate=True),
            server_key=base64.b64decode(server_key, validate=True),
        )
    except (ValueError, binascii.Error):
        raise UnknownScheme("not SCRAM keys (iterations,salt,StoredKey,ServerKey)") from None
