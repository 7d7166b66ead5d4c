"""What a login needs, in memory: a manual clock, a readable recorder, accounts and sessions."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime

from mailauth.login.accounts import DEMO_PASSWORD, Account, Accounts
from mailauth.login.admission import Admission
from mailauth.login.authority import Authority
from mailauth.login.blocking import Blocking
from mailauth.login.client import Client
from mailauth.login.event import Attempt, Kind, LoginEvent, Result, Service, event_of
from mailauth.login.hop import Handshake, handshake_completed
from mailauth.login.policy import Cleartext, Policy
from mailauth.login.secrets import PlaintextSecret
from mailauth.login.session import LoginSession
from mailauth.wire.pending import Pending

DEMO_NAMES = ("mary", "charle", "jimmy", "sue", "derek", "michael", "bob")
DEMO_DOMAIN = "mydomain.com"

_PORTS = {Service.SMTP: 2587, Service.IMAP: 2143, Service.POP3: 2110, Service.HTTP: 5272}


class FakeClock:
    """A clock that moves only when it is advanced; calling it returns seconds since the epoch."""

    def __init__(self, start: float = 1_595_952_722.759) -> None:
        self.seconds = start

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Advance the clock."""
        self.seconds += seconds


class MemoryRecorder:
    """A recorder that keeps its records in memory.

    With `failing` set it records nothing, as if the disk were full. With `slow` set its answers are
    pending until `release()`.
    """

    def __init__(self, now: Callable[[], float] | None = None) -> None:
        self.events: list[LoginEvent] = []
        self.failing = False
        self.slow = False
        self._now = now if now is not None else FakeClock()
        self._waiting: list[tuple[Pending[LoginEvent | None], LoginEvent | None]] = []

    @property
    def logins(self) -> list[LoginEvent]:
        """The successful logins, which have a line in `SuccessfulLogins.log`."""
        return [event for event in self.attempts if event.result is Result.SUCCESS]

    @property
    def attempts(self) -> list[LoginEvent]:
        """Every login attempt, whatever its result."""
        return [event for event in self.events if event.kind is Kind.LOGIN]

    @property
    def connections(self) -> list[LoginEvent]:
        """The connections that ended without an attempt."""
        return [event for event in self.events if event.kind is Kind.CONNECTION]

    def record(self, attempt: Attempt) -> LoginEvent | None | Pending[LoginEvent | None]:
        """Keep the attempt as an event with a time and a number."""
        event = None if self.failing else self._keep(attempt)
        if not self.slow:
            return event
        pending: Pending[LoginEvent | None] = Pending()
        self._waiting.append((pending, event))
        return pending

    def release(self) -> None:
        """Deliver the pending answers in order."""
        waiting, self._waiting = self._waiting, []
        for pending, event in waiting:
            pending.resolve(event)

    def _keep(self, attempt: Attempt) -> LoginEvent:
        seq = len(self.events) + 1
        at = attempt.at or datetime.fromtimestamp(self._now(), UTC)
        event = event_of(attempt, seq=seq, id=f"event-{seq}", at=at)
        self.events.append(event)
        return event


def accounts(*more: Account) -> Accounts:
    """The demo accounts, with `mary@mydomain.com` also found as `mary`, and `more`."""
    demo = (
        Account(
            name=f"{name}@{DEMO_DOMAIN}",
            secret=PlaintextSecret(DEMO_PASSWORD.encode()),
            aliases=(name,),
        )
        for name in DEMO_NAMES
    )
    return Accounts([*demo, *more])


def authority(
    recorder: MemoryRecorder | None = None,
    known: Accounts | None = None,
    clock: FakeClock | None = None,
) -> Authority:
    """What sessions share; blocking follows the rules of Xeams, without friendly addresses."""
    clock = clock if clock is not None else FakeClock()
    return Authority(
        accounts=known if known is not None else accounts(),
        recorder=recorder if recorder is not None else MemoryRecorder(clock),
        blocking=Blocking(now=clock),
        nonce=lambda: "3rfcNHYJY1ZVvWVs7j",
        now=lambda: datetime.fromtimestamp(clock(), UTC),
    )


_session_ids = itertools.count(1)


def session_for(
    protocol: Service,
    shared: Authority | None = None,
    *,
    cleartext: Cleartext = Cleartext.ALLOW,
    mechanisms: tuple[str, ...] | None = None,
    ip: str = "192.0.2.7",
    admission: Admission | None = None,
) -> LoginSession:
    """The login state of a new cleartext connection from `ip`."""
    policy = Policy(cleartext=cleartext, mechanisms=mechanisms)
    client = Client(
        protocol=protocol,
        listener=protocol.value.lower(),
        local_port=_PORTS[protocol],
        session=f"session-{next(_session_ids)}",
        ip=ip,
        port=49152,
    )
    return LoginSession(
        client,
        shared if shared is not None else authority(),
        policy=lambda: policy,
        admission=admission,
    )


def shake_hands(session: LoginSession, handshake: Handshake, *, implicit: bool) -> None:
    """Complete a handshake on the connection of a session, as its link does."""
    session.tls_established(handshake_completed(session.hop, handshake, implicit=implicit))
