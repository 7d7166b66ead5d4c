"""A file of another server's log, read as records in batches, in limited memory."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import msgspec

from mailauth.config.schema import GeoipConfig
from mailauth.origin import Origin
from mailauth.origin.resolver import Resolver
from mailauth.report.chunks import CHUNK_OCTETS, chunks
from mailauth.report.foreign.formats import FORMATS, Format
from mailauth.report.foreign.reading import ForeignLog
from mailauth.report.foreign.records import Record
from mailauth.report.packing import DAMAGED, opened

_LOCAL_ZONE = Path("/etc/localtime")


class Batch(msgspec.Struct, frozen=True):
    """The records of a part of a file, and its lines whose octets were replaced."""

    records: list[Record]
    damaged: tuple[int, ...]


class Encoded(msgspec.Struct, frozen=True, tag=True):
    """The same records as lines of JSON; `count` is their number."""

    text: str
    count: int
    damaged: tuple[int, ...] = ()

    @classmethod
    def of(cls, records: list[Record], damaged: tuple[int, ...] = ()) -> Self:
        """Encode records."""
        text = b"\n".join(map(msgspec.json.encode, records)).decode()
        return cls(text, len(records), damaged)


class FormatFound(msgspec.Struct, frozen=True, kw_only=True):
    """The results for one format in a file; the names are those of `Count` and `Tally`."""

    format: str
    entries: int
    logins: int
    failed: int
    records: int
    unknown: int
    began_untold: int
    nameless: int
    nameless_cleartext: int
    nameless_unknown: int
    passwords: int
    not_understood: int
    left_out: int


class FileFound(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The results for a file: its number of lines, and which times were guessed."""

    lines: int
    undated: int
    guessed_year: bool
    guessed_zone: bool
    formats: tuple[FormatFound, ...]

    @classmethod
    def nothing(cls) -> Self:
        """Return the results for an unreadable file."""
        return cls(lines=0, undated=0, guessed_year=False, guessed_zone=False, formats=())


class ForeignFile:
    """Reads one file. `log_format` is the only format to look for, if given.

    `signs` are the formats whose element for TLS occurs in the log, so that its absence is
    evidence.
    """

    def __init__(self, path: Path, log_format: str | None, signs: frozenset[str]) -> None:
        self._path = path
        self.log = log_in(path.stat().st_mtime, log_format, signs)

    def batches(
        self, progress: Callable[[int], None] | None = None, size: int = CHUNK_OCTETS
    ) -> Iterator[Batch]:
        """Yield the records. At the end, raises `OSError` and the errors of decompression."""
        failure = None
        try:
            with opened(self._path) as file:
                for chunk in chunks(file, size=size, progress=progress):
                    yield Batch(self.log.read(chunk.text), chunk.damaged)
        except (OSError, *DAMAGED) as caught:
            failure = caught
        yield Batch(self.log.finish(), ())
        if failure is not None:
            raise failure

    def encoded(
        self, progress: Callable[[int], None] | None = None, size: int = CHUNK_OCTETS
    ) -> Iterator[Encoded]:
        """Yield the records as JSON, with the errors of `batches`."""
        for batch in self.batches(progress, size):
            yield Encoded.of(batch.records, batch.damaged)

    def found(self) -> FileFound:
        """Return the results after reading."""
        return found_in(self.log)


def log_in(modified: float, log_format: str | None, signs: frozenset[str]) -> ForeignLog:
    """Return the log of a file that was last modified at a time."""
    return ForeignLog(
        zone=local_zone(),
        modified=datetime.fromtimestamp(modified, UTC),
        origin=origin_of,
        formats=formats_for(log_format),
        sign_seen=signs,
    )


def found_in(log: ForeignLog) -> FileFound:
    """Return the results of a log after reading."""
    return FileFound(
        lines=log.lines,
        undated=log.undated,
        guessed_year=log.calendar.guessed_year,
        guessed_zone=log.calendar.guessed_zone,
        formats=tuple(
            FormatFound(
                format=name,
                **msgspec.structs.asdict(count),
                **msgspec.structs.asdict(log.tallies[name]),
            )
            for name, count in log.counts.items()
            if count.entries or count.records
        ),
    )


def signs_in(paths: Iterable[Path], log_format: str | None) -> frozenset[str]:
    """Return the formats whose element for TLS occurs in the files of one log."""
    wanted = {
        name: known for name, known in formats_for(log_format).items() if known.sign is not None
    }
    seen: set[str] = set()
    for path in paths:
        with (
            suppress(OSError, *DAMAGED),
            opened(path) as file,
        ):  # reading it again reports the error
            for chunk in chunks(file):
                seen |= {name for name, known in wanted.items() if _shows(known, chunk.text)}
                if len(seen) == len(wanted):
                    return frozenset(seen)
    return frozenset(seen)


def formats_for(log_format: str | None) -> Mapping[str, Format]:
    """Return the formats to look for."""
    return FORMATS if log_format is None else {log_format: FORMATS[log_format]}


def _shows(known: Format, text: str) -> bool:
    assert known.sign is not None, "only formats with a sign are asked"
    mark, shows = known.sign
    at = text.find(mark)
    while at >= 0:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if shows(text[text.rfind("\n", 0, at) + 1 : end]):
            return True
        at = text.find(mark, end)
    return False


@cache
def local_zone() -> tzinfo:
    """Return this machine's zone, with its daylight-saving time."""
    name = os.environ.get("TZ", "").removeprefix(":")
    try:
        if name:
            return ZoneInfo(name)
        with _LOCAL_ZONE.open("rb") as file:
            return ZoneInfo.from_file(file, key="local")
    except (OSError, ValueError, KeyError):  # KeyError: there is no such zone
        return datetime.now().astimezone().tzinfo or UTC


@cache
def _resolver() -> Resolver:
    return Resolver(GeoipConfig(), Path())


def origin_of(ip: str) -> Origin:
    """Return the location of an address from the embedded database."""
    return _resolver().origin(ip)
