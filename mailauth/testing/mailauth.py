"""mailauth for other people's tests: a server of one's own, and assertions on what it records.

    with MailAuth() as mailauth:
        my_client.log_in("localhost", mailauth.port("imap", tls="starttls"), *mailauth.user())
        assert mailauth.login().secure
        mailauth.assert_no_exposure()

What is asserted is what was recorded since the start, or since the last `reset()`. Nothing here
sleeps: where something is waited for, the server tells when it comes.
"""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, NoReturn, Self, TypeVar

from mailauth.config import Config, ConfigError, load
from mailauth.login.event import Kind, LoginEvent
from mailauth.testing.api import Api
from mailauth.testing.recorded import Wanted, is_login, listed, protocol_named
from mailauth.testing.running import Listening, RunningServer
from mailauth.testing.temporary_home import TemporaryHome

T = TypeVar("T")

TIMEOUT = 10.0  # seconds to wait for what should come


class User(NamedTuple):
    """An account, and the password that opens it."""

    name: str
    password: str

    def __repr__(self) -> str:
        return f"User(name={self.name!r})"


class ServerEnded(Exception):
    """The server does not run any more; the message is what it said on stderr."""


class MailAuth:
    """A mailauth server in a process of its own, on free ports and in a temporary home.

    It ends with the process that started it, also where that is killed; the home that is left then
    is removed when the next one is made.

    `config` is the text of a `mailauth.toml`; without one there are the demo accounts. It must have
    an HTTP listener, by which this object asks the server. Starting raises `ConfigError` or
    `testing.NotStarted`. One object is for one thread.
    """

    host = "localhost"

    def __init__(self, config: str = "") -> None:
        self._text = config
        self._home: TemporaryHome
        self._server: RunningServer
        self._config: Config
        self._api: Api
        self._cursor = 0  # of the last record that belongs to the past
        self._read_to = 0
        self._resets = 0
        self._events: list[LoginEvent] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server, and return when it listens."""
        self._home = TemporaryHome()
        try:
            self._start(self._home.path)
        except BaseException:
            self._home.remove()
            raise

    def stop(self) -> None:
        """Stop the server and remove its home; raises `ServerEnded` if it did not end well."""
        self._api.close()
        try:
            code = self._server.stop() if self._runs else self._server.process.returncode
            if code != 0:
                raise ServerEnded(self._last_words())
        finally:
            self._home.remove()

    def reset(self) -> None:
        """Begin anew: what was recorded until now is past, and blocks and faults are cleared."""
        self._cursor = self._read_to = self._asked(self._api.reset)
        self._resets += 1
        self._events.clear()

    # Where it is, whom to trust, and who can log in.

    @property
    def home(self) -> Path:
        """The directory in which its `logs/` and `certs/` are."""
        return self._server.home

    @property
    def ca(self) -> Path:
        """The CA that clients must trust, in PEM."""
        assert self._server.ready.ca is not None, "no listener of this server speaks TLS"
        return self.home / self._server.ready.ca

    @property
    def listeners(self) -> list[Listening]:
        """All listeners: `name`, `protocol`, `tls`, `host` and `port` of each."""
        return self._server.ready.listeners

    def ssl_context(self) -> ssl.SSLContext:
        """Make a client's context that trusts the server's CA."""
        return ssl.create_default_context(cafile=self.ca)

    def port(self, service: str, tls: str | None = None) -> int:
        """Return the port of a protocol, or of a listener by its name, in any letter case.

        `tls` is "none", "starttls" or "implicit". A STARTTLS listener also takes logins in the
        clear, and stands for "none" where there is no other. Raises `LookupError`.
        """
        matching = [
            each
            for each in self.listeners
            if service.lower() in (each.protocol.lower(), each.name.lower())
        ]
        for mode in [tls] if tls != "none" else ["none", "starttls"]:
            for each in matching:
                if mode is None or each.tls == mode:
                    return each.port
        known = ", ".join(f"{each.name} ({each.protocol}, {each.tls})" for each in self.listeners)
        what = service if tls is None else f"{service} with tls {tls}"
        raise LookupError(f"no listener for {what}; there are {known}")

    def user(self, name: str | None = None) -> User:
        """Return an account of the configuration by its name or the part before the `@`.

        Without a name it is the first that is not disabled. Raises `LookupError`.
        """
        for each in self._config.user:
            if name is None and not each.disabled:
                return User(each.name, each.password)
            if name is not None and name.lower() in (each.name.lower(), _local_part(each.name)):
                return User(each.name, each.password)
        known = ", ".join(each.name for each in self._config.user) or "none"
        raise LookupError(f"no [[user]] {name or ''}; there are {known}")

    @contextmanager
    def fault(self, listener: str, name: str) -> Iterator[None]:
        """Have a listener do something wrong on purpose, until the block ends.

        The faults are those of `mailauth.faults`, of clients that connect meanwhile; a listener can
        have several that do not contradict each other. Afterwards it does what it did before,
        unless a `reset()` has come between. Raises `LookupError` for a listener that is not there,
        and `testing.ApiError` for a fault that the listener cannot have now.
        """
        where, resets = self._named(listener).name, self._resets
        is_new = name not in self._asked(lambda: self._api.faults(where))
        self._asked(lambda: self._api.add_fault(where, name))
        try:
            yield
        finally:
            if is_new and resets == self._resets:
                self._asked(lambda: self._api.end_fault(where, name))

    # What it has recorded.

    def logins(
        self, user: str | None = None, protocol: str | None = None, secure: bool | None = None
    ) -> list[LoginEvent]:
        """Return the logins that succeeded. A client that was told OK has its login here."""
        wanted = _wanted(user, protocol, secure)
        return [each for each in self._recorded() if is_login(each) and wanted.wants(each)]

    def attempts(
        self, user: str | None = None, protocol: str | None = None, secure: bool | None = None
    ) -> list[LoginEvent]:
        """Return everything that happened to a credential, logins that succeeded among it."""
        wanted = _wanted(user, protocol, secure)
        return [each for each in self._recorded() if each.kind is Kind.LOGIN and wanted.wants(each)]

    def connections(self, protocol: str | None = None) -> list[LoginEvent]:
        """Return the connections that ended without a login attempt, with their `reason`."""
        wanted = _wanted(None, protocol, None)
        return [
            each for each in self._recorded() if each.kind is Kind.CONNECTION and wanted.wants(each)
        ]

    def records(self) -> list[LoginEvent]:
        """Return everything that was recorded, logins and whatever else."""
        return list(self._recorded())

    def wait_for_record(self, timeout: float) -> bool:
        """Wait for anything at all to be recorded; say whether something was."""
        return self._read_on(timeout)

    def login(self, timeout: float = TIMEOUT) -> LoginEvent:
        """Return the one login that succeeded; wait for it, and fail if there are more."""
        __tracebackhide__ = True
        event = self.wait_for_login(timeout=timeout)
        if len(self.logins()) > 1:
            self._fail(f"{len(self.logins())} logins, expected exactly one")
        return event

    def wait_for_login(
        self,
        user: str | None = None,
        protocol: str | None = None,
        secure: bool | None = None,
        timeout: float = TIMEOUT,
    ) -> LoginEvent:
        """Return the first login that succeeded and is like this, as soon as there is one."""
        __tracebackhide__ = True
        wanted = _wanted(user, protocol, secure)
        return self._awaited(
            lambda each: is_login(each) and wanted.wants(each), str(wanted), timeout
        )

    def wait_for_attempt(
        self,
        user: str | None = None,
        protocol: str | None = None,
        secure: bool | None = None,
        timeout: float = TIMEOUT,
    ) -> LoginEvent:
        """Return the first attempt that is like this, whatever came of it."""
        __tracebackhide__ = True
        wanted = _wanted(user, protocol, secure)
        return self._awaited(
            lambda each: each.kind is Kind.LOGIN and wanted.wants(each),
            f"attempted {wanted}",
            timeout,
        )

    def wait_for_connection(
        self, reason: str = "", protocol: str | None = None, timeout: float = TIMEOUT
    ) -> LoginEvent:
        """Return the first connection that ended without an attempt and has this in its reason.

        A client that has refused a certificate: `wait_for_connection("tls-handshake-failed")`.
        """
        __tracebackhide__ = True
        wanted = _wanted(None, protocol, None)
        return self._awaited(
            lambda each: (
                each.kind is Kind.CONNECTION
                and reason in (each.reason or "")
                and wanted.wants(each)
            ),
            f'connection that ended without an attempt, with "{reason}" in its reason',
            timeout,
        )

    def assert_all_secure(self) -> None:
        """Fail if a login succeeded that was not protected by TLS."""
        __tracebackhide__ = True
        if any(not each.secure for each in self.logins()):
            self._fail("a login that was not protected by TLS")

    def assert_no_exposure(self) -> None:
        """Fail if an account's real password crossed the wire in the clear, refused or not."""
        __tracebackhide__ = True
        if any(each.exposed for each in self._recorded()):
            self._fail("a password that crossed the wire in the clear")

    # How it is done.

    def _start(self, home: Path) -> None:
        path = None
        if self._text:
            path = home / "mailauth.toml"
            path.write_text(self._text, encoding="utf-8")
        self._config = load(path, ephemeral=True)
        self._server = RunningServer(home)
        self._server.start()
        ready = self._server.ready
        if ready.console is None:
            self._server.stop()
            raise ConfigError('listener: expected one with protocol "http", which tests ask')
        ca = home / ready.ca if ready.ca is not None else None
        self._api = Api(ready.console, ready.api_token, ca)
        self._cursor = self._read_to = 0
        self._events.clear()

    def _named(self, listener: str) -> Listening:
        for each in self.listeners:
            if each.name.lower() == listener.lower():
                return each
        known = ", ".join(each.name for each in self.listeners)
        raise LookupError(f"no listener {listener}; there are {known}")

    @property
    def _runs(self) -> bool:
        return self._server.process.poll() is None

    def _last_words(self) -> str:
        return self._server.stderr_file.read_text(encoding="utf-8", errors="replace")

    def _recorded(self) -> list[LoginEvent]:
        """Return what was recorded until now."""
        while self._read_on(0):
            pass
        return self._events

    def _awaited(
        self, matches: Callable[[LoginEvent], bool], what: str, timeout: float
    ) -> LoginEvent:
        __tracebackhide__ = True
        deadline = time.monotonic() + timeout
        looked_at = 0
        while True:
            for event in self._events[looked_at:]:
                if matches(event):
                    return event
            looked_at = len(self._events)
            remaining = deadline - time.monotonic()
            if not self._read_on(max(remaining, 0)) and remaining <= 0:
                self._fail(f"no {what} within {timeout:g} s")

    def _read_on(self, wait: float) -> bool:
        """Read what is behind the last record, and say whether there was anything."""
        answer = self._asked(lambda: self._api.attempts(self._read_to, wait))
        self._events += answer.attempts
        went_on = answer.cursor > self._read_to
        self._read_to = answer.cursor
        return went_on

    def _asked(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except OSError as error:
            if self._runs:
                raise
            raise ServerEnded(self._last_words()) from error

    def _fail(self, what: str) -> NoReturn:
        __tracebackhide__ = True  # a failure is shown where the test asks
        raise AssertionError(f"{what}; recorded:\n{listed(self._recorded())}")


def _wanted(user: str | None, protocol: str | None, secure: bool | None) -> Wanted:
    return Wanted(
        user=user,
        protocol=None if protocol is None else protocol_named(protocol),
        secure=secure,
    )


def _local_part(name: str) -> str:
    return name.partition("@")[0].lower()
