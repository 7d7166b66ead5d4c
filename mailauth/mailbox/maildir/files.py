"""Files of a Maildir: their names, what is written in them, and locks between processes.

A name is `KEY:2,LETTERS`; the key never changes, the letters are the system flags. Messages are
written with plain line feeds, as other programs expect, whenever that can be undone.
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
_in_vain: set[Path] = set()  # the locks that were waited for so long


def new_key() -> str:
    """A name that no other message has, here or on another host."""
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{seconds}.M{nanoseconds // 1000}P{os.getpid()}Q{next(_count)}.{_HOST}"


def split(name: str) -> tuple[str, str]:
    """The key and the letters of a file's name."""
    key, _, info = name.partition(":")
    return key, info[2:] if info.startswith("2,") else ""


def name_for(key: str, flags: frozenset[str], letters: str = "") -> str:
    """The name for a message with these flags; letters it had that are no flags stay."""
    return f"{key}:2,{_written(flags, letters)}"


@lru_cache(maxsize=1_500)
def _written(flags: frozenset[str], letters: str) -> str:
    others = (letter for letter in letters if letter not in _FLAGS)
    return "".join(sorted({*letters_of(flags), *others}))


def letters_of(flags: frozenset[str]) -> set[str]:
    """The letters of the system flags."""
    return {_LETTERS[flag] for flag in flags if flag in _LETTERS}


def flags_of(letters: str) -> frozenset[str]:
    """The system flags that letters stand for."""
    return frozenset(_FLAGS[letter] for letter in letters if letter in _FLAGS)


def to_disk(content: bytes) -> bytes:
    """What is written for a message with CRLF lines; with a bare CR in it, it stays as it is."""
    if content.count(b"\r") != content.count(b"\r\n"):
        return content
    return content.replace(b"\r\n", b"\n")


def from_disk(octets: bytes) -> bytes:
    """The message, its lines ended by CRLF, whoever wrote it."""
    if b"\r" in octets:
        return _BARE_LF.sub(b"\r\n", octets)
    return octets.replace(b"\n", b"\r\n")


def replace(path: Path, octets: bytes) -> None:
    """Write a file so that others see the old one or the new one."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(octets)
        draft.rename(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that only one holder in all processes has.

    It is waited for, but not for ever: the holder may have been stopped. One that was waited for in
    vain is hardly waited for, until it was free. Raises `LockHeld`.
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
