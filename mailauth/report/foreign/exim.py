"""Exim's main and reject logs: a line has the account, the address and TLS (Exim manual §53).

`P=esmtpsa` is a login with TLS, `P=esmtpa` one without. `A=` is an authenticator's name, which the
administrator chose, and the account that it set. A login without a mail is logged only with
`+smtp_no_mail`; one refused before TLS only with `+smtp_protocol_error`, including the password.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Any

from mailauth.login.event import Result, Service
from mailauth.report.foreign.addresses import plain
from mailauth.report.foreign.envelope import Entry
from mailauth.report.foreign.found import Found, Tally
from mailauth.report.foreign.undecided import Undecided
from mailauth.report.foreign.verdict import Wire, tls_at

MARKS = (
    " <= ",
    "no MAIL in SMTP ",
    " authenticator failed for ",
    "SMTP protocol error in ",
)
PROGRAMS = re.compile(r"exim4?|")  # its own files have no tag

_OWN_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})? ")
_PID = re.compile(r"\[\d+\] ")
_ADDRESS = r"\[(?P<ip>[0-9a-fA-F.:]+)\](?::(?P<port>\d{1,5}))?"
# The client's own name is in parentheses, or after the name of its address.
_HOST = rf"(?:[^\s()\[\]]+ )?(?:\((?P<helo>[^()\s]*)\) )?{_ADDRESS}"
_INTERFACE = re.compile(r" I=\[[0-9a-fA-F.:]+\]:(\d{1,5})(?= |\Z)")
_SENDER = r'(?:<>|(?:"(?:[^"\\]|\\.)*"|[^\s"])+)'  # a quoted local part may contain anything
_ARRIVED = re.compile(
    rf"[0-9A-Za-z]+-[0-9A-Za-z]+-[0-9A-Za-z]+ <= {_SENDER} H={_HOST}(?P<rest>.*)\Z", re.DOTALL
)
_PROTOCOL = re.compile(
    r"(?: I=\[[0-9a-fA-F.:]+\]:\d{1,5})?(?: (?!U=|P=)[A-Z][A-Za-z0-9]*(?:=\S*)?)*"
    r" P=e?s?smtp(?P<tls>s)?a(?= |\Z)"
)
_ACCOUNT = re.compile(r" A=(?P<name>[^\s:=]+)(?::(?P<user>.*?))?(?= S=\d|\Z)", re.DOTALL)
_NO_MAIL = re.compile(
    rf"no MAIL in SMTP connection from {_HOST}(?P<rest>.*?)"
    r" A=(?P<name>[^\s:=]+)(?::(?P<user>.*?))?(?P<tls> X=\S+ CV=\S+.*)? C=(?P<commands>[A-Z,]+)\Z",
    re.DOTALL,
)
_CIPHER = re.compile(r" X=(?P<version>TLS1(?:\.\d)?|TLSv1(?:\.\d)?):(?P<cipher>[A-Za-z0-9_-]+)")
_FAILED = re.compile(
    rf"(?P<name>\S+) authenticator failed for {_HOST}(?P<rest>.*?)"
    r": (?P<code>\d{3}) (?P<why>.*)\Z",
    re.DOTALL,
)
_SET_ID = re.compile(r"\(set_id=([^()]*)\)\Z")
_REFUSED = re.compile(  # the command is the client's: the last H= counts
    rf'SMTP protocol error in "(?P<command>.*)" H={_HOST}(?P<rest>(?: I=\S+)?)'
    r" AUTH command used when not advertised\Z",
    re.DOTALL,
)
_AUTH = re.compile(r"(?i:AUTH) (?P<method>[A-Za-z0-9-]+)(?: (?P<initial>\S*))?")
_IMPLICIT_PORT = 465
_METHOD_OF_NAME = (("plain", "PLAIN"), ("login", "LOGIN"), ("cram", "CRAM-MD5"))


class EximReader:
    """Reads the lines of Exim's logs."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.shown: set[str] = set()
        self.undecided: tuple[Undecided[Any], ...] = ()

    def feed(self, entry: Entry) -> Iterable[Found]:
        """Read a line."""
        message = entry.message
        if own := _OWN_STAMP.match(message):
            message = message[own.end() :]
        if pid := _PID.match(message):
            message = message[pid.end() :]
        if " <= " in message[:40]:
            return self._mailed(entry, _ARRIVED.match(message))
        if message.startswith("no MAIL in SMTP "):
            return self._left(entry, _NO_MAIL.match(message))
        if " authenticator failed for " in message:
            return self._failed(entry, _FAILED.match(message))
        if message.startswith('SMTP protocol error in "'):
            return self._refused(entry, _REFUSED.match(message))
        return ()

    def finish(self, before: int | None = None) -> Iterable[Found]:
        """Return nothing, since nothing stays undecided."""
        return ()

    def _mailed(self, entry: Entry, match: re.Match[str] | None) -> Iterator[Found]:
        """Read the line of a mail: its protocol shows a login, and is before the client's text.

        After it, a subject, SNI or certificate may look like an account; then no account is named.
        """
        protocol = _PROTOCOL.match(match["rest"]) if match is not None else None
        if match is None or protocol is None:
            self.tally.not_understood += " P=esmtpa " in entry.message and match is None
            return
        accounts = list(_ACCOUNT.finditer(match["rest"], protocol.end()))
        account = accounts[0] if len(accounts) == 1 else None
        port = _port(match["rest"][: protocol.end()])
        wire = tls_at(port) if protocol["tls"] else Wire.CLEARTEXT
        cipher = _CIPHER.match(match["rest"], protocol.end())
        yield self._logged_in(entry, match, account, wire, port, cipher)

    def _left(self, entry: Entry, match: re.Match[str] | None) -> Iterator[Found]:
        """Read the line of a session without a mail: its commands show how TLS began.

        The account's name is before the TLS field and may look like it. So TLS counts only if
        STARTTLS was among the commands, or the port has implicit TLS.
        """
        if match is None:
            self.tally.not_understood += " A=" in entry.message and " C=" in entry.message
            return
        port = _port(match["rest"])
        if match["tls"] is None:
            wire = Wire.CLEARTEXT
        elif "STARTTLS" in match["commands"].split(","):
            wire = Wire.STARTTLS
        else:
            wire = Wire.IMPLICIT if port == _IMPLICIT_PORT else Wire.UNKNOWN
        cipher = _CIPHER.match(match["tls"]) if match["tls"] and wire is not Wire.UNKNOWN else None
        yield self._logged_in(entry, match, match, wire, port, cipher)

    def _logged_in(
        self,
        entry: Entry,
        match: re.Match[str],
        account: re.Match[str] | None,
        wire: Wire,
        port: int | None,
        cipher: re.Match[str] | None,
    ) -> Found:
        user = account["user"] if account is not None else None
        if user is None:
            self.tally.nameless += 1
            self.tally.nameless_cleartext += wire is Wire.CLEARTEXT
            self.tally.nameless_unknown += wire is Wire.UNKNOWN
        return self._found(
            entry,
            match,
            Result.SUCCESS,
            wire,
            port,
            user=user,
            mechanism=_mechanism(account["name"]) if account is not None else None,
            version=cipher["version"] if cipher else None,
            cipher=cipher["cipher"] if cipher else None,
        )

    def _failed(self, entry: Entry, match: re.Match[str] | None) -> Iterator[Found]:
        if match is None:
            self.tally.not_understood += 1
            return
        port = _port(match["rest"])
        set_id = _SET_ID.search(match["why"])
        is_temporary = match["code"].startswith("4")
        yield self._found(
            entry,
            match,
            Result.UNAVAILABLE if is_temporary else Result.BAD_CREDENTIALS,
            Wire.IMPLICIT if port == _IMPLICIT_PORT else Wire.UNKNOWN,
            port,
            user=set_id[1] if set_id else None,
            mechanism=_mechanism(match["name"]),
        )

    def _refused(self, entry: Entry, match: re.Match[str] | None) -> Iterator[Found]:
        command = _AUTH.match(match["command"]) if match is not None else None
        if match is None or command is None:
            return
        method, initial = command["method"].upper(), command["initial"]
        self.tally.passwords += method == "PLAIN" and bool(initial)
        yield self._found(
            entry,
            match,
            Result.CLEARTEXT_REFUSED,
            Wire.CLEARTEXT,
            _port(match["rest"]),
            user=name_in(method, initial),
            mechanism=method,
        )

    def _found(
        self,
        entry: Entry,
        match: re.Match[str],
        result: Result,
        wire: Wire,
        local_port: int | None,
        *,
        user: str | None,
        mechanism: str | None,
        version: str | None = None,
        cipher: str | None = None,
    ) -> Found:
        return Found(
            entry=entry,
            result=result,
            protocol=Service.SMTP,
            wire=wire,
            listener="exim",
            local_port=local_port,
            tls_version=version,
            tls_cipher=cipher,
            mechanism=mechanism,
            user=user,
            ip=plain(match["ip"]),
            port=int(match["port"]) if match["port"] else None,
            client_name=match["helo"] or None,
            times=entry.times,
        )


def name_in(method: str, initial: str | None) -> str | None:
    """Return the account's name in an initial response, and nothing else of it."""
    if not initial:
        return None
    try:
        octets = base64.b64decode(initial, validate=True)
    except (binascii.Error, ValueError):
        return None
    if method == "LOGIN":
        return octets.decode("utf-8", "surrogateescape") or None
    parts = octets.split(b"\0")
    if method != "PLAIN" or len(parts) != 3:
        return None
    return parts[1].decode("utf-8", "surrogateescape") or None


def _mechanism(authenticator: str) -> str | None:
    """Return the mechanism for an authenticator with one of the usual names."""
    lower = authenticator.lower()
    return next((method for part, method in _METHOD_OF_NAME if part in lower), None)


def _port(rest: str) -> int | None:
    interface = _INTERFACE.search(rest)
    return int(interface[1]) if interface else None
