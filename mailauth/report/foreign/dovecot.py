"""Dovecot 2.0 to 2.4: `imap-login: Login: user=<…>, method=…, rip=…, …`.

Version 2.4 logs `Logged in:` instead of `Login:`. The elements are `login_log_format_elements`.
What a client chose (its name) is before the last `rip=`, what the server knows is after it.
Exported events (`stats: {"event":…}`) about logins add what the elements lack.
"""

import binascii
import re
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from mailauth.login.event import Kind, Result, Service
from mailauth.report.foreign.addresses import of_octets, plain
from mailauth.report.foreign.envelope import Entry
from mailauth.report.foreign.found import Found, Tally
from mailauth.report.foreign.undecided import Undecided
from mailauth.report.foreign.verdict import Wire, tls_at

MARKS = ("-login: ", "-login[", '-login"', "auth_client_request_finished", "given password:")
PROGRAMS = re.compile(r"dovecot|stats|(?:imap|pop3|submission|managesieve)-login")

_PROTOCOLS = {
    "imap-login": Service.IMAP,
    "pop3-login": Service.POP3,
    "submission-login": Service.SMTP,
}
_SIEVE = "managesieve-login"
_LOGIN_PROCESS = re.compile(r"(imap|pop3|submission|managesieve)-login: (?:Info: )?")
_SAID = re.compile(
    r"(?P<said>.*?)user=<(?P<user>.*)>(?:, method=(?P<method>[A-Za-z0-9-]*))?"
    r", rip=(?P<rip>[0-9a-fA-F.:]+)(?P<elements>.*)\Z",
    re.DOTALL,
)
_NAMELESS = re.compile(  # before 2.2, an empty element is left out
    r"(?P<said>(?:Aborted login|Disconnected)[^<>=]*: )(?:method=(?P<method>[A-Za-z0-9-]+), )?"
    r"rip=(?P<rip>[0-9a-fA-F.:]+)(?P<elements>(?:, [^<>]*)?)\Z"
)
_USUAL = re.compile(  # the line of nearly all logins, without any ambiguity
    r"(?P<process>imap|pop3|submission)-login: (?:Login|Logged in): user=<(?P<user>[^<>,\s]+)>"
    r", method=(?P<method>[A-Za-z0-9-]+), rip=(?P<rip>[0-9a-fA-F.:]+), lip=[0-9a-fA-F.:]+"
    r", mpid=\d+(?P<tls>, TLS|, secured)?, session=<(?P<session>[A-Za-z0-9+/=._:-]{1,80})>\Z"
)
_CIPHER = re.compile(r"(?P<version>TLSv1(?:\.\d)?|SSLv3) with cipher (?P<cipher>[A-Z0-9_-]+) ")
_PORT = re.compile(r"(?:lport|port|local_port)=(\d{1,5})\Z")
_SESSION = re.compile(r"session=<([A-Za-z0-9+/=._:-]{1,80})>\Z")
_SUCCEEDED = ("Login: ", "Logged in: ")
_PROXY = re.compile(
    r"proxy\((?P<name>.*)\): started proxying to \S+: (?=user=<(?P=name)>)", re.DOTALL
)
_PROXIED = "Started proxying to "
_FAILED = re.compile(r"\(auth failed, (\d{1,6}) attempts")
_DISALLOWED = re.compile(r"tried to use (?:disallowed|disabled) (?:plaintext|cleartext) auth")
_REFUSED = re.compile(
    r"(?:Login|Authenticate [A-Za-z0-9-]+) failed: "
    r"(?:Plaintext authentication disabled|Cleartext authentication|SSL required)"
)
_NO_ATTEMPT = "no auth attempts"
_ABANDONED = re.compile(
    r"disconnected (?:before|during|while)|handshake_not_finished|didn't finish|too many"
    r"|Maximum number of connections|[Ii]nternal|process",
)
_HANDSHAKE_FAILED = "TLS handshaking: SSL_accept"
_ID = re.compile(r"ID sent: (.*?)(?:: user=<|\Z)", re.DOTALL)
_ID_FIELD = re.compile(r"(?:\A|, )(name|version)=(.*?)(?=, [a-z-]+=|\Z)", re.DOTALL)
_GIVEN_PASSWORD = "given password:"
_LOGIN_LIKE = re.compile(r"(?i)logged in|login: user|\bauth failed")

