"""Logs as the server writes them, for tests of what reads them."""

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec

from mailauth.login.event import AccountChange, Kind, LoginEvent, Result, Service
from mailauth.login.hop import Security
from mailauth.record.event_lines import Log, line_of
from mailauth.record.journal import encode
from mailauth.record.line import printed_time

BOB = "bob@mydomain.com"
ZONE = timezone(timedelta(hours=2))
START = datetime(2026, 11, 23, 9, 0, tzinfo=ZONE)

PORTS = {
    ("IMAP", "starttls"): ("imap", 2143),
    ("IMAP", "implicit"): ("imaps", 2993),
    ("POP3", "starttls"): ("pop3", 2110),
    ("POP3", "implicit"): ("pop3s", 2995),
    ("SMTP", "starttls"): ("submission", 2587),
    ("SMTP", "implicit"): ("smtps", 2465),
    ("HTTP", "starttls"): ("http", 5272),
    ("HTTP", "implicit"): ("https", 2443),
}


class Story:
    """A story told into log files: each event a minute after the one before, unless it is said."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.lines = directory / "SuccessfulLogins.log"
        self.journal = directory / "LoginAttempts.jsonl"
        self._sequence: Iterator[int] = itertools.count(1)
        self._now = START
        self.lines.touch()
        self.journal.touch()

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self._now += timedelta(**time)

    def set_clocks_back(self, by: timedelta) -> None:
        """The zone goes back: the same instant has an earlier wall clock."""
        offset = self._now.utcoffset()
        assert offset is not None
        self._now = self._now.astimezone(timezone(offset - by))

    def login(
        self,
        account: str = BOB,
        service: str = "IMAP",
        *,
        secure: bool = False,
        result: Result = Result.SUCCESS,
        **evidence: Any,
    ) -> LoginEvent:
        """Somebody logs in, or tries to; a secure login is by implicit TLS."""
        listener, port = PORTS[service, "implicit" if secure else "starttls"]
        facts: dict[str, Any] = {
            "listener": listener,
            "local_port": port,
            "security": Security.IMPLICIT if secure else Security.CLEARTEXT,
            "mechanism": "PLAIN",
            "ip": "10.11.12.102",
            "origin": "LAN",
            "exposed": not secure,
        }
        return self.event(
            Kind.LOGIN,
            user=account,
            authcid=account,
            protocol=Service(service),
            secure=secure,
            result=result,
            **(facts | evidence),
        )

    def account(self, account: str, change: AccountChange) -> LoginEvent:
        """Something becomes of an account."""
        return self.event(Kind.ACCOUNT, user=account, reason=change.value)

    def event(self, kind: Kind, *, line: bool = True, **facts: Any) -> LoginEvent:
        """Write a record, and a line where it has one and `line` does not forbid it."""
        number = next(self._sequence)
        record = dict.fromkeys(LoginEvent.__struct_fields__) | {
            "v": 1,
            "seq": number,
            "id": f"id{number}",
            "at": self._now,
            "kind": kind,
            "session": f"session{number}",
            "count": 1,
        }
        event = msgspec.convert(record | facts, LoginEvent)
        with self.journal.open("ab") as journal:
            journal.write(encode(event))
        if line and event.result is Result.SUCCESS:
            with self.lines.open("a", encoding="utf-8") as lines:
                lines.write(line_of(event, Log.SUCCESSES, printed_time(event.at)) + "\n")
        self._now += timedelta(minutes=1)
        return event
