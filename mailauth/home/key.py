"""Secret keys of a server: random octets in files that only the owner can read."""

import contextlib
import os
import secrets
from pathlib import Path

from mailauth.home.directories import PRIVATE, made

KEY_OCTETS = 32


def key_in(file: Path) -> bytes:
    """Read a key, or create it; if two processes create it, one of them wins."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        pass
    made(file.parent, PRIVATE)
    temporary = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as written:
        written.write(secrets.token_bytes(KEY_OCTETS))
    with contextlib.suppress(FileExistsError):
        file.hardlink_to(temporary)
    temporary.unlink()
    return file.read_bytes()
