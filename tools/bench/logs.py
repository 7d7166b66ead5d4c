"""Logs to measure with: as many logins as are asked for, of a thousand accounts in thirty days."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from mailauth.login.event import Kind, LoginEvent, Result, Service
from mailauth.login.hop import Security
from mailauth.record.journal import encode

ACCOUNTS = 1000
OPEN, FIXED = 7, 5  # accounts that log in in the clear to the end, and until halfway
_BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
_SPAN = timedelta(days=30)
_WHERE = (("10.1.2.3", "LAN", None), ("91.12.13.14", "Germany", "DE"), ("8.8.4.4", "France", "FR"))
_SERVICES = (Service.IMAP, Service.IMAP, Service.IMAP, Service.SMTP, Service.POP3)
_CLIENTS = ("Thunderbird", "K-9 Mail", "mutt", None)
_SECOND = timedelta(seconds=1)


class Written(msgspec.Struct):
    """The contents of the logs: the expected answers."""

    logins: int = 0
    unsecure: int = 0


def write_lines(path: Path, logins: int) -> Written:
    """Write SuccessfulLogins.log only."""
    written = Written()
    with path.open("w", encoding="utf-8") as lines:
        lines.writelines(line for line, _ in _logins(logins, written))
    return written


def write_logs(directory: Path, logins: int) -> Written:
    """Write both logs, as a server leaves them."""
    directory.mkdir(parents=True, exist_ok=True)
    written = Written()
    with (
        (directory / "SuccessfulLogins.log").open("w", encoding="utf-8") as lines,
        (directory / "LoginAttempts.jsonl").open("wb") as journal,
    ):
        for line, event in _logins(logins, written):
            lines.write(line)
            journal.write(encode(event()))
    return written


def _logins(logins: int, written: Written) -> Iterator[tuple[str, "Event"]]:
    step = _SPAN / logins
    cycle = itertools.cycle(range(ACCOUNTS))
    second, printed = _BEGIN - _SECOND, ""
    for number, account in zip(range(logins), cycle, strict=False):
        at = _BEGIN + number * step
        if at - second >= _SECOND:
            second = at.replace(microsecond=0)
            printed = f"{second:%Y-%m-%d %H:%M:%S}"
        unsecure = account < OPEN or (account < OPEN + FIXED and number < logins // 2)
        written.logins += 1
        written.unsecure += unsecure
        event = Event(number, at, account, secure=not unsecure)
        yield (
            f"{printed},{at.microsecond // 1000:03d} - [{event.service.value}]"
            f" {{{'UNSECURE' if unsecure else 'SECURE'}}} - user{account}@mydomain.com"
            f" - {event.where[0]} ({event.where[1]})\n",
            event,
        )


class Event:
    """One login; called, it is its record."""

    def __init__(self, number: int, at: datetime, account: int, *, secure: bool) -> None:
        self.service = _SERVICES[account % len(_SERVICES)]
        self.where = _WHERE[account % len(_WHERE)]
        self._number = number
        self._at = at
        self._account = account
        self._secure = secure

    def __call__(self) -> LoginEvent:
        """Make the record."""
        name, number, secure = f"user{self._account}@mydomain.com", self._number, self._secure
        return LoginEvent(
            v=1,
            seq=number + 1,
            id=f"bench-{number}",
            at=self._at,
            kind=Kind.LOGIN,
            result=Result.SUCCESS,
            reason=None,
            protocol=self.service,
            listener=self.service.value.lower() + ("s" if secure else ""),
            local_port=2993 if secure else 2143,
            session=f"session-{number}",
            secure=secure,
            security=Security.IMPLICIT if secure else Security.CLEARTEXT,
            tls_version="TLSv1.3" if secure else None,
            tls_cipher="TLS_AES_256_GCM_SHA384" if secure else None,
            tls_sni="localhost" if secure else None,
            tls_alpn=None,
            mechanism="PLAIN",
            user=name,
            authcid=name,
            authzid=None,
            ip=self.where[0],
            port=49152,
            peer=None,
            origin=self.where[1],
            country=self.where[2],
            exposed=not secure,
            client_name=_CLIENTS[self._account % len(_CLIENTS)],
            client_version="1.0",
        )
