"""The journal of a folder: UIDs, MODSEQs, keywords and dates of its messages, as lines of JSON.

A process that holds the account's lock appends every change; other processes continue reading from
where they were. An incomplete last line is ignored. The file is rewritten from time to time.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from mailauth.mailbox.maildir.files import replace
from mailauth.mailbox.store import SpecialUse

NAME = "mailauth-index"
_LONGEST_FIRST = 4_096  # octets


class Begun(msgspec.Struct, frozen=True, array_like=True, tag="mailbox"):
    """The first line, which distinguishes this file from its predecessors.

    `forgotten` is the MODSEQ up to which removals are not remembered.
    """

    version: int
    generation: int
    uid_validity: int
    special_use: SpecialUse | None
    uid_next: int
    highest_modseq: int
    recent_from: int
    forgotten: int


class Added(msgspec.Struct, frozen=True, array_like=True, tag="+"):
    """A message; `date` is in seconds since 1970, `zone` in minutes east."""

    uid: int
    modseq: int
    key: str
    size: int
    date: int
    zone: int
    flags: list[str]


class Flagged(msgspec.Struct, frozen=True, array_like=True, tag="f"):
    """A message's flags have changed."""

    uid: int
    modseq: int
    flags: list[str]


class Removed(msgspec.Struct, frozen=True, array_like=True, tag="-"):
    """Messages were removed at the next MODSEQ."""

    uids: list[int]


class Vanished(msgspec.Struct, frozen=True, array_like=True, tag="v"):
    """Messages were removed before this file was written."""

    modseq: int
    uids: list[int]


class Claimed(msgspec.Struct, frozen=True, array_like=True, tag="r"):
    r"""Messages with a lower UID are not `\Recent` for later sessions."""

    recent_from: int


class Touched(msgspec.Struct, frozen=True, array_like=True, tag="t"):
    """The writer changed the folder last: `cur` and, unless that is 0, `new`, in nanoseconds.

    With `new`, another program may well have changed something at the same time.
    """

    cur: int
    new: int = 0


Record = Begun | Added | Flagged | Removed | Vanished | Claimed | Touched

_decoder = msgspec.json.Decoder(Record)
_encoder = msgspec.json.Encoder()


class BrokenJournal(Exception):
    """The file is not a valid journal."""


class Journal:
    """One folder's journal, as far as this process has read it."""

    def __init__(self, folder: Path) -> None:
        self.lines = 0
        self.folder = folder
        self._inode = 0
        self._read = 0
        self._first = b""

    @property
    def folder(self) -> Path:
        """The folder of the journal, which may be moved."""
        return self._path.parent

    @folder.setter
    def folder(self, folder: Path) -> None:
        self._path = folder / NAME
        self._file = str(self._path)

    def begun(self) -> Begun | None:
        """Return the first line, or `None` without a journal; raises `BrokenJournal`."""
        try:
            with self._path.open("rb") as file:
                line = file.readline(_LONGEST_FIRST)
        except FileNotFoundError:
            return None
        record = _decoded([line])[0] if line.endswith(b"\n") else None
        if not isinstance(record, Begun) or record.version != 1:
            raise BrokenJournal
        return record

    def is_read(self) -> bool:
        """Return whether everything was read; raises `FileNotFoundError`."""
        stat = os.stat(self._file)
        return stat.st_ino == self._inode and stat.st_size == self._read

    def read(self) -> tuple[list[Record], bool]:
        """Return the unread records, and whether they are the whole file from its first line on.

        Raises `FileNotFoundError` and `BrokenJournal`.
        """
        with self._path.open("rb") as file:
            stat = os.fstat(file.fileno())
            first = file.readline(_LONGEST_FIRST)
            anew = first != self._first or stat.st_size < self._read
            start = 0 if anew else self._read
            file.seek(start)
            octets = file.read()
        end = octets.rfind(b"\n") + 1
        lines = octets[:end].split(b"\n")[:-1]
        records = _decoded(lines)
        if anew and not (records and isinstance(records[0], Begun)):
            raise BrokenJournal
        self._inode, self._read, self._first = stat.st_ino, start + end, first
        self.lines = len(lines) + (0 if anew else self.lines)
        return records, anew

    def append(self, records: Sequence[Record]) -> None:
        """Append all records or none; everything must have been read before."""
        self._append(_encoded(records), len(records))

    def append_drafts(
        self, drafts: Sequence[bytes], uid: int, modseq: int, more: Sequence[Record]
    ) -> None:
        """Append the lines of added messages, with UIDs from `uid` on, and other records."""
        lines = [b'["+",%d,%d,%b\n' % (uid + n, modseq, draft) for n, draft in enumerate(drafts)]
        self._append(b"".join(lines) + _encoded(more), len(lines) + len(more))

    def _append(self, octets: bytes, lines: int) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(descriptor, self._read)  # remove an incomplete line
            if os.pwrite(descriptor, octets, self._read) < len(octets):
                os.ftruncate(descriptor, self._read)
                raise OSError("No space left for the index")
        finally:
            os.close(descriptor)
        self._read += len(octets)
        self.lines += lines

    def write(self, records: Sequence[Record]) -> None:
        """Rewrite the file."""
        octets = _encoded(records)
        replace(self._path, octets)
        self._inode = self._path.stat().st_ino
        self._read = len(octets)
        self._first = _encoded(records[:1])
        self.lines = len(records)

    def set_aside(self) -> None:
        """Rename an invalid journal out of the way."""
        self._path.rename(self._path.with_name(f"{NAME}.broken"))


def draft(key: str, size: int, date: int, zone: int, flags: list[str]) -> bytes:
    """Return the line of an added message without its UID and MODSEQ."""
    return _encoder.encode((key, size, date, zone, flags))[1:]


def _encoded(records: Iterable[Record]) -> bytes:
    return b"".join([_encoder.encode(record) + b"\n" for record in records])


def _decoded(lines: Iterable[bytes]) -> list[Record]:
    try:
        return [_decoder.decode(line) for line in lines]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BrokenJournal from error
