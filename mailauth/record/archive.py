"""Older log files: their names, and what stands at their ends.

They are `STEM.YYYY-MM-DD.EXT`, `STEM.YYYY-MM-DD.2.EXT` for more in one day, with `.gz` behind it
when compressed.
"""

import gzip
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

_BLOCK = 65536


class Archived(msgspec.Struct, frozen=True, order=True):
    """An older file of one log, ordered by age."""

    day: date
    number: int
    path: Path


def archived(log: Path) -> list[Archived]:
    """List a log's older files, the oldest first; a log without a directory has none."""
    stem, extension = re.escape(log.stem), re.escape(log.suffix)
    name = re.compile(rf"{stem}\.(\d{{4}}-\d\d-\d\d)(?:\.([2-9]|[1-9]\d+))?{extension}(?:\.gz)?")
    found = []
    for path in log.parent.iterdir() if log.parent.is_dir() else ():
        match = name.fullmatch(path.name)
        if match is not None and (day := _day(match[1])) is not None:
            found.append(Archived(day, int(match[2] or 1), path))
    return sorted(found)


def newest_first(log: Path) -> Iterator[Path]:
    """Yield a log's own file, then its older ones from the newest on."""
    if log.exists():
        yield log
    for older in reversed(archived(log)):
        yield older.path


def tail(path: Path, octets: int) -> list[bytes]:
    """Return the last whole lines of a file, compressed or not, that fit into so many octets.

    Raises `OSError`, `EOFError` and `zlib.error` for what cannot be read.
    """
    if path.suffix == ".gz":
        with gzip.open(path, "rb") as stream:
            return _lines(_end_of(cast(BinaryIO, stream), octets + 1), octets)
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - octets - 1))
        return _lines(file.read(), octets)


def _lines(end: bytes, octets: int) -> list[bytes]:
    lines = end.splitlines(keepends=True) if b"\r" not in end else _split_at_line_feeds(end)
    if len(end) > octets:
        lines = lines[1:]  # the first begins before what was read
    return [line for line in lines if line.endswith(b"\n")]


def _split_at_line_feeds(end: bytes) -> list[bytes]:
    return [line + b"\n" for line in end.split(b"\n")[:-1]]


def _end_of(stream: BinaryIO, octets: int) -> bytes:
    end = b""
    while block := stream.read(_BLOCK):
        end = (end + block)[-octets:]
    return end


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
