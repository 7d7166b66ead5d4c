"""The older files of a log, however they were rotated: by number or date, compressed or not."""

import hashlib
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from mailauth.report.packing import DAMAGED, SUFFIXES, opened
from mailauth.watch.cursor import Place

HEAD_OCTETS = 512  # that identify a file, whatever its name and inode
_ROTATED = r"[.-]\d{1,14}(?:[.-]\d+)*"
_PACKED = r"(?:\.(?:gz|bz2|xz))?"


class Sibling(msgspec.Struct, frozen=True):
    """A file of a log, and its status."""

    path: Path
    device: int
    inode: int
    modified: int  # nanoseconds


def siblings(log: Path) -> list[Sibling]:
    """Return the older files of a log, oldest first. Raises `OSError`.

    A compressed file is left out beside its original, since it may not be complete yet.
    """
    names = re.compile(
        rf"{re.escape(log.name)}{_ROTATED}{_PACKED}"
        rf"|{re.escape(log.stem)}{_ROTATED}{re.escape(log.suffix)}{_PACKED}"
    )
    there = {path.name for path in log.parent.iterdir()}
    found = []
    for name in filter(names.fullmatch, there):
        path = log.with_name(name)
        if path.suffix in SUFFIXES and path.stem in there:
            continue
        with suppress(FileNotFoundError):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                found.append(Sibling(path, status.st_dev, status.st_ino, status.st_mtime_ns))
    return sorted(found, key=lambda sibling: (sibling.modified, sibling.path))


def head_of(octets: bytes) -> str:
    """Return the hash of a file's beginning."""
    return hashlib.blake2b(octets, digest_size=16).hexdigest()


def is_at(place: Place, path: Path) -> bool:
    """Return whether an unpacked file begins like the one of a place, and is long enough."""
    if not place.head_octets:
        return False
    try:
        with opened(path) as file:
            head = _read(file, place.head_octets)
            if head_of(head) != place.head:
                return False
            file.seek(max(0, place.offset - 1))
            return place.offset == 0 or bool(file.read(1))
    except (OSError, *DAMAGED):
        return False


def file_of(place: Place, log: Path) -> Path | None:
    """Return the file of a place, the log or an older one, or `None` if it is gone."""
    files = [sibling.path for sibling in reversed(siblings(log))]
    if log.is_file():
        files.insert(0, log)
    for path in files:
        status = path.stat()
        if (status.st_dev, status.st_ino) == (place.device, place.inode) and (
            not place.head_octets or is_at(place, path)
        ):
            return path
    return next((path for path in files if is_at(place, path)), None)


def _read(file: BinaryIO, octets: int) -> bytes:
    read = b""
    while len(read) < octets and (block := file.read(octets - len(read))):
        read += block
    return read
