"""What a server records while a test looks, and does by itself after a while."""

import time
from collections.abc import Callable

import msgspec

from mailauth.login.event import Kind, LoginEvent, Protocol, Result
from mailauth.login.hop import Security
from mailauth.record.line import LoginLine
from mailauth.testing import RunningServer


class Login(msgspec.Struct, frozen=True):
    """A login, as its line and its journal record tell it."""

    protocol: Protocol
    user: str
    security: Security
    mechanism: str
    client_name: str | None = None


class Watched:
    """A running server, and what it has recorded since the test began."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self._lines = len(server.lines())
        self._events = len(server.events())

    def port(self, name: str) -> int:
        """Return the port of the listener of that name."""
        return self.server.port(name)

    def logins(self) -> list[LoginLine]:
        """Return what stands in `SuccessfulLogins.log` since then."""
        return self.server.logins()[self._lines :]

    def events(self) -> list[LoginEvent]:
        """Return what stands in the journal since then."""
        return self.server.events()[self._events :]

    def told(self) -> list[Login]:
        """Return the logins since then; each is one line and one record that agree, and no more."""
        attempts = [event for event in self.events() if event.kind is Kind.LOGIN]
        lines = [(one.protocol, one.secure, one.account, one.address) for one in self.logins()]
        assert lines == [(one.protocol, one.secure, one.user, one.ip) for one in attempts]
        return [_login(attempt) for attempt in attempts]


def _login(attempt: LoginEvent) -> Login:
    assert attempt.result is Result.SUCCESS
    assert attempt.secure is (attempt.security is not Security.CLEARTEXT)
    assert (attempt.tls_version is None) is not attempt.secure
    return msgspec.convert(attempt, Login, from_attributes=True)


def eventually(happened: Callable[[], bool]) -> None:
    """Wait for what the server does by itself, once a second."""
    for _ in range(100):
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError("it has not happened")
