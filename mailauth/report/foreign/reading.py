"""The log of another server, or of several in one file, read in one pass as records."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, tzinfo

import msgspec

from mailauth.login.event import Result
from mailauth.origin import Origin
from mailauth.report.foreign.calendar import Calendar
from mailauth.report.foreign.envelope import LAST_REPEATED, Entry, Unwrapper
from mailauth.report.foreign.formats import FORMATS, Format
from mailauth.report.foreign.found import Found, Reader, Tally
from mailauth.report.foreign.records import Record, Records
from mailauth.report.foreign.sieve import BEGINNING, Sieve, Sifted
from mailauth.report.foreign.verdict import Wire

_STAMP = 15  # characters of a stamp without a year
_SUCCESS, _TLS = Result.SUCCESS.value, Wire.TLS.value


class Count(msgspec.Struct):
    """The results for one format in one log."""

    entries: int = 0  # lines of its programs that may be about a login
    logins: int = 0
    failed: int = 0
    records: int = 0
    unknown: int = 0  # logins whose TLS is unknown
    began_untold: int = 0  # logins with TLS that began in an unknown way


class Route(msgspec.Struct):
    """A format, with its reader and counts."""

    format: Format
    reader: Reader
    records: Records
    count: Count


class ForeignLog:
    """Reads the text of one log in order.

    `formats` are the ones to look for. `modified` and `zone` date stamps without a year or a zone.
    `sign_seen` returns for which formats the log has the element for TLS, so that its absence is
    evidence.
    """

    def __init__(
        self,
        *,
        zone: tzinfo,
        modified: datetime,
        origin: Callable[[str], Origin],
        formats: Mapping[str, Format] = FORMATS,
        sign_seen: frozenset[str] = frozenset(),
        year: int | None = None,
    ) -> None:
        self.calendar = Calendar(zone, modified, year=year)
        self.lines = 0
        self.routes = [
            Route(
                known,
                known.new(known.sign is None or known.name in sign_seen),
                Records(known.name, self.calendar, origin),
                Count(),
            )
            for known in formats.values()
        ]
        self._sieve = Sieve(formats.values())
        self._by_program: dict[str, tuple[Route, ...]] = {}
        self._unwrapper = Unwrapper(self._is_read)
        self._beginning = ""  # of the line before: a month and a space, or a year
        self._before = ""
        self._seq = 0

    def read(self, text: str) -> list[Record]:
        """Read whole lines, joined by line feeds; return the records that they decide."""
        return self.take(self._sieve.sift(text))

    def take(self, sifted: Sifted) -> list[Record]:
        """Read the lines that a sieve has kept; return the records that they decide."""
        self.lines += sifted.count
        found: list[Record] = []
        entries: Iterable[Entry | None] = map(self._unwrapper.entry, sifted.lines)
        if sifted.marks is not None:
            entries = self._with_care(sifted.lines, sifted.marks)
        by_program = self._by_program
        for entry in filter(None, entries):
            for route in by_program[entry.program]:
                route.count.entries += bool(entry.program)  # else it may be anybody's
                for each in route.reader.feed(entry):
                    self._record(route, each, found)
        self._before = sifted.last
        return found

    def finish(self) -> list[Record]:
        """Return what is undecided at the end of the log."""
        found: list[Record] = []
        for route in self.routes:
            for each in route.reader.finish():
                self._record(route, each, found)
        return found

    @property
    def undated(self) -> int:
        """The number of records left out because their lines have no time."""
        return sum(route.records.undated for route in self.routes)

    @property
    def counts(self) -> dict[str, Count]:
        """The results for each format."""
        return {route.format.name: route.count for route in self.routes}

    @property
    def tallies(self) -> dict[str, Tally]:
        """What the readers counted besides their records."""
        return {route.format.name: route.reader.tally for route in self.routes}

    def _with_care(self, lines: Iterable[str], marks: list[str]) -> Iterator[Entry]:
        """Read lines one by one, across months and repetitions."""
        before = self._before
        for line in lines:
            if line[:BEGINNING] != self._beginning:
                self._beginning = line[:BEGINNING]
                self.calendar.note(line[:_STAMP])
            entry = None
            if any(map(line.__contains__, marks)):
                entry = self._unwrapper.entry(line)
            if entry is None and LAST_REPEATED in line:
                entry = self._unwrapper.repeated(before, line)
            if entry is not None:
                yield entry
            before = line

    def _is_read(self, program: str) -> bool:
        routes = tuple(r for r in self.routes if r.format.programs.fullmatch(program))
        self._by_program[program] = routes
        return bool(routes)

    def _record(self, route: Route, found: Found, records: list[Record]) -> None:
        record = route.records.record(found, self._seq + 1)
        if record is None:
            return
        self._seq += 1
        route.count.records += 1
        times, count = record.count or 1, route.count
        if record.result == _SUCCESS:
            count.logins += times
            count.unknown += times if record.secure is None else 0
            count.began_untold += times if record.security == _TLS else 0
        elif record.result is not None:
            count.failed += times
        records.append(record)
