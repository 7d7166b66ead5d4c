"""crypt(3) of the system's libcrypt, called without the interpreter lock.

Python's own `crypt` holds that lock for as long as a hash takes, and Python 3.13 removed it.
"""

import ctypes
import ctypes.util
import functools
import os

_DATA_OCTETS = 32768  # crypt.h: CRYPT_DATA_SIZE
_SETTING_OCTETS = 192  # crypt.h: CRYPT_GENSALT_OUTPUT_SIZE
_RANDOM_OCTETS = 32
_PASSWORD_OCTETS = 512  # crypt.h: CRYPT_MAX_PASSPHRASE_SIZE; old libraries take minutes for more


class NoCrypt(ValueError):
    """The system has no libcrypt, or not this kind of hash."""


def crypt(password: bytes, setting: bytes) -> bytes | None:
    """Hash a password with a setting or an existing hash; `None` if this is not possible."""
    if b"\0" in password or len(password) > _PASSWORD_OCTETS:
        return None
    data = ctypes.create_string_buffer(_DATA_OCTETS)
    hashed: bytes | None = library().crypt_rn(password, setting, data, _DATA_OCTETS)
    return hashed


def new_setting(prefix: bytes, cost: int) -> bytes:
    """Make a setting with a new salt; `cost` has the method's own unit, and 0 is its default."""
    output = ctypes.create_string_buffer(_SETTING_OCTETS)
    random = os.urandom(_RANDOM_OCTETS)
    setting: bytes | None = library().crypt_gensalt_rn(
        prefix, cost, random, len(random), output, _SETTING_OCTETS
    )
    if setting is None:
        raise NoCrypt(f"the system's crypt(3) does not support {prefix.decode()} hashes")
    return setting


@functools.cache
def library() -> ctypes.CDLL:
    """Load libcrypt; raises `NoCrypt`."""
    name = ctypes.util.find_library("crypt")
    if name is None:
        raise NoCrypt("crypt(3) hashes need the system's libcrypt, which is not installed")
    library = ctypes.CDLL(name)
    text, size = ctypes.c_char_p, ctypes.c_int
    library.crypt_rn.argtypes = [text, text, ctypes.c_void_p, size]
    library.crypt_rn.restype = text
    library.crypt_gensalt_rn.argtypes = [text, ctypes.c_ulong, text, size, ctypes.c_void_p, size]
    library.crypt_gensalt_rn.restype = text
    return library
