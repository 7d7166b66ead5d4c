"""sendmail: `AUTH=server` lines, and the earlier `STARTTLS=server` line of the same process.

A process serves one connection. `bits=` is about the SASL layer, not TLS. Only the daemon's name
shows implicit TLS, and it is in a later line of the connection.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from mailauth.login.event import Result, Service
from mailauth.report.foreign.addresses import plain
from mailauth.report.foreign.calendar import seconds_between
from mailauth.report.foreign.envelope import Entry
from mailauth.report.foreign.found import Found, Tally
from mailauth.report.foreign.undecided import Undecided
from mailauth.report.foreign.verdict import Wire

MARKS = ("=server, ", "AUTH failure (", " daemon=", " during connection to ")
PROGRAMS = re.compile(r"sm-mta|sendmail|sm-msp-queue|sm-acceptingconnections")

_RELAY = r"relay=[^\s,\[\]]*\s?\[(?P<ip>[^\]\s]+)\](?: \(may be forged\))?"
_STARTTLS = re.compile(
    rf"STARTTLS=server, {_RELAY}, version=(?P<version>[A-Za-z0-9.]+), verify=\w+"
    r", cipher=(?P<cipher>[A-Za-z0-9_-]+)"
)
_AUTH = re.compile(
    rf"AUTH=server, {_RELAY}, authid=(?P<user>.*), mech=(?P<method>[A-Z0-9-]+), bits=\d+\Z",
    re.DOTALL,
)
_FAILED = re.compile(
    r"[0-9A-Za-z]+: AUTH failure \((?P<method>[A-Za-z0-9-]+)\): .*?(?:, user=(?P<user>.*))?"
    rf", {_RELAY}\Z",
    re.DOTALL,
)
_DAEMON = re.compile(
    r"[0-9A-Za-z]+: (?:from=.* daemon=(?P<named>[A-Za-z0-9_-]+)"
    r"|.* during connection to (?P<idle>[A-Za-z0-9_-]+)\Z)",
    re.DOTALL,
)
_IMPLICIT = re.compile(r"(?i)tls|smtps|ssl")
_ORDINARY = re.compile(r"(?:MTA|MSA|MSP)(?:-?v[46])?\Z")  # other names are the administrator's
_OPEN = 10_000
_ATTEMPTS = 1_000  # of one connection that wait for its daemon's name
_LONGEST = 3_600.0  # seconds, after which the process number counts as reused


class _Connection(msgspec.Struct):
    """One client of a process: its address, and when its last line was written."""

    ip: str | None
    last: str | datetime
    version: str | None = None
    cipher: str | None = None
    undecided: list[Found] = []


class SendmailReader:
    """Reads the lines of sendmail's daemons."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.shown: set[str] = set()
        self._open: Undecided[_Connection] = Undecided(_OPEN)
        self.undecided = (self._open,)

    def feed(self, entry: Entry) -> Iterable[Found]:
        """Read a line."""
        message = entry.message
        if message.startswith("STARTTLS=server") and (tls := _STARTTLS.match(message)):
            connection, dropped = self._connection(entry, plain(tls["ip"]))
            connection.version, connection.cipher = tls["version"], tls["cipher"]
            return dropped
        if message.startswith("AUTH=server"):
            return self._attempt(entry, _AUTH.match(message), Result.SUCCESS)
        if ": AUTH failure (" in message:
            return self._attempt(entry, _FAILED.match(message), Result.BAD_CREDENTIALS)
        if (" daemon=" in message or " during connection to " in message) and (
            daemon := _DAEMON.match(message)
        ):
            return self._ended(entry, daemon["named"] or daemon["idle"])
        return ()

    def finish(self, before: int | None = None) -> Iterable[Found]:
        """Return attempts whose daemon was not named; an open connection may have TLS."""
        found: list[Found] = []
        for key, connection in list(self._open.before(before)):
            found += connection.undecided
            if before is not None:
                self._open.put(key, msgspec.structs.replace(connection, undecided=[]))
        return found

    def _connection(self, entry: Entry, ip: str | None) -> tuple[_Connection, list[Found]]:
        """Return the connection of a line, and the results of one that it ends.

        The end of a connection may not be logged. So a line of another client, or one after a long
        time, belongs to another connection, even if it has the same process number.
        """
        key = _process(entry)
        connection = self._open.get(key)
        if (
            connection is not None
            and connection.ip == ip
            and seconds_between(connection.last, entry.stamp) <= _LONGEST
        ):
            connection.last = entry.stamp
            return connection, []
        old, new = self._open.pop(key), _Connection(ip, entry.stamp)
        given_up = self._open.put(key, new)
        return new, [each for gone in (old, given_up) if gone for each in gone.undecided]

    def _attempt(
        self, entry: Entry, match: re.Match[str] | None, result: Result
    ) -> Iterator[Found]:
        if match is None:
            self.tally.not_understood += 1
            return
        connection, dropped = self._connection(entry, plain(match["ip"]))
        yield from dropped
        found = Found(
            entry=entry,
            result=result,
            protocol=Service.SMTP,
            wire=Wire.CLEARTEXT if connection.version is None else Wire.TLS,
            listener="sendmail",
            session=_process(entry),
            tls_version=connection.version,
            tls_cipher=connection.cipher,
            mechanism=match["method"].upper(),
            user=match["user"] or None,
            ip=plain(match["ip"]),
            times=entry.times,
        )
        if len(connection.undecided) < _ATTEMPTS:
            connection.undecided.append(found)
        else:
            yield found

    def _ended(self, entry: Entry, daemon: str) -> Iterator[Found]:
        connection = self._open.pop(_process(entry))
        for found in connection.undecided if connection is not None else ():
            wire = found.wire
            if wire is Wire.TLS and _IMPLICIT.search(daemon):
                wire = Wire.IMPLICIT
            elif wire is Wire.TLS and _ORDINARY.match(daemon):
                wire = Wire.STARTTLS
            yield msgspec.structs.replace(found, wire=wire, listener=daemon)


def _process(entry: Entry) -> str:
    return f"{entry.host}/{entry.program}[{entry.pid}]"
