"""Courier's imapd, pop3d and their -ssl: `LOGIN, user=…, ip=[…], port=[…]`.

Since 5.2.6, the line of a login has `starttls=1` or `stls=1`. In earlier versions only the last
line of the session has it, which is found by program, address and port. A failed login does not say
whether TLS was used.
"""

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

MARKS = ("LOGIN", "LOGOUT,", "TIMEOUT,", "DISCONNECTED,", "Disconnected,", "error,relay=")
PROGRAMS = re.compile(r"imapd|imapd-ssl|pop3d|pop3d-ssl|courieresmtpd|courieresmtpd-ssl")

_CLIENT = r"ip=\[(?P<ip>[0-9a-fA-F.:]+)\], port=\[(?P<port>\d{1,5})\]"
_LOGIN = re.compile(rf"LOGIN, user=(?P<user>.*), {_CLIENT}(?P<rest>.*)\Z", re.DOTALL)
_FAILED = re.compile(
    rf"LOGIN FAILED, (?:user=(?P<user>.*)|method=(?P<method>[A-Z0-9-]+)), {_CLIENT}", re.DOTALL
)
_ENDED = re.compile(
    rf"(?:LOGOUT|TIMEOUT|DISCONNECTED|Disconnected),.*? {_CLIENT}(?P<rest>[^\[\]]*)\Z", re.DOTALL
)
_TLS = re.compile(r", (?:starttls|stls)=1(?=,|\Z)")
_SMTP_FAILED = re.compile(
    r'error,relay=(?P<ip>[0-9a-fA-F.:]+),(?:port=(?P<port>\d{1,5}),)?msg="535 [^"]*"'
    r",cmd: (?i:AUTH) (?P<method>[A-Za-z0-9-]+)(?: (?P<initial>\S+))?"
)
_OPEN = 50_000


class CourierReader:
    """Reads the lines of Courier's servers."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.shown: set[str] = set()
        self._open: Undecided[Found] = Undecided(_OPEN)  # logins whose session has not ended
        self.undecided = (self._open,)

    def feed(self, entry: Entry) -> Iterable[Found]:
        """Read a line."""
        message = entry.message
        if message.startswith("LOGIN, "):
            return self._logged_in(entry, _LOGIN.match(message))
        if message.startswith("LOGIN FAILED, "):
            return self._failed(entry, _FAILED.match(message))
        if message.startswith(("LOGOUT,", "TIMEOUT,", "DISCONNECTED,", "Disconnected,")):
            return self._ended(entry, _ENDED.match(message))
        if message.startswith("error,relay=") and (failed := _SMTP_FAILED.match(message)):
            return self._smtp_failed(entry, failed)
        return ()

    def finish(self, before: int | None = None) -> Iterable[Found]:
        """Return logins whose session has not ended; whether they used TLS is unknown."""
        return [found for _, found in self._open.before(before)]

    def _logged_in(self, entry: Entry, match: re.Match[str] | None) -> Iterator[Found]:
        if match is None:
            self.tally.not_understood += 1
            return
        if entry.program.endswith("-ssl"):
            wire = Wire.IMPLICIT
        elif _TLS.search(match["rest"]):
            wire = Wire.STARTTLS
        else:
            wire = Wire.UNKNOWN
        found = _found(entry, Result.SUCCESS, match, wire, user=match["user"])
        if wire is not Wire.UNKNOWN:
            yield found
            return
        key = _client(entry, match)
        for given_up in (self._open.pop(key), self._open.put(key, found)):
            if given_up is not None:
                yield given_up

    def _ended(self, entry: Entry, match: re.Match[str] | None) -> Iterator[Found]:
        found = self._open.pop(_client(entry, match)) if match is not None else None
        if found is None or match is None:
            return
        wire = Wire.STARTTLS if _TLS.search(match["rest"]) else Wire.CLEARTEXT
        yield msgspec.structs.replace(found, wire=wire)

    def _failed(self, entry: Entry, match: re.Match[str] | None) -> Iterator[Found]:
        if match is None:
            self.tally.not_understood += 1
            return
        wire = Wire.IMPLICIT if entry.program.endswith("-ssl") else Wire.UNKNOWN
        yield _found(
            entry,
            Result.BAD_CREDENTIALS,
            match,
            wire,
            user=match["user"],
            mechanism=match["method"],
        )

    def _smtp_failed(self, entry: Entry, match: re.Match[str]) -> Iterator[Found]:
        method, initial = match["method"].upper(), match["initial"]
        self.tally.passwords += method == "PLAIN" and bool(initial)
        yield _found(
            entry,
            Result.BAD_CREDENTIALS,
            match,
            Wire.IMPLICIT if entry.program.endswith("-ssl") else Wire.UNKNOWN,
            user=name_in(method, initial),
            mechanism=method,
        )


def _found(
    entry: Entry,
    result: Result,
    match: re.Match[str],
    wire: Wire,
    *,
    user: str | None,
    mechanism: str | None = None,
) -> Found:
    program = entry.program
    if program.startswith("imapd"):
        protocol = Service.IMAP
    else:
        protocol = Service.POP3 if program.startswith("pop3d") else Service.SMTP
    return Found(
        entry=entry,
        result=result,
        protocol=protocol,
        wire=wire,
        listener=program,
        mechanism=mechanism,
        user=user or None,
        ip=plain(match["ip"]),
        port=int(match["port"]) if match["port"] else None,
        times=entry.times,
    )


def _client(entry: Entry, match: re.Match[str]) -> str:
    return f"{entry.host}/{entry.program}/{match['ip']}/{match['port']}"
