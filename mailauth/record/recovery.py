"""Where a starting server continues the record, found out from its files and older ones.

A server may have been killed between two writes. Incomplete lines were removed when the files were
opened. A last journal record without its line was never acknowledged to a client; it is removed
here.
"""

import itertools
import zlib
from collections.abc import Sequence
from datetime import datetime, tzinfo
from pathlib import Path

import msgspec
from twisted.logger import Logger

from mailauth.login.event import LoginEvent
from mailauth.record.archive import newest_first, tail
from mailauth.record.event_lines import Log, line_of, log_of
from mailauth.record.journal import JournalError, decode
from mailauth.record.ledger import Ledger
from mailauth.record.line import LineError, parse_line, printed_time
from mailauth.record.stamp import instant_of

log = Logger()

TAIL_OCTETS = 256 * 1024  # many times the longest record


class _Mark(msgspec.Struct, frozen=True):
    """The keys that every version of a journal record has, and who told of it if not we."""

    seq: int
    at: datetime
    source: str | None = None


_mark = msgspec.json.Decoder(_Mark)


def recover(ledger: Ledger, zone: tzinfo | None, now: float) -> None:
    """Remove what was never acknowledged; continue after the last number and instant.

    `now` decides which of two repeated hours a line's time means. A time that another server told
    may be in the future; then the line does not have it, and it does not count.
    """
    _cut_unfinished(ledger)
    marks = _last_marks(ledger.journal.path)
    ledger.seq = max((mark.seq for mark in marks), default=0)
    instants = [
        min(at, instant_of(now)) if mark.source is not None else at
        for mark in marks
        for at in (instant_of(mark.at.timestamp()),)
    ]
    if not marks or any(mark.source is not None for mark in marks):
        instants.append(_instant_of_last_line(ledger.successes.path, zone, now))
    ledger.instant = max(instants)
    ledger.store()


def _cut_unfinished(ledger: Ledger) -> None:
    """Remove the last journal record if its line is missing."""
    records = tail(ledger.journal.path, TAIL_OCTETS)
    last = _decoded(records[-1]) if records else None
    if last is None or (kind := log_of(last)) is None or _line(last, kind) is None:
        return
    written = [_line(event, kind) for record in records if (event := _decoded(record)) is not None]
    expected = [line for line in written if line is not None]
    path = (ledger.successes if kind is Log.SUCCESSES else ledger.failures).path
    lines = tail(path, TAIL_OCTETS)
    if not lines:
        if len(expected) > 1:
            return  # the log was removed by hand, which is not a sign of an unfinished record
        lines = _last_lines(path)  # it was just rotated
    if not _stands(expected, lines) and (
        last.source is None or not _stands(_untimed(expected), _untimed(lines))
    ):
        ledger.journal.length -= len(records[-1])
        ledger.journal.cut_back()
        log.warn("Record {id} was never acknowledged, so it is withdrawn", id=last.id)


def _line(event: LoginEvent, kind: Log) -> bytes | None:
    """Return the event's line in that log, or `None` if the record lacks what a line needs."""
    needed = (event.protocol, event.secure, event.ip, event.origin)
    if log_of(event) is not kind or None in needed or (kind is Log.SUCCESSES and not event.user):
        return None
    return f"{line_of(event, kind, printed_time(event.at))}\n".encode()


def _stands(expected: Sequence[bytes], lines: Sequence[bytes]) -> bool:
    """Return whether the last expected line was written.

    Two logins at the same moment have equal lines, so these are counted. Lines without records may
    follow it, for example after a power cut that kept more of one file than of the other.
    """
    last, others = expected[-1], set(expected)
    end = len(lines)
    while end > 0 and lines[end - 1] not in others:
        end -= 1
    return _count_at_end(lines[:end], last) >= _count_at_end(expected, last)


def _untimed(lines: Sequence[bytes]) -> list[bytes]:
    """Return lines without their times, which differ from those that another server told."""
    return [line.partition(b" - ")[2] for line in lines]


def _count_at_end(lines: Sequence[bytes], line: bytes) -> int:
    return sum(1 for _ in itertools.takewhile(line.__eq__, reversed(lines)))


def _decoded(record: bytes) -> LoginEvent | None:
    try:
        return decode(record)
    except JournalError:
        return None


def _last_marks(journal: Path) -> list[_Mark]:
    """Return the marks at the end of the newest journal file that has any."""
    for path in newest_first(journal):
        marks = [mark for record in _tail(path) if (mark := _marked(record)) is not None]
        if marks:
            return marks
    return []


def _marked(record: bytes) -> _Mark | None:
    try:
        mark = _mark.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return mark if mark.at.tzinfo is not None else None


def _last_lines(path: Path) -> list[bytes]:
    """Return the end of the newest file of a log that has lines."""
    for file in newest_first(path):
        if lines := _tail(file):
            return lines
    return []


def _tail(path: Path) -> list[bytes]:
    try:
        return tail(path, TAIL_OCTETS)
    except (OSError, EOFError, zlib.error) as error:
        log.warn("{path} cannot be read: {error}", path=str(path), error=error)
        return []


def _instant_of_last_line(path: Path, zone: tzinfo | None, now: float) -> int:
    """Return the instant of the last line; in a repeated hour, of the later pass if it is past."""
    lines = _last_lines(path)
    if not lines:
        return 0
    try:
        time = parse_line(lines[-1].decode("utf-8", "surrogateescape").rstrip("\r\n")).time
    except LineError:
        return 0
    first, second = (time.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    return instant_of(second if first < second <= now else first)
