"""The strict check of login lines: they must be exactly as the server would write them.

Two things are only warnings: a space in a name, as Xeams writes it, and a time that steps back by
at most an hour, as it does when the zone repeats an hour.
"""

import enum
import functools
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import BinaryIO, cast

import msgspec

from mailauth.record.line import (
    LineError,
    LoginLine,
    escape,
    origin_label,
    parse_line,
    unescape,
)
from mailauth.wire.networks import parse_address, written

LINE_OCTETS = 65536  # a longer line is not valid, and is not examined further
REPEATED = timedelta(hours=1)  # the most that a zone repeats
_TIME = len("2020-07-28 16:12:02,759")
_BLOCK = 1024 * 1024
_SOME_TIME = "2000-01-01 00:00:00,000"


class Severity(enum.Enum):
    """Whether the line is bad."""

    ERROR = "error"
    WARNING = "warning"


class Remark(msgspec.Struct, frozen=True):
    """A problem of a line."""

    severity: Severity
    message: str


class Finding(msgspec.Struct, frozen=True):
    """A remark, and the number of its line in the file, from 1."""

    line: int
    remark: Remark


class Linter:
    """Checks the lines of one log, in all its files in order."""

    def __init__(self) -> None:
        self.lines = 0
        self.bad = 0
        self.warnings = 0
        self._last: datetime | None = None

    def check(self, lines: Iterable[bytes]) -> Iterator[Finding]:
        """Check the lines of a file, including their endings."""
        for number, data in enumerate(lines, 1):
            self.lines += 1
            remarks = (*_ending(data), *self._of_line(data))
            errors = sum(remark.severity is Severity.ERROR for remark in remarks)
            self.bad += errors > 0
            self.warnings += len(remarks) - errors
            for remark in remarks:
                yield Finding(number, remark)

    def _of_line(self, data: bytes) -> Iterator[Remark]:
        if len(data) > LINE_OCTETS:
            yield _error(f"longer than {LINE_OCTETS} octets")
            return
        try:
            text = data.rstrip(b"\r\n").decode("utf-8")
        except UnicodeDecodeError as error:
            yield _error(f"not UTF-8: octet {error.start + 1}")
            return
        time = _time(text[:_TIME]) if len(text) > _TIME else None
        if time is None:
            yield _error(_complaint(text))
            return
        yield from self._of_order(time)
        yield from _of_rest(text[_TIME:])

    def _of_order(self, time: datetime) -> Iterator[Remark]:
        last, self._last = self._last, time
        if last is None or time >= last:
            return
        step = f"the time steps back by {last - time}"
        if last - time <= REPEATED:
            yield Remark(Severity.WARNING, f"{step}: perhaps the zone repeats an hour")
        else:
            yield _error(step)


def lines_of(file: BinaryIO, progress: Callable[[int], None]) -> Iterator[bytes]:
    """Yield a file's lines with their endings; an overlong one is cut.

    `progress` is called with the number of octets read.
    """
    buffered = io.BufferedReader(cast(io.RawIOBase, file), _BLOCK)
    unreported = 0
    while line := buffered.readline(LINE_OCTETS + 1):
        yield line
        unreported += len(line)
        while not line.endswith(b"\n") and len(line) > LINE_OCTETS:
            line = buffered.readline(LINE_OCTETS + 1)
            unreported += len(line)
        if unreported > _BLOCK:
            progress(unreported)
            unreported = 0


def _ending(data: bytes) -> Iterator[Remark]:
    if data.endswith(b"\r\n"):
        yield _error("the line ends in CRLF instead of LF")
    elif not data.endswith(b"\n") and len(data) <= LINE_OCTETS:
        yield _error("the last line has no ending")


def _time(text: str) -> datetime | None:
    second, milliseconds = _second(text[:-4]), text[-4:]
    if second is None or milliseconds[0] != "," or not _is_number(milliseconds[1:]):
        return None
    return second.replace(microsecond=int(milliseconds[1:]) * 1000)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


@functools.lru_cache(maxsize=1024)
def _second(text: str) -> datetime | None:
    try:
        return parse_line(f"{text},000 - [IMAP] {{SECURE}} - name - 10.0.0.1 (LAN)").time
    except LineError:
        return None


def _complaint(text: str) -> str:
    try:
        parse_line(text)
    except LineError as error:
        return str(error)
    raise AssertionError("a line without a time is none")


@functools.lru_cache(maxsize=65536)
def _of_rest(rest: str) -> tuple[Remark, ...]:
    """Check what follows the time; cached, since logins repeat."""
    try:
        line = parse_line(_SOME_TIME + rest)
    except LineError as error:
        return (_error(str(error)),)
    return tuple(_differences(rest, line))


def _differences(rest: str, line: LoginLine) -> Iterator[Remark]:
    """Yield how a readable line differs from what the server would have written."""
    printed = rest[rest.index("} - ") + len("} - ") : rest.rindex(f" - {line.address} (")]
    if " " in printed:
        yield Remark(Severity.WARNING, "a space in the name")
    name = " ".join(escape(unescape(part)) for part in printed.split(" "))
    if printed != name:
        yield _error(f'the name is written "{name}"')
    address = written(parse_address(line.address))
    if line.address != address:
        yield _error(f'the address is written "{address}"')
    origin = origin_label(line.origin)
    if line.origin != origin:
        yield _error(f'the origin is written "{origin}"')


def _error(message: str) -> Remark:
    return Remark(Severity.ERROR, message)
