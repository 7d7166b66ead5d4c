"""Files of a Maildir: their names and contents, and locks between processes.

A name is `KEY:2,LETTERS`. The key never changes; the letters are the system flags. Messages are
written with bare line feeds, as other programs expect, if that is reversible.
"""

import itertools
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from mailauth.home.file_lock import LockHeld, take
from mailauth.mailbox.message import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN

_LETTERS = {DRAFT: "D", FLAGGED: "F", ANSWERED: "R", SEEN: "S", DELETED: "T"}
_FLAGS = {letter: flag for flag, letter in _LETTERS.items()}
_BARE_LF = re.compile(rb"(?<!\r)\n")
_HOST = re.sub(r"[^A-Za-z0-9.-]", "_", socket.gethostname()) or "localhost"
_count = itertools.count()

PATIENCE = 1.0  # seconds for a lock, which is held for one turn's work
_in_vain: set[Path] = set()  # the locks that were waited for without success


def new_key() -> str:
    """Return a key that is unique among all hosts."""
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{seconds}.M{nanoseconds // 1000}P{os.getpid()}Q{next(_count)}.{_HOST}"


def split(name: str) -> tuple[str, str]:
    """Split a file's name into its key and letters."""
    key, _, info = name.partition(":")
    return key, info[2:] if info.startswith("2,") else ""


def name_for(key: str, flags: frozenset[str], letters: str = "") -> str:
    """Return a name with these flags; letters that are not flags are kept."""
    return f"{key}:2,{_written(flags, letters)}"


@lru_cache(maxsize=1_500)
def _written(flags: frozenset[str], letters: str) -> str:
    others = (letter for letter in letters if letter not in _FLAGS)
    return "".join(sorted({*letters_of(flags), *others}))


def letters_of(flags: frozenset[str]) -> set[str]:
    """Return the letters of the system flags."""
    return {_LETTERS[flag] for flag in flags if flag in _LETTERS}


def flags_of(letters: str) -> frozenset[str]:
    """Return the system flags that letters stand for."""
    return frozenset(_FLAGS[letter] for letter in letters if letter in _FLAGS)


def to_disk(content: bytes) -> bytes:
    """Convert CRLF to LF for writing, unless the message contains a bare CR."""
    if content.count(b"\r") != content.count(b"\r\n"):
        return content
    return content.replace(b"\r\n", b"\n")


def from_disk(octets: bytes) -> bytes:
    """Convert a file of any origin to CRLF line endings."""
    if b"\r" in octets:
        return _BARE_LF.sub(b"\r\n", octets)
    return octets.replace(b"\n", b"\r\n")


def replace(path: Path, octets: bytes) -> None:
    """Replace a file atomically."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(octets)
        draft.rename(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that excludes all other holders in all processes.

    The wait is bounded, because the holder may have been stopped. After a failed wait, further
    waits are much shorter until the lock was free once. Raises `LockHeld`.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            take(descriptor, PATIENCE / 100 if path in _in_vain else PATIENCE)
        except LockHeld:
            _in_vain.add(path)
            raise
        if _in_vain:
            _in_vain.discard(path)
        yield
    finally:
        os.close(descriptor)
