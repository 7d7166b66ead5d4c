"""Reading one source: lines become records, and marks say from where to read again."""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec
from twisted.logger import Logger

from mailauth.report.foreign.files import local_zone
from mailauth.report.foreign.formats import FORMATS, Format
from mailauth.report.foreign.growing import GrowingLog
from mailauth.report.foreign.records import Record
from mailauth.watch.cursor import SourceCursor
from mailauth.watch.source import Source

MADE_AT_MOST = 500_000  # records since the oldest undecided line, which take 100 MB

B = TypeVar("B")

log = Logger()


class _Mark(msgspec.Struct, Generic[B], frozen=True):
    """Where a piece began that was read in a turn, and the time."""

    turn: int
    beginning: B
    seconds: float


class _Made(msgspec.Struct, frozen=True):
    """A record that was made in a turn, and its number."""

    turn: int
    id: str
    seq: int


class Reading(Generic[B]):
    """Reads a source. `recognised` is called with each format that has a login."""

    def __init__(
        self,
        source: Source[B],
        log_format: str | None,
        cursor: SourceCursor,
        recognised: Callable[[Format], None],
    ) -> None:
        self.source = source
        self.cursor = cursor
        self.lines = 0
        self.log = GrowingLog(
            zone=local_zone(),
            modified=source.modified,
            formats=FORMATS if log_format is None else {log_format: FORMATS[log_format]},
            memory=cursor.memory,
            recognised=recognised,
        )
        self._turn = 1
        self._marks: deque[_Mark[B]] = deque()
        self._made: deque[_Made] = deque()
        self._done: dict[str, int] = {}  # by id: records of what comes before the marks
        # What is undecided in earlier lines was read before, or does not count.
        self.log.look_at(source.look_back())
        self.log.begin(self._turn)
        self.log.forget(self._turn)

    def read(self, seconds: float) -> list[Record] | None:
        """Read a piece, and return its records, or `None` if there is none. Raises `OSError`.

        `seconds` is the time of a clock.
        """
        piece = self.source.read()
        if piece is None:
            return None
        self._turn += 1
        self.log.begin(self._turn)
        self.lines += piece.text.count("\n") + 1
        self._marks.append(_Mark(self._turn, piece.beginning, seconds))
        try:
            return self._wanted(self.log.read(piece.text))
        except Exception:  # noqa: BLE001 (a line that nobody thought of must not stop the others)
            log.failure("Some lines of {name} could not be understood", name=self.source.name)
            return []

    def give_up(self, before: float) -> list[Record]:
        """Return what has been undecided since before a time, as far as known.

        In a flood, what has been undecided while very many records were made is not waited for.
        """
        turn = None
        for mark in self._marks:
            if mark.seconds >= before:
                break
            turn = mark.turn
        if len(self._made) > MADE_AT_MOST:
            turn = max(turn or 0, self._made[-MADE_AT_MOST // 2].turn)
        oldest = self.log.oldest
        if turn is None or oldest is None or oldest > turn:
            return []
        return self._wanted(self.log.give_up(turn + 1))

    def note_done(self, record_id: str, seq: int) -> None:
        """Take notice of a record that was made, before a restart, of what comes before."""
        self._done[record_id] = seq

    def note_made(self, record: Record, seq: int) -> None:
        """Take notice of the number of a record that was read or given up."""
        self._made.append(_Made(self._turn, record.id, seq))

    def now_at(self, seq: int) -> SourceCursor:
        """Return from where this source must be read again.

        `seq` is the number of the last record, or the one before those that may be made again.
        """
        oldest = self.log.oldest
        while self._marks and (oldest is None or self._marks[0].turn < oldest):
            self._marks.popleft()
        while self._made and (oldest is None or self._made[0].turn < oldest):
            made = self._made.popleft()
            self._done[made.id] = made.seq
        seq = min([seq, *(made.seq - 1 for made in self._made)])
        self._done = {id_: number for id_, number in self._done.items() if number > seq}
        return msgspec.structs.replace(
            self.source.cursor(mark.beginning for mark in self._marks),
            seq=seq,
            done=tuple(self._done),
            memory=self.log.memory,
            since=self.cursor.since,
        )

    def _wanted(self, records: list[Record]) -> list[Record]:
        since = self.cursor.since
        return records if since is None else [each for each in records if each.at >= since]
