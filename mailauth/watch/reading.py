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

B = TypeVar("B")

log = Logger()


class _Mark(msgspec.Struct, Generic[B], frozen=True):
    """Where a piece began that was read in a turn, the last record before it, and the time."""

    turn: int
    beginning: B
    seq: int
    seconds: float


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
        # What is undecided in earlier lines was read before, or does not count.
        self.log.look_at(source.look_back())
        self.log.begin(self._turn)
        self.log.forget(self._turn)

    def read(self, seq: int, seconds: float) -> list[Record] | None:
        """Read a piece, and return its records, or `None` if there is none. Raises `OSError`.

        `seq` is the number of the last record, and `seconds` the time of a clock.
        """
        piece = self.source.read()
        if piece is None:
            return None
        self._turn += 1
        self.log.begin(self._turn)
        self.lines += piece.text.count("\n") + 1
        self._marks.append(_Mark(self._turn, piece.beginning, seq, seconds))
        try:
            return self._wanted(self.log.read(piece.text))
        except Exception:  # noqa: BLE001 (a line that nobody thought of must not stop the others)
            log.failure("Some lines of {name} could not be understood", name=self.source.name)
            return []

    def give_up(self, before: float) -> list[Record]:
        """Return what has been undecided since before a time, as far as known."""
        turn = None
        for mark in self._marks:
            if mark.seconds >= before:
                break
            turn = mark.turn
        oldest = self.log.oldest
        if turn is None or oldest is None or oldest > turn:
            return []
        return self._wanted(self.log.give_up(turn + 1))

    def now_at(self, seq: int) -> SourceCursor:
        """Return from where this source must be read again; `seq` is as for `read`."""
        oldest = self.log.oldest
        while self._marks and (oldest is None or self._marks[0].turn < oldest):
            self._marks.popleft()
        return msgspec.structs.replace(
            self.source.cursor(mark.beginning for mark in self._marks),
            seq=self._marks[0].seq if self._marks else seq,
            memory=self.log.memory,
            since=self.cursor.since,
        )

    def _wanted(self, records: list[Record]) -> list[Record]:
        since = self.cursor.since
        return records if since is None else [each for each in records if each.at >= since]
