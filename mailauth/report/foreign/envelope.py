"""A log line without its envelope: syslog's, journald's, a container's, or none.

Stamps: RFC 3164 §4.1.2 (no year, no zone) and RFC 3339; RFC 5424 §6; `journalctl -o json`
(systemd.journal-fields); Docker's json-file driver; the prefixes of `docker compose logs`, `docker
logs -t` and the Kubernetes CRI.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

_BSD = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d))?"
_TAG = r"([^\s:\[\]]{1,128})(?:\[(\d{1,10})\])?: ?"
_SYSLOG = re.compile(
    rf'(?:<\d{{1,3}}>)?({_BSD}|{_ISO}) ([^\s:\[\]{{}}"]{{1,255}}) {_TAG}', re.ASCII
)
PROCESS = re.compile(  # as in _SYSLOG: host, program and process of a line, as one text
    rf'(?:{_BSD}|{_ISO}) ([^\s:\[\]{{}}"]{{1,255}} [^\s:\[\]]{{1,128}}\[\d{{1,10}}\]): ', re.ASCII
)
_BARE = re.compile(rf"({_BSD}|{_ISO}) (\S{{1,255}}) (?=last message repeated )", re.ASCII)
_OWN = re.compile(rf"({_BSD}|{_ISO}) (?:{_TAG})?", re.ASCII)
_TAGGED = re.compile(_TAG, re.ASCII)
_CSV = re.compile(rf"({_ISO}),(?=[0-9A-Fa-f]{{16}},\d)", re.ASCII)  # Exchange
_SLASHED = re.compile(r"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) ", re.ASCII)  # nginx
_RFC5424 = re.compile(
    rf"<\d{{1,3}}>1 ({_ISO}) (\S{{1,255}}) (\S{{1,48}}) (\S{{1,128}}) \S{{1,32}} "
    r'(?:-|(?:\[[^\]"]*(?:"(?:[^"\\]|\\.)*"[^\]"]*)*\])+) ?\ufeff?',
    re.ASCII,
)
_CONTAINER = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62} +\| ?"
    rf"|{_ISO} (?:(?:stdout|stderr) [FP] |(?={_BSD} |{_ISO} ))",
    re.ASCII,
)
EXCHANGE = "exchange"  # the program of its rows, which have no tag
LAST_REPEATED = " last message repeated "
_REPEATED = "message repeated "
_LAST_REPEATED = re.compile(r"last message repeated (\d{1,9}) times?\Z", re.ASCII)
_REPEATED_HERE = re.compile(r"message repeated (\d{1,9}) times: \[ ?(.*)\]\Z", re.DOTALL | re.ASCII)
_MICROSECONDS = 1_000_000
_PROGRAMS = 10_000  # programs for which it is cached whether a reader wants them


class Entry(msgspec.Struct, frozen=True, gc=False):
    """The contents of one line. `stamp` is as in the line, or an instant from its envelope.

    `program` is empty if the line has no tag; `times` is how often the line was repeated.
    """

    stamp: str | datetime
    host: str
    program: str
    pid: str
    message: str
    times: int = 1


class _Journald(msgspec.Struct):
    message: str | list[int] | None = msgspec.field(default=None, name="MESSAGE")
    identifier: str | list[int] | None = msgspec.field(default=None, name="SYSLOG_IDENTIFIER")
    command: str | None = msgspec.field(default=None, name="_COMM")
    syslog_pid: str | None = msgspec.field(default=None, name="SYSLOG_PID")
    pid: str | None = msgspec.field(default=None, name="_PID")
    host: str | None = msgspec.field(default=None, name="_HOSTNAME")
    microseconds: str | None = msgspec.field(default=None, name="__REALTIME_TIMESTAMP")


class _Docker(msgspec.Struct):
    log: str
    time: datetime | None = None


_journald = msgspec.json.Decoder(_Journald)
_docker = msgspec.json.Decoder(_Docker)


class Unwrapper:
    """Takes lines out of their envelopes.

    `wanted` returns whether a reader wants the lines of a program (empty without a tag); other
    lines are not parsed.
    """

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self._wanted = wanted
        self._known: dict[str, bool] = {}

    def entry(self, line: str) -> Entry | None:
        """Parse a line without its ending; return `None` if no reader wants it."""
        syslog = _SYSLOG.match(line)
        if syslog is None:
            return self._unusual(line, nested=False)
        program = syslog[3]
        wanted = self._known.get(program)
        if not (self._is_wanted(program) if wanted is None else wanted):
            return None
        stamp, host, _, pid = syslog.groups("")
        return _said(stamp, host, program, pid, line[syslog.end() :])

    def repeated(self, before: str, line: str) -> Entry | None:
        """Return the entry for "last message repeated"; `before` is the line before it."""
        last, entry = self.entry(before), _of_syslog(line)
        if entry is None or last is None or entry.host != last.host:
            return None
        said = _LAST_REPEATED.match(entry.message)
        if said is None:
            return None
        return msgspec.structs.replace(last, stamp=entry.stamp, times=int(said[1]))

    def _is_wanted(self, program: str) -> bool:
        known = self._known.get(program)
        if known is None:
            known = self._wanted(program)
            if len(self._known) < _PROGRAMS:
                self._known[program] = known
        return known

    def _unusual(self, line: str, *, nested: bool) -> Entry | None:
        """Parse a line that is not of the common syslog form."""
        if line.startswith("{"):
            entry = _of_json(line)
        elif not nested and (container := _CONTAINER.match(line)) is not None:
            return self._inside(line[container.end() :])
        else:
            entry = _of_another_kind(line)
        return entry if entry is not None and self._is_wanted(entry.program) else None

    def _inside(self, line: str) -> Entry | None:
        entry = _of_syslog(line)
        if entry is None:
            return self._unusual(line, nested=True)
        return entry if self._is_wanted(entry.program) else None


def _of_syslog(line: str) -> Entry | None:
    syslog = _SYSLOG.match(line)
    if syslog is not None:
        stamp, host, program, pid = syslog.groups("")
        return _said(stamp, host, program, pid, line[syslog.end() :])
    bare = _BARE.match(line)  # "last message repeated" has no tag
    return Entry(bare[1], bare[2], "", "", line[bare.end() :]) if bare is not None else None


def _of_another_kind(line: str) -> Entry | None:
    own = _OWN.match(line)
    if own is not None:
        stamp, program, pid = own.groups("")
        return _said(stamp, "", program, pid, line[own.end() :])
    row = _CSV.match(line)
    if row is not None:
        return Entry(row[1], "", EXCHANGE, "", line[row.end() :])
    slashed = _SLASHED.match(line)
    if slashed is not None:
        return Entry(slashed[1], "", "", "", line[slashed.end() :])
    rfc5424 = _RFC5424.match(line)
    if rfc5424 is not None:
        stamp, host, program, pid = rfc5424.groups()
        return _said(stamp, host, program, "" if pid == "-" else pid, line[rfc5424.end() :])
    return None


def _said(stamp: str | datetime, host: str, program: str, pid: str, message: str) -> Entry:
    """Make an entry; for "message repeated 3 times: [ … ]" it is the repeated one."""
    if message.startswith(_REPEATED) and (here := _REPEATED_HERE.match(message)) is not None:
        return Entry(stamp, host, program, pid, here[2], int(here[1]))
    return Entry(stamp, host, program, pid, message)


def _of_json(line: str) -> Entry | None:
    """Parse a line of journald or Docker; return `None` for anything else."""
    try:
        if '"MESSAGE"' in line:
            return _of_journald(_journald.decode(line))
        if line.startswith(('{"log":', '{"log" :')):
            return _of_docker(_docker.decode(line))
    except (msgspec.DecodeError, ValueError, OverflowError, OSError):
        pass  # not theirs, or not a time
    return None


def _of_journald(found: _Journald) -> Entry | None:
    if found.message is None:
        return None
    instant = datetime.fromtimestamp(int(found.microseconds or "") / _MICROSECONDS, UTC)
    program = _string(found.identifier or found.command or "")
    pid = found.syslog_pid or found.pid or ""
    return _said(instant, found.host or "", program, pid, _string(found.message))


def _of_docker(logged: _Docker) -> Entry | None:
    text = logged.log.rstrip("\r\n")
    inner = _of_syslog(text) or _of_another_kind(text)
    if inner is not None or logged.time is None or logged.time.tzinfo is None:
        return inner
    tag = _TAGGED.match(text)
    program, pid = tag.groups("") if tag is not None else ("", "")
    return _said(logged.time, "", program, pid, text[tag.end() if tag is not None else 0 :])


def _string(value: str | list[int]) -> str:
    """Return a field of journald, which is a list of octets if it is not printable UTF-8."""
    if isinstance(value, str):
        return value
    return bytes(number & 0xFF for number in value).decode("utf-8", "replace")
