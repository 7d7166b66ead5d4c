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
from mailauth.report.foreign.envelope import PROCESS, Entry
from mailauth.report.foreign.found import Found, Tally
from mailauth.report.foreign.undecided import Undecided
from mailauth.report.foreign.verdict import Wire

MARKS = ("connect from ", ", sasl_method=", ": SASL ", " TLS connection ")
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
_SHOWS_STARTTLS = re.compile(
    rf"disconnect from {_CLIENT}(?: [a-z_]+=\d+(?:/\d+)?)* starttls=[1-9]\d{{0,8}}(?:/\d{{1,9}})?"
    r"(?: [a-z_]+=\d+(?:/\d+)?)*\Z"
)
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
    """One client of a process, according to the lines so far.

    Its first line, `connect`, is parsed only when another line is about a login. Only then the
    session gets a `key`, from the time of its beginning.
    """

    stamp: str | datetime
    listener: str
    key: str | None = None
    connect: Entry | None = None
    ip: str | None = None
    port: int | None = None
    version: str | None = None
    cipher: str | None = None
    mechanism: str | None = None
    user: str | None = None
    mail: Entry | None = None
    mail_after_tls: bool = False
    failures: list[_Failure] = []
    is_told: bool = False  # logins, if the session lasted long

    @property
    def is_bare(self) -> bool:
        """Whether only its beginning is known."""
        return self.connect is not None


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

    def _connected(self, entry: Entry) -> Iterable[Found]:
        """Begin a session; it ends that of the same process if its end was not logged."""
        process = _process(entry)
        old = self._open.pop(process)
        found = self._opened(process, _Session(entry.stamp, entry.program, connect=entry))
        return found if old is None or old.is_bare else [*self._unended(old), *found]

    def _opened(self, process: str, session: _Session) -> Iterable[Found]:
        """Keep a session until it ends; without room, return the results of the oldest one."""
        given_up = self._open.put(process, session)
        return () if given_up is None else self._unended(given_up)

    def _session(self, entry: Entry, match: re.Match[str]) -> tuple[_Session, Iterable[Found]]:
        """Return the session of a line, and the results of the session that it ends.

        A line of another client belongs to another session, whose beginning was not logged.
        """
        process = _process(entry)
        session = self._open.get(process)
        if session is not None and _seen(session).ip == plain(match["ip"]):
            return session, ()
        given_up = () if session is None else self._unended(session)
        self._open.pop(process)
        session = _from(_Session(entry.stamp, entry.program), match)
        return session, [*given_up, *self._opened(process, session)]

    def _disconnected(self, entry: Entry) -> Iterable[Found]:
        process, message = _process(entry), entry.message
        session = self._open.pop(process)
        if (
            " auth=" not in message
            and (session is None or session.is_bare)
            and (entry.program in self.shown or " starttls=" not in message)
        ):
            return ()  # as in most sessions, without a login attempt
        match = _DISCONNECT.match(message)
        if match is None:
            self.tally.not_understood += " auth=" in message
            return () if session is None else self._unended(session)
        if session is not None and _seen(session).ip == plain(match["ip"]):
            return self._ended(entry, session, match["counters"])
        given_up = () if session is None else self._unended(session)
        session = _from(_Session(entry.stamp, entry.program), match)
        return [*given_up, *self._ended(entry, session, match["counters"])]

    def _ended(self, entry: Entry, session: _Session, counters: str) -> Iterator[Found]:
        counted = {
            name: (int(good), int(of or good)) for name, good, of in _COUNTER.findall(counters)
        }
        succeeded, tried = counted.get("auth", (0, 0))
        wire = self._wire(session, starttls=counted.get("starttls", (0, 0))[0], counters=counters)
        yield from self._failures(session, wire)
        has_mail = session.mail is not None and not counters
        if (succeeded or has_mail) and not session.is_told:
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
        if session.mail is not None and not session.is_told:
            told = _in_order(session, wire, after_tls=session.mail_after_tls)
            yield self._found(
                session.mail, session, told, Result.SUCCESS, session.mechanism, session.user
            )

    def _failures(self, session: _Session, wire: Wire) -> Iterator[Found]:
        for each in session.failures:
            told = _in_order(session, wire, after_tls=each.after_tls)
            yield self._found(each.entry, session, told, each.result, each.mechanism, each.user)

    def _key(self, entry: Entry, session: _Session) -> str:
        """Return the name of a session; sessions of one process and second are numbered."""
        if session.key is None:
            process, stamp = _process(entry), session.stamp
            last = self._begun.get(process)
            number = last[1] + 1 if last is not None and last[0] == stamp else 1
            self._begun.put(process, (stamp, number))
            began = stamp if isinstance(stamp, str) else stamp.isoformat()
            session.key = f"{process}-{began}-{number}"
        return session.key

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
            session=self._key(entry, session),
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


class Thinner:
    """Drops lines of sessions without a login attempt, which most lines of a log are.

    If a process has no open session, a session that begins and ends in the same chunk, without a
    relevant line in between, has no results.
    """

    def __init__(self) -> None:
        self._closed: set[str] = set()  # processes without an open session
        self._showed: set[str] = set()  # processes of which an end with STARTTLS was kept

    def unsure(self) -> None:
        """Forget which processes have no session, after lines that were not examined."""
        self._closed.clear()

    def thinned(self, lines: list[str]) -> list[str]:
        """Return the remaining lines. A line with another envelope is kept, and is not examined."""
        begun: dict[str, int] = {}
        dropped: set[int] = set()
        for number, line in enumerate(lines):
            if "/smtpd[" not in line:
                continue
            head = PROCESS.match(line)
            if head is None:
                self.unsure()
                begun.clear()
                continue
            process, at = head[1], head.end()
            first = begun.pop(process, None)
            if line.startswith("connect from ", at):
                if process in self._closed:
                    begun[process] = number
                    self._closed.discard(process)
                continue
            if not line.startswith("disconnect from ", at):
                self._closed.discard(process)  # its session may begin with this line
                continue
            self._closed.add(process)
            if first is None or " auth=" in line:
                continue
            if " starttls=" not in line or process in self._showed:
                dropped |= {first, number}
            elif _SHOWS_STARTTLS.search(line, at):
                self._showed.add(process)
        if len(self._closed) + len(self._showed) > _OPEN:
            self._closed.clear()
            self._showed.clear()
        return [line for number, line in enumerate(lines) if number not in dropped]


def _from(session: _Session, match: re.Match[str]) -> _Session:
    """Set the client of a session."""
    session.ip = plain(match["ip"])
    session.port = int(match["port"]) if match["port"] else None
    return session


def _seen(session: _Session) -> _Session:
    """Parse the first line of a session."""
    if session.connect is not None:
        match = _CONNECT.match(session.connect.message)
        session.connect = None
        if match is not None:
            _from(session, match)
    return session


def _process(entry: Entry) -> str:
    return f"{entry.host}/{entry.program}[{entry.pid}]"
