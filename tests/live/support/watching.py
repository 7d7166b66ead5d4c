"""What a server records while a test looks, and does by itself after a while."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from mailauth.login.event import Kind, LoginEvent, Result, Service
from mailauth.login.hop import Security
from mailauth.record.line import LoginLine
from mailauth.testing import RunningServer
from tests.live.support.ways import HOST, PASSWORD, Access, Way

CHALLENGED = ("APOP", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS")


class Login(msgspec.Struct, frozen=True):
    """A login, as its line and its journal record tell it."""

    protocol: Service
    user: str
    security: Security
    mechanism: str
    client_name: str | None = None


class Watched:
    """A running server, and what it has recorded since the test began."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.watch()

    def watch(self) -> None:
        """Look from now on."""
        self._lines = len(self.server.lines())
        self._events = len(self.server.events())

    def port(self, name: str) -> int:
        """Return the port of the listener of that name."""
        return self.server.port(name)

    def access(self, way: Way, home: Path, name: str, password: str = PASSWORD) -> Access:
        """Return what to set in a client."""
        assert self.server.ready.ca is not None
        ca = self.server.home / self.server.ready.ca
        return Access(way, self.port(way.listener), ca, home, name, password)

    def logins(self) -> list[LoginLine]:
        """Return what stands in `SuccessfulLogins.log` since then."""
        return self.server.logins()[self._lines :]

    def events(self, *kinds: Kind) -> list[LoginEvent]:
        """Return what stands in the journal since then, or what it has of some kinds."""
        events = self.server.events()[self._events :]
        return [event for event in events if not kinds or event.kind in kinds]

    # What has to stand there, whatever else a test looks for.

    def told(self) -> list[Login]:
        """Return the logins since then; each is one line and one record that agree, and no more."""
        return [
            self._told(line, attempt)
            for line, attempt in zip(self.logins(), self.events(Kind.LOGIN), strict=True)
        ]

    def _told(self, line: LoginLine, attempt: LoginEvent) -> Login:
        at = attempt.at.replace(tzinfo=None)
        assert line.time == at.replace(microsecond=at.microsecond // 1000 * 1000)
        assert (line.protocol, line.secure) == (attempt.protocol, attempt.secure)
        assert (line.account, line.address) == (attempt.user, attempt.ip)
        assert (line.address, line.origin) == ("127.0.0.1", "LAN")
        assert (attempt.origin, attempt.country, attempt.peer) == ("LAN", None, None)
        assert attempt.result is Result.SUCCESS
        assert attempt.secure is (attempt.security is not Security.CLEARTEXT)
        assert attempt.exposed is (not attempt.secure and attempt.mechanism not in CHALLENGED)
        assert attempt.tls_version == ("TLSv1.3" if attempt.secure else None)
        assert attempt.tls_sni == (HOST if attempt.secure else None)
        assert attempt.listener is not None
        assert attempt.local_port == self.port(attempt.listener)
        return msgspec.convert(attempt, Login, from_attributes=True)

    def the_logins(self, name: str, *ways: Way) -> list[LoginEvent]:
        """Return the records of the logins that there were, one by each way in this order.

        Clients may name themselves; nothing else may have happened.
        """
        told = [(one.protocol, one.user, one.security) for one in self.told()]
        assert told == [(way.protocol, name, way.security) for way in ways]
        records = self.events(Kind.LOGIN)
        assert [record.listener for record in records] == [way.listener for way in ways]
        assert self.events() == self.events(Kind.LOGIN, Kind.CLIENT)
        return records

    def the_login(self, way: Way, name: str) -> LoginEvent:
        """Return the record of the one login that there was, having held it and its line to it."""
        (record,) = self.the_logins(name, way)
        return record

    def client_of(self, login: LoginEvent) -> tuple[str | None, str | None]:
        """Return the name and the version that the client of a login has told, if it has."""
        told = [event for event in self.events() if event.session == login.session][-1]
        return told.client_name, told.client_version

    def the_refusal(self, way: Way) -> LoginEvent:
        """Return the record of the one attempt that there was, having held it to being refused."""
        assert self.logins() == []
        (event,) = self.events()
        assert event.result is Result.BAD_CREDENTIALS
        assert (event.listener, event.security) == (way.listener, way.security)
        assert event.secure is way.secure
        return event


def eventually(happened: Callable[[], bool]) -> None:
    """Wait for what the server does by itself, once a second."""
    for _ in range(100):
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError("it has not happened")
