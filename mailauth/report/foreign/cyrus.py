"""Cyrus IMAP: `login: host [address] account mechanism+TLS User logged in SESSIONID=<…>`.

A service whose name ends in `s` has implicit TLS. A failure does not say whether TLS was used, but
a `starttls:` line of its process since the last login or failure does. Since 3.13 the lines are
logfmt: `event=login.good … login.tls=1`.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from mailauth.login.event import Result, Service
from mailauth.report.foreign.addresses import plain
from mailauth.report.foreign.calendar import seconds_between
from mailauth.report.foreign.envelope import Entry
from mailauth.report.foreign.found import Found, Tally
from mailauth.report.foreign.undecided import Undecided
from mailauth.report.foreign.verdict import Wire

MARKS = ("login: ", "starttls: ", "client id ", "event=login.", "accepted connection")
PROGRAMS = re.compile(r"(?:cyrus/)?(?:imaps?|pop3s?|https?|nntps?|sieve)")

_PROTOCOLS = {"imap": Service.IMAP, "pop3": Service.POP3, "http": Service.HTTP}
_GOOD = re.compile(
    r"login: (?:[^\s\[\]]+ )?\[(?P<ip>[0-9a-fA-F.:]+)\] (?P<user>.+) "
    r"(?P<method>[A-Za-z0-9-]+)(?P<tls>\+TLS)? User logged in"
    r"(?: SESSIONID=<(?P<session>[^<>\s]+)>)?\Z",
    re.DOTALL,
)
_BAD = re.compile(
    r"badlogin: (?:[^\s\[\]]+ )?\[(?P<ip>[0-9a-fA-F.:]+)\] (?P<method>[A-Za-z0-9-]+)"
    r"(?: \((?P<user>.*?)\)| (?P<old>\S+))? (?:\[|SASL)",
    re.DOTALL,
)
_STARTTLS = re.compile(
    r"starttls: (?P<version>TLSv1(?:\.\d)?|SSLv3) with cipher (?P<cipher>[A-Za-z0-9_-]+) "
)
_ID = re.compile(r"client id sessionid=<([^<>\s]+)>: (.*)", re.DOTALL)
_ID_FIELD = re.compile(r'"(name|version)" "((?:[^"\\]|\\.)*)"')
_EPOCH = re.compile(r"(?:\A|-)(\d{10})(?=-|\Z)")
_LOGFMT = re.compile(r'([a-z.]+)=("(?:[^"\\]|\\.)*"|\S*)')
_NO_NAME = "-notset-"
_HOST_AND_ADDRESS = re.compile(r"(?:\S* )?\[([0-9a-fA-F.:]+)\]")
_KEPT = 10_000
_FRESH = 60.0  # seconds after STARTTLS in which a failed login counts as the same client's


class _Tls(msgspec.Struct):
    """The latest STARTTLS of a process, and the client that then failed to log in."""

    at: str | datetime
    version: str
    cipher: str
    ip: str | None = None


class CyrusReader:
    """Reads the lines of Cyrus' services."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.shown: set[str] = set()
        self._tls: Undecided[_Tls] = Undecided(_KEPT)  # by process, since its last login
        self._named: Undecided[dict[str, str]] = Undecided(_KEPT)  # of clients, by session
        self.undecided = (self._tls, self._named)

    def feed(self, entry: Entry) -> Iterable[Found]:
        """Read a line."""
        message = entry.message
        if message.startswith("login: "):
            return self._logged_in(entry, _GOOD.match(message))
        if message.startswith("badlogin: "):
            return self._failed(entry, _BAD.match(message))
        if message.startswith("starttls: ") and (tls := _STARTTLS.match(message)):
            self._tls.put(_process(entry), _Tls(entry.stamp, tls["version"], tls["cipher"]))
        elif message.startswith("accepted connection"):
            self._tls.pop(_process(entry))
        elif message.startswith("client id ") and (named := _ID.match(message)):
            self._named.put(named[1], dict(_ID_FIELD.findall(named[2])))
        elif message.startswith("event=login."):
            return self._logfmt(entry)
        return ()

    def finish(self, before: int | None = None) -> Iterable[Found]:
        """Return nothing, since no login stays undecided; facts about open sessions are kept."""
        self._tls.renew(before)
        self._named.renew(before)
        return ()

    def _logged_in(self, entry: Entry, match: re.Match[str] | None) -> Iterator[Found]:
        tls = self._tls.pop(_process(entry))
        if match is None:
            self.tally.not_understood += 1
            return
        session = match["session"]
        named = self._named.pop(session) if session else None
        yield from self._found(
            entry,
            Result.SUCCESS,
            is_tls=match["tls"] is not None,
            ip=match["ip"],
            user=match["user"],
            method=match["method"],
            session=session,
            tls=tls if match["tls"] else None,
            named=named,
        )

    def _failed(self, entry: Entry, match: re.Match[str] | None) -> Iterator[Found]:
        if match is None:
            self.tally.not_understood += 1
            return
        tls, is_tls = self._tls_of_failure(entry, match["ip"])
        yield from self._found(
            entry,
            Result.BAD_CREDENTIALS,
            is_tls=is_tls,
            ip=match["ip"],
            user=_named(match["user"] or match["old"]),
            method=match["method"],
            tls=tls,
        )

    def _tls_of_failure(self, entry: Entry, ip: str) -> tuple[_Tls | None, bool | None]:
        """Return the TLS of a failed login's process; `None` if it may be another client's."""
        tls = self._tls.get(_process(entry))
        if tls is None:
            return None, False
        if seconds_between(tls.at, entry.stamp) > _FRESH or tls.ip not in (None, ip):
            self._tls.pop(_process(entry))
            return None, None
        tls.ip = ip
        return tls, True

    def _logfmt(self, entry: Entry) -> Iterator[Found]:
        told = _LOGFMT.findall(entry.message)
        fields = {key: value.strip('"') for key, value in told}
        host = _HOST_AND_ADDRESS.match(fields.get("r.clienthost", ""))
        is_tls = fields.get("login.tls") if len(told) == len(fields) else None
        event = fields.get("event")
        if host is None or event not in ("login.good", "login.bad"):
            self.tally.not_understood += 1
            return
        yield from self._found(
            entry,
            Result.SUCCESS if event == "login.good" else Result.BAD_CREDENTIALS,
            is_tls=None if is_tls is None else is_tls == "1",
            ip=host[1],
            user=fields.get("u.username") or None,
            method=fields.get("login.mech") or None,
        )

    def _found(
        self,
        entry: Entry,
        result: Result,
        *,
        is_tls: bool | None,
        ip: str,
        user: str | None,
        method: str | None,
        session: str | None = None,
        tls: _Tls | None = None,
        named: dict[str, str] | None = None,
    ) -> Iterator[Found]:
        service = entry.program.rpartition("/")[2]
        protocol = _PROTOCOLS.get(service.removesuffix("s"))
        if protocol is None:
            self.tally.left_out += result is Result.SUCCESS
            return
        if is_tls is None:
            wire = Wire.UNKNOWN
        elif is_tls:
            wire = Wire.IMPLICIT if service.endswith("s") else Wire.STARTTLS
        else:
            wire = Wire.CLEARTEXT
        named = named or {}
        yield Found(
            entry=entry,
            result=result,
            protocol=protocol,
            wire=wire,
            listener=entry.program,
            session=session,
            tls_version=tls.version if tls else None,
            tls_cipher=tls.cipher if tls else None,
            mechanism=None if method is None else method.upper(),
            user=user,
            ip=plain(ip),
            client_name=named.get("name"),
            client_version=named.get("version"),
            began=_began(session),
            times=entry.times,
        )


def _named(user: str | None) -> str | None:
    return None if user == _NO_NAME else user


def _began(session: str | None) -> datetime | None:
    """Return when a session began: its id has the seconds since 1970, in one of two places."""
    epoch = _EPOCH.search(session) if session else None
    return datetime.fromtimestamp(int(epoch[1]), UTC) if epoch else None


def _process(entry: Entry) -> str:
    return f"{entry.host}/{entry.program}[{entry.pid}]"
