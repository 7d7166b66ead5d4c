"""A growing log of another server: what is undecided, since when, and what must be kept.

If a reader began in the middle of a log, it would take what it cannot see for what did not happen.
So it first reads some earlier lines without making records.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone, tzinfo

import msgspec

from mailauth.login.event import LoginEvent, Result
from mailauth.origin import UNKNOWN
from mailauth.report.foreign.formats import DOVECOT, FOLLOWED_DOVECOT, FORMATS, Format
from mailauth.report.foreign.found import Found
from mailauth.report.foreign.reading import ForeignLog, Route
from mailauth.report.foreign.records import Record, safe

SERVERS = 1_000  # hosts and programs that are distinguished

_Login = tuple[str | None, str | None, str | None, str | None, int | None, str | None]


class Memory(msgspec.Struct, frozen=True):
    """What the lines of a log have shown that affects later lines.

    `shown` are elements by format; `offset` is that of stamps without a zone, in seconds.
    """

    shown: dict[str, list[str]] = {}
    offset: int | None = None


def followed(formats: Mapping[str, Format] = FORMATS) -> dict[str, Format]:
    """Return the formats for reading a growing log."""
    return {
        name: FOLLOWED_DOVECOT if known is DOVECOT else known for name, known in formats.items()
    }


class GrowingLog(ForeignLog):
    """Reads a log in turns. Finding the location of addresses is left to its user.

    `recognised` is called once for each format with a login.
    """

    def __init__(
        self,
        *,
        zone: tzinfo,
        modified: datetime,
        formats: Mapping[str, Format],
        memory: Memory,
        recognised: Callable[[Format], None],
    ) -> None:
        super().__init__(
            zone=zone,
            modified=modified,
            origin=lambda _: UNKNOWN,
            formats=followed(formats),
        )
        self.servers: set[tuple[str, str]] = set()  # hosts and programs
        self._recognised = recognised
        self._known: set[str] = set()
        self._is_looking = False
        self._forgotten: dict[_Login, deque[datetime]] = {}
        for route in self.routes:
            route.reader.shown.update(memory.shown.get(route.format.name, ()))
        if memory.offset is not None:
            self.calendar.offset = timezone(timedelta(seconds=memory.offset))

    @property
    def memory(self) -> Memory:
        """What must be remembered across a restart."""
        offset = self.calendar.offset
        return Memory(
            shown={
                route.format.name: sorted(route.reader.shown)
                for route in self.routes
                if route.reader.shown
            },
            offset=int(offset.utcoffset(None).total_seconds()) if offset is not None else None,
        )

    @property
    def oldest(self) -> int | None:
        """The oldest turn with anything undecided, or `None`."""
        turns = [each.oldest for route in self.routes for each in route.reader.undecided]
        return min((turn for turn in turns if turn is not None), default=None)

    def begin(self, turn: int) -> None:
        """Set the number of the turn in which lines are read next."""
        for route in self.routes:
            for each in route.reader.undecided:
                each.turn = turn

    def look_at(self, text: str) -> None:
        """Read lines from before those for which records are made."""
        self._is_looking = True
        try:
            self.read(text)
        finally:
            self._is_looking = False

    def note_known(self, source: str, record_id: str) -> None:
        """Note a record that was made before a restart."""
        for route in self.routes:
            if route.format.name == source:
                route.records.note_known(record_id)

    def forget(self, before: int) -> None:
        """Forget what has been undecided since before a turn: later lines do not decide it."""
        self._is_looking = True
        try:
            for route, found in self._given_up(before):
                self._record(route, found, [])
                at = self.calendar.instant(found.entry.stamp, found.began)
                if at is not None:
                    self._forgotten.setdefault(_login(route, found), deque()).append(at)
        finally:
            self._is_looking = False

    def take_forgotten(self, event: LoginEvent) -> bool:
        """Return whether a recorded login is one that was forgotten, and is not made again.

        Recorded logins must be asked about in order; each forgotten one is found once.
        """
        user = event.user if event.session is None else None
        times = self._forgotten.get(
            (event.source, event.session, user, event.ip, event.port, event.result)
        )
        is_later = event.result is Result.SUCCESS  # the end of a session may decide it
        if not times or times[0] > event.at or (times[0] < event.at and not is_later):
            return False
        times.popleft()
        return True

    def give_up(self, before: int) -> list[Record]:
        """Return what has been undecided since before a turn, as far as known."""
        records: list[Record] = []
        for route, found in self._given_up(before):
            self._record(route, found, records)
        return records

    def _given_up(self, before: int) -> Iterator[tuple[Route, Found]]:
        for route in self.routes:
            for found in route.reader.finish(before):
                yield route, found

    def _record(self, route: Route, found: Found, records: list[Record]) -> None:
        if route.format.name not in self._known:
            self._known.add(route.format.name)
            self._recognised(route.format)
        if found.entry.host and len(self.servers) < SERVERS:
            self.servers.add((found.entry.host, found.entry.program))
        if not self._is_looking:
            super()._record(route, found, records)


def _login(route: Route, found: Found) -> _Login:
    """Return what a login has in common with its record; a session may name its user later."""
    user = safe(found.user) if found.session is None else None
    return route.format.name, found.session, user, found.ip, found.port, found.result
