"""Records each login that is read once, and regularly saves where to continue.

The watcher may be killed at any moment. Then what was undecided is read again, and records that the
journal already has are dropped.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from twisted.logger import Logger

from mailauth.events.history import JournalHistory
from mailauth.login.event import Attempt, ConnectionFacts, Kind, LoginEvent, Result, Service
from mailauth.login.hop import Security
from mailauth.record.alarms import Alarms
from mailauth.report.foreign.formats import FORMATS
from mailauth.report.foreign.records import Record
from mailauth.watch.cursor import Cursor, SourceCursor
from mailauth.watch.reading import Reading

UNDECIDED_SECONDS = 600.0  # until a login is recorded as far as it is known
KNOWN_SECONDS = UNDECIDED_SECONDS + 60.0  # after which nothing recorded is read again
SAVE_SECONDS = 1.0
UNRECOGNISED_SECONDS = 60.0
ORDINALS = 50_000  # records among which equal lines are distinguished
NOT_RECORDED = "Logins cannot be recorded, and reading waits until they can"
NOT_READ = "{} cannot be read"

log = Logger()


class Transcriber(Protocol):
    """Writes records (`record.recorder.FileRecorder`)."""

    @property
    def newest(self) -> int:
        """The number of the last record."""

    def transcribe(self, attempt: Attempt) -> LoginEvent:
        """Write a record. Raises `OSError`."""


class WatchedTwice(Exception):
    """Two sources are logs of one server; the message says which."""


class Watcher:
    """Records the logins of several sources.

    `seconds` is a monotonic clock, `now` the wall clock. `save` saves a cursor later, and never
    raises. Each server must have only one source, unless `both`.
    """

    def __init__(
        self,
        readings: Sequence[Reading[Any]],
        recorder: Transcriber,
        history: JournalHistory,
        *,
        seconds: Callable[[], float],
        now: Callable[[], float],
        save: Callable[[Cursor], None],
        both: bool = False,
    ) -> None:
        self._readings = readings
        self._recorder = recorder
        self._seconds = seconds
        self._now = now
        self._save = save
        self._both = both
        self._waiting: deque[tuple[Reading[Any], Record]] = deque()
        self._alarms = Alarms()
        self._known: OrderedDict[str, int] = OrderedDict()  # what may be read again, in order
        self._began = self._looked = seconds()
        self._caught_up: float | None = None
        self._saved: dict[str, SourceCursor] = {}
        self._unrecognised = set(range(len(readings)))
        self._note_known(history)

    def look(self) -> bool:
        """Read and record a piece of each source; return whether there may be more.

        Raises `WatchedTwice`.
        """
        if not self._record():
            return False
        more = False
        for reading in self._readings:
            more |= self._read(reading)
            if not self._record():
                return False
        now = self._seconds()
        if now - self._looked >= SAVE_SECONDS:
            self._looked = now
            self._look_after(now)
        if not more and self._caught_up is None:
            self._caught_up = now
        return more

    def keep(self) -> None:
        """Save where to continue, unless that has not changed."""
        if self._waiting:
            return
        seq = self._seq
        places = {each.source.name: each.now_at(seq) for each in self._readings}
        if places != self._saved:
            self._saved = places
            self._save(Cursor(places, self._now()))

    def close(self) -> None:
        """Save where to continue, and close the sources."""
        self.keep()
        for reading in self._readings:
            reading.source.close()

    @property
    def _seq(self) -> int:
        """The number of the last record before those that may be made again."""
        for seq in self._known.values():
            return seq - 1
        return self._recorder.newest

    def _read(self, reading: Reading[Any]) -> bool:
        trouble = NOT_READ.format(reading.source.name)
        try:
            records = reading.read(self._seconds())
        except OSError as error:
            self._alarms.raise_(trouble, error.strerror or error)
            return False
        self._alarms.clear(trouble)
        if records is None:
            return False
        self._waiting += [(reading, record) for record in records]
        return True

    def _record(self) -> bool:
        """Record what waits; return whether nothing waits any more."""
        while self._waiting:
            reading, record = self._waiting[0]
            seq = self._known.pop(record.id, None)
            if seq is None:
                try:
                    seq = self._recorder.transcribe(_attempt(record)).seq
                except OSError as error:
                    self._alarms.raise_(NOT_RECORDED, error)
                    return False
                self._alarms.clear(NOT_RECORDED)
            reading.note_made(record, seq)
            self._waiting.popleft()
        return True

    def _look_after(self, now: float) -> None:
        """Do what is due every second."""
        for reading in self._readings:
            given_up = reading.give_up(now - UNDECIDED_SECONDS)
            self._waiting += [(reading, record) for record in given_up]
        self._record()
        if self._caught_up is not None and now - self._caught_up > KNOWN_SECONDS:
            self._known.clear()
        self.keep()
        self.check_servers()
        if self._unrecognised and now - self._began > UNRECOGNISED_SECONDS:
            self._tell_unrecognised()

    def check_servers(self) -> None:
        """Raise `WatchedTwice` if two sources are logs of one server."""
        if self._both:
            return
        told_by: dict[tuple[str, str], str] = {}
        for reading in self._readings:
            for server in reading.log.servers:
                other = told_by.setdefault(server, reading.source.name)
                if other != reading.source.name:
                    host, program = server
                    raise WatchedTwice(
                        f"{other} and {reading.source.name} both tell of {program} on {host}, so"
                        " each login would be recorded twice; leave one out, or give --both if"
                        " they are two servers"
                    )

    def _tell_unrecognised(self) -> None:
        for index in list(self._unrecognised):
            reading = self._readings[index]
            self._unrecognised.remove(index)
            if reading.lines and not any(count.entries for count in reading.log.counts.values()):
                log.warn(
                    "{name}: nothing in {lines} lines tells of a login yet; the formats that are"
                    " known are {known} (mailauth formats)",
                    name=reading.source.name,
                    lines=reading.lines,
                    known=", ".join(FORMATS),
                )

    def _note_known(self, history: JournalHistory) -> None:
        """Note the latest records, which may be made again, and the order of equal lines."""
        oldest = min((reading.cursor.seq for reading in self._readings), default=0)
        newest = self._recorder.newest
        done = [(reading, frozenset(reading.cursor.done)) for reading in self._readings]
        for event in history.all_between(max(0, oldest - ORDINALS), newest):
            if event.source is None:
                continue
            is_done = event.seq <= oldest
            for reading, ids in done:
                is_made = reading.log.take_forgotten(event) or event.id in ids
                if is_made:
                    is_done = True
                    reading.note_done(event.id, event.seq)
                if event.seq <= reading.cursor.seq or is_made:
                    reading.log.note_known(event.source, event.id)
            if not is_done:
                self._known[event.id] = event.seq


def _attempt(record: Record) -> Attempt:
    return Attempt(
        kind=Kind(record.kind),
        connection=ConnectionFacts(
            protocol=Service(record.protocol),
            listener=record.listener,
            local_port=record.local_port,
            session=record.session,
            secure=record.secure,
            security=Security(record.security) if record.security is not None else None,
            tls_version=record.tls_version,
            tls_cipher=record.tls_cipher,
            ip=record.ip,
            port=record.port,
        ),
        result=Result(record.result) if record.result is not None else None,
        reason=record.reason,
        mechanism=record.mechanism,
        user=record.user,
        authcid=record.authcid,
        exposed=record.exposed,
        client_name=record.client_name,
        client_version=record.client_version,
        count=record.count or 1,
        at=record.at,
        id=record.id,
        source=record.source,
    )
