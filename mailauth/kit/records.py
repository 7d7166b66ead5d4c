"""The records that `expect` checks: those of a running server, or those in files."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from pathlib import Path

import msgspec

from mailauth.control.accounts import FindAccount, FoundAccount
from mailauth.control.client import ask
from mailauth.control.records import ReadRecords, Records
from mailauth.login.event import Kind, LoginEvent, Result
from mailauth.record import journal
from mailauth.record.line import LineError, LoginLine, parse_line
from mailauth.report.foreign.files import ForeignFile
from mailauth.report.foreign.records import Record
from mailauth.report.foreign.verdict import Wire
from mailauth.report.packing import opened
from mailauth.report.sources import Content, Source, Sources, signs_of

LONGEST_WAIT = 60.0  # seconds of one request


class ServerRecords:
    """What the server of a home has recorded, including older logs or only since its start.

    The server announces new records; nothing is polled. Raises `CannotAsk`.
    """

    def __init__(self, home: Path, *, since_start: bool) -> None:
        self._home = home
        self._cursor = self._ask(0, 0).started if since_start else 0

    def read(self, wait: float) -> list[LoginEvent]:
        """Return the records after those returned earlier; wait up to `wait` seconds for one."""
        seconds = min(wait, LONGEST_WAIT)
        answer = self._ask(self._cursor, seconds)
        self._cursor = answer.cursor
        return answer.records

    def account(self, name: str) -> str | None:
        """Return the name of the account that is meant, or `None` if there is none."""
        return ask(self._home, FindAccount(name), FoundAccount).name

    def _ask(self, after: int, seconds: float) -> Records:
        return ask(self._home, ReadRecords(after, seconds), Records, seconds=seconds)


class FileRecords(msgspec.Struct, frozen=True):
    """The contents of files: records, and lines that were not understood."""

    records: Sequence[LoginEvent]
    not_understood: Sequence["NotUnderstood"]


class NotUnderstood(msgspec.Struct, frozen=True):
    """A line that is not a record: its file, its number (from 1), and why."""

    file: str
    number: int
    reason: str


def records_of(sources: Sources) -> FileRecords:
    """Read records from journals, or if there are none from the lines.

    Raises `OSError` and the errors of decompression.
    """
    records: list[LoginEvent] = []
    not_understood: list[NotUnderstood] = []
    for source in sources.journal or sources.lines:
        for found in _records(source):
            if isinstance(found, LoginEvent):
                records.append(found)
            else:
                not_understood.append(found)
    return FileRecords([*records, *_of_other_servers(sources.foreign)], not_understood)


def _records(source: Source) -> Iterator[LoginEvent | NotUnderstood]:
    with opened(source.path) as file:
        match source.content:
            case Content.JOURNAL:
                for record in journal.read(file):
                    if isinstance(record, LoginEvent):
                        yield record
                    else:
                        yield NotUnderstood(str(source), record.number, record.reason)
            case Content.LINES:
                for number, text in enumerate(file, 1):
                    try:
                        line = parse_line(text.decode("utf-8", "replace").rstrip("\r\n"))
                    except LineError as error:
                        yield NotUnderstood(str(source), number, str(error))
                    else:
                        yield _as_record(line, number)


def _of_other_servers(sources: Sequence[Source]) -> Iterable[LoginEvent]:
    """Read the logs of other servers, as the reports do.

    Of a record that is in several files, one that says whether TLS was used is returned.
    """
    found: dict[tuple[str, str], LoginEvent] = {}
    signs = signs_of(dict(enumerate(sources)))
    for number, source in enumerate(sources):
        for batch in ForeignFile(source.path, source.log_format, signs[number]).batches():
            for record in batch.records:
                known = found.get((record.source, record.id))
                if known is None or (known.secure is None and record.secure is not None):
                    found[record.source, record.id] = _of_another_server(record)
    return found.values()


def _of_another_server(record: Record) -> LoginEvent:
    known = msgspec.structs.asdict(record) | {"v": 1, "count": record.count or 1}
    if known["security"] == Wire.TLS.value:
        known["security"] = None  # it does not say how TLS began
    del known["source"]
    return msgspec.convert(dict.fromkeys(LoginEvent.__struct_fields__) | known, LoginEvent)


def _as_record(line: LoginLine, number: int) -> LoginEvent:
    """Convert a line to a record; keys that only a journal has are null."""
    known = {
        "v": 1,
        "seq": number,
        "id": "",
        "at": line.time.replace(tzinfo=UTC),
        "kind": Kind.LOGIN,
        "result": Result.SUCCESS,
        "protocol": line.protocol,
        "secure": line.secure,
        "user": line.account,
        "ip": line.address,
        "origin": line.origin,
        "count": 1,
    }
    return msgspec.convert(dict.fromkeys(LoginEvent.__struct_fields__) | known, LoginEvent)
