"""Microsoft Exchange: the protocol logs of its POP3 and IMAP4 front ends, from documentation.

The rows of CSV: dateTime, sessionId, seqNumber, sIp, cIp, user, duration, rqsize, rpsize, command,
parameters, context, puid. Exchange writes ***** for passwords. The back ends log the same logins
again, on ports of their own.
"""

import csv
import re
from collections.abc import Iterable

import msgspec

from mailauth.login.event import Result, Service
from mailauth.report.foreign.addresses import plain
from mailauth.report.foreign.envelope import EXCHANGE, Entry
from mailauth.report.foreign.found import Found, Tally
from mailauth.report.foreign.undecided import Undecided
from mailauth.report.foreign.verdict import Wire, tls_at

MARKS = (",authenticate,", ",login,", ",auth,", ",pass,", ",starttls,", ",stls,")
PROGRAMS = re.compile(EXCHANGE)

_PORTS = {143: Service.IMAP, 993: Service.IMAP, 110: Service.POP3, 995: Service.POP3}
_BACK_END = frozenset({1143, 1993, 1110, 1995})
_STARTTLS = ("starttls", "stls")
_LOGINS = {"authenticate": None, "auth": None, "login": "LOGIN", "pass": "PLAINTEXT"}
_END_POINT = re.compile(r"\[?(?P<ip>[0-9a-fA-F.:]+?)\]?:(?P<port>\d{1,5})\Z")
_SUCCEEDED = re.compile(r'R="?(?:[^\s"]+ |\+)?OK\b')
_FAILED = re.compile(r'R="?(?:(?:[^\s"]+ )?(?:NO|BAD)\b|-ERR\b)|AuthFailed|ErrMsg=')
_FIELDS = (12, 13)  # with and without puid
_OPEN = 10_000  # sessions with TLS


class _Row(msgspec.Struct, frozen=True):
    session: str
    server: re.Match[str]
    client: re.Match[str]
    user: str
    command: str
    parameters: str
    context: str


class ExchangeReader:
    """Reads the rows of a front end.

    `shows_tls` says whether the log has a row of STARTTLS: without any, a login without one proves
    nothing.
    """

    def __init__(self, *, shows_tls: bool) -> None:
        self.tally = Tally()
        self.shown: set[str] = {"STARTTLS"} if shows_tls else set()
        self._began_tls: Undecided[bool] = Undecided(_OPEN)
        self.undecided = (self._began_tls,)

    def feed(self, entry: Entry) -> Iterable[Found]:
        """Read a line."""
        row = _row(entry.message)
        if row is None:
            self.tally.not_understood += any(f",{name}," in entry.message for name in _LOGINS)
            return ()
        key = f"{entry.host}/{row.session}"
        if row.command in _STARTTLS:
            self.shown.add("STARTTLS")
            if not _FAILED.search(row.context):
                self._began_tls.put(key, True)
            return ()
        if row.command not in _LOGINS:
            return ()
        port = int(row.server["port"])
        if port in _BACK_END:
            return ()
        if (result := _result(row.context)) is None:
            self.tally.not_understood += 1
            return ()
        return (self._found(entry, row, result, port, began_tls=self._began_tls.get(key)),)

    def finish(self, before: int | None = None) -> Iterable[Found]:
        """Return nothing, since no login stays undecided; facts about open sessions are kept."""
        self._began_tls.renew(before)
        return ()

    def _found(
        self, entry: Entry, row: _Row, result: Result, port: int, *, began_tls: bool | None
    ) -> Found:
        if tls_at(port) is Wire.IMPLICIT:
            wire = Wire.IMPLICIT
        elif began_tls:
            wire = Wire.STARTTLS
        else:
            wire = Wire.CLEARTEXT if self.shown and port in _PORTS else Wire.UNKNOWN
        is_pop3 = row.command in ("auth", "pass")
        service = _PORTS.get(port, Service.POP3 if is_pop3 else Service.IMAP)
        mechanism = _LOGINS[row.command] or row.parameters.strip().partition(" ")[0].upper()
        named = row.parameters.strip().partition(" ")[0] if row.command == "login" else ""
        return Found(
            entry=entry,
            result=result,
            protocol=service,
            wire=wire,
            listener=f"exchange:{port}",
            local_port=port,
            session=row.session,
            mechanism=mechanism or None,
            user=row.user or named or None,
            ip=plain(row.client["ip"]),
            port=int(row.client["port"]),
            times=entry.times,
        )


def shows_tls(line: str) -> bool:
    """Return whether a line is a row of STARTTLS."""
    row = _row(line.partition(",")[2])
    return row is not None and row.command in _STARTTLS


TLS_SIGN = ("tls,", shows_tls)


def _row(text: str) -> _Row | None:
    """Parse a row after its time; a comma that is not quoted makes it no row of ours."""
    try:
        fields = next(csv.reader([text], strict=True), [])
    except csv.Error:
        return None
    if len(fields) not in (_FIELDS[0] - 1, _FIELDS[1] - 1):
        return None
    session, number, server, client, user, *sizes, command, parameters, context = fields[:11]
    ends = _END_POINT.match(server), _END_POINT.match(client)
    if ends[0] is None or ends[1] is None or not all(map(_is_number, (number, *sizes))):
        return None
    return _Row(session, ends[0], ends[1], user, command.lower(), parameters, context)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _result(context: str) -> Result | None:
    if _FAILED.search(context):
        return Result.BAD_CREDENTIALS
    return Result.SUCCESS if _SUCCEEDED.search(context) else None