_CYCLE = 2**48  # microseconds, after which the time in a session id wraps around
_A_DAY = 86_400_000_000  # microseconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHOWN = "TLS"  # in what the log has shown, where it has shown how it writes TLS
_KEPT = 10_000  # sessions that are remembered until their lines are complete


class _Event(msgspec.Struct):
    event: str
    fields: dict[str, object] = {}


class _Login(msgspec.Struct, frozen=True):
    """A line of a login process, with its elements."""

    said: str
    user: str
    method: str | None
    rip: str
    is_proxied: bool
    is_secured: bool  # according to Dovecot; this is not TLS
    tls: bool
    handshake_failed: bool
    version: str | None
    cipher: str | None
    port: int | None
    session: str | None


class _Session(msgspec.Struct):
    """The facts of a session until the line that decides it."""

    client_name: str | None = None
    client_version: str | None = None
    local_port: int | None = None
    transport: str | None = None
    refused: Found | None = None


_decoder = msgspec.json.Decoder(_Event)


class DovecotReader:
    """Reads the lines of Dovecot's login processes.

    `shows_tls` is whether the log has the element for TLS anywhere. Otherwise, its absence from a
    login's line proves nothing. If the log is still growing (`waits`), such a login is undecided
    until the log has the element.
    """

    def __init__(self, *, shows_tls: bool, waits: bool = False) -> None:
        self.tally = Tally()
        self.shown: set[str] = {SHOWN} if shows_tls else set()
        self._waits = waits
        self._sessions: Undecided[_Session] = Undecided(_KEPT)
        self._waiting: Undecided[Found] = Undecided(_KEPT)
        self._waited = 0
        self.undecided = (self._sessions, self._waiting)

    def feed(self, entry: Entry) -> Iterable[Found]:
        """Read a line."""
        message = entry.message
        if (
            entry.program == "dovecot"
            and self.shown
            and (usual := _USUAL.match(message)) is not None
            and self._sessions.get(usual["session"]) is None
        ):
            return (_usual(entry, usual),)
        if entry.program in ("stats", "dovecot") and '{"event":' in message:
            return self._note_event(message)
        if entry.program in _PROTOCOLS or entry.program == _SIEVE:  # Dovecot's own file
            process, text = entry.program, message.removeprefix("Info: ")
        else:
            process_match = _LOGIN_PROCESS.match(message)
            if process_match is None:
                self._note_password(message)
                return ()
            process, text = f"{process_match[1]}-login", message[process_match.end() :]
        if process == _SIEVE:
            self.tally.left_out += text.startswith(_SUCCEEDED)
            return ()
        return self._login_process(entry, process, text)

    def finish(self, before: int | None = None) -> Iterable[Found]:
        """Return refusals whose session has not ended, and logins whose TLS is unknown."""
        sessions = [session for _, session in self._sessions.before(before)]
        found = [session.refused for session in sessions if session.refused is not None]
        return [*found, *(found for _, found in self._waiting.before(before))]

    def _login_process(self, entry: Entry, process: str, text: str) -> Iterator[Found]:
        self._note_password(text)
        if text.startswith("ID sent: "):
            yield from self._note_id(text)
            return
        login = _parsed(text)
        if login is None:
            self.tally.not_understood += bool(_LOGIN_LIKE.search(text.partition("user=<")[0]))
            return
        if not self.shown and (login.tls or login.is_secured):
            self.shown.add(SHOWN)
            for _, found in self._waiting.before(None):
                yield msgspec.structs.replace(found, wire=Wire.CLEARTEXT)
        session = self._sessions.get(login.session or "") or _Session()
        if login.said.startswith(_SUCCEEDED) or login.is_proxied:
            self._forget(login)
            if session.refused is not None:  # refused in the clear, then logged in with TLS
                yield session.refused
            found = self._found(entry, process, login, session, Result.SUCCESS, None)
            yield from self._or_wait(found)
        elif _REFUSED.match(login.said):
            refused = self._found(
                entry, process, login, session, Result.CLEARTEXT_REFUSED, "refused before TLS"
            )
            yield from self._remember(login.session, refused)
        elif _DISALLOWED.search(login.said):
            self._forget(login)
            yield self._found(
                entry, process, login, session, Result.CLEARTEXT_REFUSED, "refused before TLS"
            )
        elif failed := _FAILED.search(login.said):
            self._forget(login)
            if (
                login.method is None and not login.tls and login.user
            ):  # LOGIN, refused without a check
                result, reason = Result.CLEARTEXT_REFUSED, "refused before TLS"
            else:
                result, reason = Result.BAD_CREDENTIALS, "auth failed"
            found = self._found(entry, process, login, session, result, reason)
            yield msgspec.structs.replace(found, times=entry.times * max(1, int(failed[1])))
        elif _NO_ATTEMPT in login.said:
            self._forget(login)
            reason = "tls-handshake-failed" if login.handshake_failed else "no-attempt"
            found = self._found(entry, process, login, session, None, reason)
            yield msgspec.structs.replace(found, kind=Kind.CONNECTION, user=None)
        elif login.said.startswith(
            ("Login", "Logged", "Aborted login", "Authenticate")
        ) and not _ABANDONED.search(login.said):
            self.tally.not_understood += 1

    def _found(
        self,
        entry: Entry,
        process: str,
        login: _Login,
        session: _Session,
        result: Result | None,
        reason: str | None,
    ) -> Found:
        port = login.port if login.port is not None else session.local_port
        wire = tls_at(port) if login.tls else self._untold(session)
        address = plain(login.rip)
        told = _told_by(login.session, address)
        return Found(
            entry=entry,
            result=result,
            reason=reason,
            protocol=_PROTOCOLS[process],
            wire=wire,
            listener=process,
            local_port=port,
            session=login.session,
            tls_version=login.version,
            tls_cipher=login.cipher,
            mechanism=login.method,
            user=login.user or None,
            ip=address,
            port=None if told is None else told.port,
            client_name=session.client_name,
            client_version=session.client_version,
            began=None if told is None else told.instant,
            times=entry.times,
        )

    def _untold(self, session: _Session) -> Wire:
        """Return the TLS of a line without that element, which an event may contain."""
        if session.transport == "TLS":
            return tls_at(session.local_port)
        is_told = session.transport is not None or self.shown
        return Wire.CLEARTEXT if is_told else Wire.UNKNOWN

    def _or_wait(self, found: Found) -> Iterator[Found]:
        """Keep a login that a later line may show to be in the clear."""
        if not self._waits or found.wire is not Wire.UNKNOWN:
            yield found
            return
        self._waited += 1
        given_up = self._waiting.put(str(self._waited), found)
        if given_up is not None:
            yield given_up

    def _session(self, session_id: str) -> tuple[_Session, list[Found]]:
        """Return the session of that id, and the refusal of an old one that it replaces."""
        session = self._sessions.get(session_id)
        if session is not None:
            return session, []
        session = _Session()
        given_up = self._sessions.put(session_id, session)
        return session, [given_up.refused] if given_up is not None and given_up.refused else []

    def _remember(self, session_id: str | None, refused: Found) -> Iterator[Found]:
        """Keep a refusal until its session ends, since the last line names the account."""
        if session_id is None:
            yield refused
            return
        session, given_up = self._session(session_id)
        session.refused = refused
        yield from given_up

    def _forget(self, login: _Login) -> None:
        self._sessions.pop(login.session or "")

    def _note_id(self, text: str) -> Iterable[Found]:
        """Note the client's own name before its login (`imap_id_log`)."""
        fields, session = _ID.match(text), _SESSION.search(text)
        if fields is None or session is None:
            return ()
        named = dict(_ID_FIELD.findall(fields[1]))
        noted, given_up = self._session(session[1])
        noted.client_name, noted.client_version = named.get("name"), named.get("version")
        return given_up

    def _note_event(self, message: str) -> Iterable[Found]:
        """Note the port of a session from an exported event."""
        try:
            event = _decoder.decode(message[message.index("{") :])
        except (msgspec.DecodeError, UnicodeEncodeError):
            return ()
        if event.event not in ("auth_client_request_finished", "auth_request_finished"):
            return ()
        session, port = event.fields.get("session"), event.fields.get("local_port")
        if isinstance(session, str) and isinstance(port, int) and len(session) <= 80:
            noted, given_up = self._session(session)
            transport = event.fields.get("transport")
            noted.local_port = port
            noted.transport = transport if transport in ("TLS", "insecure", "secured") else None
            return given_up
        return ()

    def _note_password(self, message: str) -> None:
        self.tally.passwords += _GIVEN_PASSWORD in message


