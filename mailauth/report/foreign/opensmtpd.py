"""OpenSMTPD: sessions by id. AUTH is offered only with TLS, and refused without it."""

import re
from collections.abc import Iterable, Iterator

import msgspec

from mailauth.login.event import Result, Service
from mailauth.report.foreign.addresses import plain
from mailauth.report.foreign.envelope import Entry
from mailauth.report.foreign.exim import name_in
from mailauth.report.foreign.found import Found, Tally
from mailauth.report.foreign.undecided import Undecided
from mailauth.report.foreign.verdict import Wire

MARKS = (" smtp ",)
PROGRAMS = re.compile(r"smtpd")

_SESSION = re.compile(r"(?P<id>[0-9a-f]{16}) smtp (?P<event>[a-z-]+) ?(?P<rest>.*)\Z", re.DOTALL)
_ADDRESS = re.compile(r"address=(?:\[?(?:IPv6:)?)(?P<ip>[0-9a-fA-F.:]+)\]? host=")
_CIPHER = re.compile(r"ciphers=(?P<version>TLSv1(?:\.\d)?):(?P<cipher>[A-Za-z0-9_-]+)")
_AUTHENTICATED = re.compile(r"user=(?P<user>.*) result=(?P<result>[a-z]+)\Z", re.DOTALL)
_COMMAND = re.compile(
    r'command="(?i:AUTH) (?P<method>[A-Za-z0-9-]+)(?: (?P<initial>[A-Za-z0-9+/=]*))?"'
    r' result="(?P<code>\d{3}) '
)
_OPEN = 10_000


class _Session(msgspec.Struct):
    ip: str | None = None
    is_whole: bool = False
    version: str | None = None
    cipher: str | None = None


class OpenSmtpdReader:
    """Reads the lines of OpenSMTPD's sessions."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.shown: set[str] = set()
        self._open: Undecided[_Session] = Undecided(_OPEN)
        self.undecided = (self._open,)

    def feed(self, entry: Entry) -> Iterable[Found]:
        """Read a line."""
        match = _SESSION.match(entry.message)
        if match is None:
            return ()
        key, rest = f"{entry.host}/{match['id']}", match["rest"]
        match match["event"]:
            case "connected":
                address = _ADDRESS.match(rest)
                session = self._session(key)
                session.ip = plain(address["ip"]) if address else None
                session.is_whole = True
            case "tls":
                if cipher := _CIPHER.match(rest):
                    session = self._session(key)
                    session.version, session.cipher = cipher["version"], cipher["cipher"]
            case "disconnected":
                self._open.pop(key)
            case "authentication":
                return self._authenticated(entry, match["id"], key, _AUTHENTICATED.match(rest))
            case "failed-command":
                return self._refused(entry, match["id"], key, _COMMAND.match(rest))
        return ()

    def finish(self, before: int | None = None) -> Iterable[Found]:
        """Return nothing, since no login stays undecided; facts about open sessions are kept."""
        self._open.renew(before)
        return ()

    def _session(self, key: str) -> _Session:
        session = self._open.get(key)
        if session is None:
            session = _Session()
            self._open.put(key, session)
        return session

    def _authenticated(
        self, entry: Entry, session_id: str, key: str, match: re.Match[str] | None
    ) -> Iterator[Found]:
        if match is None:
            self.tally.not_understood += 1
            return
        result = Result.SUCCESS if match["result"] == "ok" else Result.BAD_CREDENTIALS
        session = self._session(key)
        wire = Wire.TLS if session.version is not None else Wire.UNKNOWN
        yield self._found(entry, session_id, session, result, wire, match["user"], None)

    def _refused(
        self, entry: Entry, session_id: str, key: str, match: re.Match[str] | None
    ) -> Iterator[Found]:
        if match is None:
            return
        session, method, initial = self._session(key), match["method"].upper(), match["initial"]
        self.tally.passwords += method == "PLAIN" and bool(initial)
        if session.version is not None:
            result, wire = Result.BAD_CREDENTIALS, Wire.TLS
        else:
            result = Result.CLEARTEXT_REFUSED
            wire = Wire.CLEARTEXT if session.is_whole else Wire.UNKNOWN
        if session.version is not None and not match["code"].startswith("5"):
            result = Result.UNAVAILABLE
        yield self._found(
            entry, session_id, session, result, wire, name_in(method, initial), method
        )

    def _found(
        self,
        entry: Entry,
        session_id: str,
        session: _Session,
        result: Result,
        wire: Wire,
        user: str | None,
        mechanism: str | None,
    ) -> Found:
        return Found(
            entry=entry,
            result=result,
            protocol=Service.SMTP,
            wire=wire,
            listener="smtpd",
            session=session_id,
            tls_version=session.version,
            tls_cipher=session.cipher,
            mechanism=mechanism,
            user=user,
            ip=session.ip,
            times=entry.times,
        )
