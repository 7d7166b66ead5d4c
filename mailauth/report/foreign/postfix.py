"""Postfix: the sessions of its smtpd processes, from `connect from` to `disconnect from`.

A process serves one client after another, so the order of its lines matters. Whether TLS was used
is in the counters of `disconnect` (`starttls=1`, since 3.0), or in a separate line if
`smtpd_tls_loglevel` is 1. The account is in the line of a mail or of a failure.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
from msgspec import structs

from mailauth.login.event import Result, Service
from mailauth.report.foreign.addresses import plain
from mailauth.report.foreign.envelope import Entry
from mailauth.report.foreign.found import Found, Tally
from mailauth.report.foreign.undecided import Undecided
from mailauth.report.foreign.verdict import Wire

MARKS = ("smtpd[", 'smtpd"')
PROGRAMS = re.compile(r"[^\s/]+/(?:[^\s/]+/)?smtpd")  # syslog_name is free text

_CLIENT = r"\S*\[(?P<ip>[0-9a-fA-F.:]+|unknown)\](?::(?P<port>\d{1,5}))?"
_CONNECT = re.compile(rf"connect from {_CLIENT}")
_DISCONNECT = re.compile(rf"disconnect from {_CLIENT}(?P<counters>(?: [a-z_]+=\d+(?:/\d+)?)*)\Z")
_TLS = re.compile(
    rf"[A-Z][a-z]+ TLS connection (?:established|reused) from {_CLIENT}(?: to [^\s:]+)?"
    r": (?P<version>TLSv1(?:\.\d)?|SSLv3) with cipher (?P<cipher>[A-Za-z0-9_-]+) "
)
_MAIL = re.compile(
    rf"[0-9A-Za-z]+: client={_CLIENT}, sasl_method=(?P<method>[A-Za-z0-9-]+)"
    r"(?:, sasl_username=(?P<user>.*?))?(?:, sasl_sender=.*)?\Z",
    re.DOTALL,
)
_FAILED = re.compile(
    rf"warning: {_CLIENT}: SASL (?P<method>[A-Za-z0-9-]+) authentication failed: (?P<why>.*?)"
    r"(?:, sasl_username=(?P<user>.*))?\Z",
    re.DOTALL,
)
_UNAVAILABLE = re.compile(r"(?i)connection lost to authentication server|temporary")
_COUNTER = re.compile(r"(auth|starttls)=(\d{1,9})(?:/(\d{1,9}))?")
_IMPLICIT = re.compile(r"(?:\A|[/-])(?:smtps|submissions|465)/smtpd\Z")
_ORDINARY = re.compile(r"(?:\A|/)postfix/(?:submission/|587/)?smtpd\Z")
_REFUSED = "refused before TLS"
_OPEN = 10_000  # sessions that have not ended
_FAILURES = 1_000  # of one session


class _Failure(msgspec.Struct, frozen=True):
    entry: Entry
    mechanism: str
    user: str | None
    result: Result
    after_tls: bool  # a line from before TLS was established


class _Session(msgspec.Struct):
    """One client of a process, according to the lines so far."""

    key: str
    listener: str
    ip: str | None
    port: int | None
    version: str | None = None
    cipher: str | None = None
    mechanism: str | None = None
    user: str | None = None
    mail: Entry | None = None
    mail_after_tls: bool = False
    failures: list[_Failure] = []
    is_told: bool = False  # logins, if the session lasted long


class PostfixReader:
    """Reads the lines of smtpd processes. `implicit` are the services with implicit TLS."""

    def __init__(self, *, implicit: frozenset[str] = frozenset()) -> None:
        self.tally = Tally()
        self.shown: set[str] = set()  # services for which STARTTLS was seen
        self._implicit = implicit
        self._open: Undecided[_Session] = Undecided(_OPEN)
        self._begun: Undecided[tuple[str | datetime, int]] = Undecided(_OPEN)  # by process
        self.undecided = (self._open,)

    def feed(self, entry: Entry) -> Iterable[Found]:
        """Read a line."""
        message = entry.message
        if message.startswith("connect from "):
            return self._connected(entry)
        if message.startswith("disconnect from "):
            return self._disconnected(entry)
        if ", sasl_method=" in message and (mail := _MAIL.match(message)):
            session, given_up = self._session(entry, mail)
            if session.mail is None:
                session.mail_after_tls = session.version is not None
            session.mechanism, session.mail = mail["method"], entry
            session.user = mail["user"] or session.user
            return given_up
        if message.startswith("warning: ") and (failed := _FAILED.match(message)):
            session, given_up = self._session(entry, failed)
            if len(session.failures) < _FAILURES:
                session.failures.append(_failure(entry, failed, session))
            return given_up
        if " TLS connection " in message[:40] and (tls := _TLS.match(message)):
            session, given_up = self._session(entry, tls)
            session.version, session.cipher = tls["version"], tls["cipher"]
            return given_up
        return ()

    def finish(self, before: int | None = None) -> Iterable[Found]:
        """Return the results of sessions that have not ended, as far as known."""
        found: list[Found] = []
        for key, session in list(self._open.before(before)):
            found += self._unended(session)
            if before is not None:
                is_told = session.is_told or session.mail is not None
                session = structs.replace(session, is_told=is_told, mail=None, failures=[])
                self._open.put(key, session)
        return found

    def _connected(self, entry: Entry) -> Iterator[Found]:
        """Begin a session; it ends that of the same process if its end was not logged."""
        old = self._open.pop(_process(entry))
        if old is not None:
            yield from self._unended(old)
        match = _CONNECT.match(entry.message)
        if match is not None:
            yield from self._opened(entry, self._new(entry, match))

    def _opened(self, entry: Entry, session: _Session) -> list[Found]:
        """Keep a session until it ends; without room, return the results of the oldest one."""
        given_up = self._open.put(_process(entry), session)
        return [] if given_up is None else list(self._unended(given_up))

    def _new(self, entry: Entry, match: re.Match[str]) -> _Session:
        process, stamp = _process(entry), entry.stamp
        last = self._begun.get(process)
        number = last[1] + 1 if last is not None and last[0] == stamp else 1
        self._begun.put(process, (stamp, number))
        return _Session(
            key=f"{process}-{stamp if isinstance(stamp, str) else stamp.isoformat()}-{number}",
            listener=entry.program,
            ip=plain(match["ip"]),
            port=int(match["port"]) if match["port"] else None,
        )

    def _session(self, entry: Entry, match: re.Match[str]) -> tuple[_Session, list[Found]]:
        """Return the session of a line, and the results of a session that it ends.

        A line of another client belongs to another session, whose beginning was not logged.
        """
        session = self._open.get(_process(entry))
        if session is not None and session.ip == plain(match["ip"]):
            return session, []
        given_up = [] if session is None else list(self._unended(session))
        self._open.pop(_process(entry))
        session = self._new(entry, match)
        return session, [*given_up, *self._opened(entry, session)]

    def _disconnected(self, entry: Entry) -> Iterator[Found]:
        match = _DISCONNECT.match(entry.message)
        if match is None:
            self.tally.not_understood += " auth=" in entry.message
            return
        session = self._open.pop(_process(entry))
        if session is not None and session.ip != plain(match["ip"]):
            yield from self._unended(session)
            session = None
        if session is None:
            session = self._new(entry, match)
        counted = {
            name: (int(good), int(of or good))
            for name, good, of in _COUNTER.findall(match["counters"])
        }
        succeeded, tried = counted.get("auth", (0, 0))
        wire = self._wire(
            session, starttls=counted.get("starttls", (0, 0))[0], counters=match["counters"]
        )
        yield from self._failures(session, wire)
        has_mail = session.mail is not None and not match["counters"]
        if (succeeded and not session.is_told) or has_mail:
            if session.mail is not None:
                wire = _in_order(session, wire, after_tls=session.mail_after_tls)
            self._count_nameless(session, wire)
            yield self._found(entry, session, wire, Result.SUCCESS, session.mechanism, session.user)
        is_refused = tried > succeeded and not session.failures and not session.is_told
        if is_refused and wire is Wire.CLEARTEXT:
            refused = self._found(
                entry, session, wire, Result.CLEARTEXT_REFUSED, None, None, _REFUSED
            )
            yield msgspec.structs.replace(refused, times=entry.times * (tried - succeeded))

    def _wire(self, session: _Session, *, starttls: int, counters: str) -> Wire:
        """Return how TLS began, if it did.

        A service with a custom name may have implicit TLS, which `disconnect` does not show. Unless
        STARTTLS was seen there, it is unknown.
        """
        listener = session.listener
        if starttls:
            if len(self.shown) < _OPEN:
                self.shown.add(listener)
            return Wire.STARTTLS
        if _IMPLICIT.search(listener) or listener in self._implicit:
            return Wire.IMPLICIT
        if session.version is not None:
            return Wire.IMPLICIT if counters else Wire.TLS
        if not counters:  # older than 3.0
            return Wire.UNKNOWN
        is_told = _ORDINARY.search(listener) or listener in self.shown
        return Wire.CLEARTEXT if is_told else Wire.UNKNOWN

    def _unended(self, session: _Session) -> Iterator[Found]:
        """Return the results of a session without an end; only a line about TLS proves TLS."""
        wire = Wire.TLS if session.version is not None else Wire.UNKNOWN
        yield from self._failures(session, wire)
        if session.mail is not None:
            told = _in_order(session, wire, after_tls=session.mail_after_tls)
            yield self._found(
                session.mail, session, told, Result.SUCCESS, session.mechanism, session.user
            )

    def _failures(self, session: _Session, wire: Wire) -> Iterator[Found]:
        for each in session.failures:
            told = _in_order(session, wire, after_tls=each.after_tls)
            yield self._found(each.entry, session, told, each.result, each.mechanism, each.user)

    def _count_nameless(self, session: _Session, wire: Wire) -> None:
        if session.user is None:
            self.tally.nameless += 1
            self.tally.nameless_cleartext += wire is Wire.CLEARTEXT
            self.tally.nameless_unknown += wire is Wire.UNKNOWN

    def _found(
        self,
        entry: Entry,
        session: _Session,
        wire: Wire,
        result: Result,
        mechanism: str | None,
        user: str | None,
        reason: str | None = None,
    ) -> Found:
        return Found(
            entry=entry,
            result=result,
            reason=reason,
            protocol=Service.SMTP,
            wire=wire,
            listener=session.listener,
            session=session.key,
            tls_version=session.version,
            tls_cipher=session.cipher,
            mechanism=mechanism,
            user=user,
            ip=session.ip,
            port=session.port,
            times=entry.times,
        )


def _failure(entry: Entry, match: re.Match[str], session: _Session) -> _Failure:
    return _Failure(
        entry,
        match["method"],
        match["user"] or None,
        Result.UNAVAILABLE if _UNAVAILABLE.search(match["why"]) else Result.BAD_CREDENTIALS,
        after_tls=session.version is not None,
    )


def _in_order(session: _Session, wire: Wire, *, after_tls: bool) -> Wire:
    """Return how an attempt was made: in the clear if the line about TLS comes after it."""
    if session.version is None or after_tls or wire in (Wire.CLEARTEXT, Wire.UNKNOWN):
        return wire
    return Wire.CLEARTEXT


def _process(entry: Entry) -> str:
    return f"{entry.host}/{entry.program}[{entry.pid}]"