def _usual(entry: Entry, match: re.Match[str]) -> Found:
    """Return a login from a line with the default elements, in a log with the element for TLS."""
    process, user, method, rip, tls, session = match.groups()
    address = plain(rip)
    told = _told_by(session, address)
    return Found(
        entry=entry,
        result=Result.SUCCESS,
        protocol=_PROTOCOLS[f"{process}-login"],
        wire=Wire.TLS if tls == ", TLS" else Wire.CLEARTEXT,
        listener=f"{process}-login",
        session=session,
        mechanism=method,
        user=user,
        ip=address,
        port=None if told is None else told.port,
        began=None if told is None else told.instant,
        times=entry.times,
    )


class _Told(msgspec.Struct, frozen=True):
    """The facts in a session id."""

    instant: datetime
    port: int


def shows_tls(line: str) -> bool:
    """Return whether a line has the element for TLS, or for its absence."""
    process = _LOGIN_PROCESS.search(line)
    login = _parsed(line[process.end() :]) if process is not None else None
    return login is not None and (login.tls or login.is_secured)


TLS_SIGN = (", rip=", shows_tls)


def _parsed(text: str) -> _Login | None:
    proxy = _PROXY.match(text)  # its beginning also contains the client's text
    match = _SAID.match(text, proxy.end() if proxy is not None else 0) or _NAMELESS.match(text)
    if match is None:
        return None
    user = match["user"] if match.re is _SAID else ""
    tls = handshake_failed = False
    version = cipher = session = None
    port = None
    for element in match["elements"].split(", "):
        if element == "TLS" or element.startswith("TLS: ") or element == "TSL":
            tls = True
        elif element.startswith("TLS handshaking"):
            handshake_failed = element.startswith(_HANDSHAKE_FAILED)
        elif found := _CIPHER.match(element):
            version, cipher = found["version"], found["cipher"]
        elif found := _PORT.match(element):
            port = int(found[1])
        elif found := _SESSION.match(element):
            session = found[1]
    return _Login(
        said=match["said"],
        user=user,
        method=match["method"] or None,
        rip=match["rip"],
        is_secured=", secured" in match["elements"],
        is_proxied=proxy is not None or match["said"].startswith(_PROXIED),
        tls=tls,
        handshake_failed=handshake_failed,
        version=version,
        cipher=cipher,
        port=port,
        session=session,
    )


def _told_by(session_id: str | None, address: str | None) -> _Told | None:
    """Split a session id: 48 bits of microseconds, 16 of the port, and the address.

    If the address is not that of the line, a proxy may have forwarded the id: it is ignored.
    """
    if session_id is None:
        return None
    try:
        padded = session_id + "=" * (-len(session_id) % 4)
        octets = binascii.a2b_base64(padded, strict_mode=True)
    except ValueError:
        return None
    if len(octets) not in (12, 24) or of_octets(octets[8:]) != address:
        return None
    return _Told(
        instant=_newest(int.from_bytes(octets[:6], "little")),
        port=int.from_bytes(octets[6:8], "little"),
    )


def _newest(microseconds: int) -> datetime:
    """Return the latest past instant whose microseconds since 1970 end in these 48 bits."""
    latest = time.time_ns() // 1000 + _A_DAY
    cycles = (latest - microseconds) // _CYCLE
    return _EPOCH + timedelta(microseconds=microseconds + cycles * _CYCLE)
