"""What the tests of the record share: a clock that is set, known places, attempts, a recorder."""

from collections.abc import Callable
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Protocol as Interface
from typing import TypeVar

import msgspec

from mailauth.config import LogConfig
from mailauth.login.event import Attempt, ConnectionFacts, Kind, LoginEvent, Result, Service
from mailauth.login.hop import Security
from mailauth.origin import Origin
from mailauth.record.group_commit import Threads
from mailauth.record.journal import Unreadable, read
from mailauth.record.recorder import FileRecorder, open_recorder
from mailauth.record.shared import SharedState
from mailauth.wire.pending import Pending

ATTEMPTS = "LoginAttempts.jsonl"
SUCCESSES = "SuccessfulLogins.log"
FAILURES = "InvalidPasswordAttempts.log"

NOON = 1_595_937_600.0  # 2020-07-28 12:00:00 UTC

BOB = Attempt(
    kind=Kind.LOGIN,
    result=Result.SUCCESS,
    mechanism="IMAP-LOGIN",
    user="bob@mydomain.com",
    authcid="bob@mydomain.com",
    exposed=True,
    connection=ConnectionFacts(
        protocol=Service.IMAP,
        listener="imap",
        local_port=2143,
        session="s1",
        secure=False,
        security=Security.CLEARTEXT,
        ip="10.11.12.102",
        port=50123,
    ),
)
WRONG = msgspec.structs.replace(
    BOB, result=Result.BAD_CREDENTIALS, reason="wrong password", exposed=False
)
HANDSHAKE = Attempt(
    kind=Kind.CONNECTION,
    reason="tls-handshake-failed",
    connection=ConnectionFacts(
        protocol=Service.IMAP,
        listener="imaps",
        local_port=2993,
        session="s2",
        ip="75.76.77.78",
        port=50124,
    ),
)


class Closable(Interface):
    """What is closed after a test."""

    def close(self) -> None:
        """Close it."""


T = TypeVar("T", bound=Closable)

OPENED: list[Closable] = []


class Clock:
    """A wall clock that stands until it is set."""

    def __init__(self, seconds: float = NOON) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


class Places:
    """Ten-networks are LAN, 75 is the United States, the rest is unknown."""

    def origin(self, ip: str) -> Origin:
        """Look the address up."""
        if ip.startswith("10."):
            return Origin("LAN")
        if ip.startswith("75."):
            return Origin("United States", "US")
        return Origin("Unknown")


class Heard:
    """A sink that keeps what it hears."""

    def __init__(self) -> None:
        self.events: list[LoginEvent] = []

    def publish(self, event: LoginEvent) -> None:
        """Keep the event."""
        self.events.append(event)


class Hands:
    """A second thread that works when it is told to; meanwhile the reactor's has gone on."""

    def __init__(self) -> None:
        self.work: list[Callable[[], object]] = []
        self.threads = Threads(self.work.append, lambda done: done(), self.work.append)

    def finish(self) -> None:
        """Do what there is to do, and what comes of it."""
        while self.work:
            self.work.pop(0)()


def opened(
    directory: Path,
    clock: Callable[[], float] | None = None,
    *,
    zone: tzinfo | None = UTC,
    settings: LogConfig | None = None,
    hands: Hands | None = None,
    shared: SharedState | None = None,
) -> FileRecorder:
    """Open a recorder as a server does; it is closed when the test is over."""
    return closed_later(
        open_recorder(
            directory,
            settings or LogConfig(),
            origins=Places(),
            zone=zone,
            now=clock or Clock(),
            threads=(hands or Hands()).threads,
            shared=shared,
        )
    )


def closed_later(thing: T) -> T:
    """Have something closed when the test is over."""
    OPENED.append(thing)
    return thing


def event_of(recorded: LoginEvent | None | Pending[LoginEvent | None]) -> LoginEvent:
    """Return the event of what was recorded at once."""
    assert isinstance(recorded, LoginEvent)
    return recorded


def login(name: str) -> Attempt:
    """A successful login of somebody."""
    return msgspec.structs.replace(BOB, user=name, authcid=name)


def lines(directory: Path, name: str = SUCCESSES) -> list[str]:
    """Read the lines of a log, each of which must have ended."""
    text = (directory / name).read_text("utf-8")
    assert text == "" or text.endswith("\n")
    return text.splitlines()


def names(directory: Path) -> list[str]:
    """Read who logged in, in order."""
    return [line.split(" - ")[2] for line in lines(directory)]


def journal(directory: Path, name: str = ATTEMPTS) -> list[LoginEvent]:
    """Read a journal, every line of which must be readable."""
    records = list(read((directory / name).read_bytes().splitlines(keepends=True)))
    events = [record for record in records if not isinstance(record, Unreadable)]
    assert len(events) == len(records), records
    return events


def assert_agreement(directory: Path) -> None:
    """The journal's successes are the lines, one by one."""
    successes = [event.user for event in journal(directory) if event.result is Result.SUCCESS]
    assert successes == names(directory)
