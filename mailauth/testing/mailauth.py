"""A mailauth server for your own tests, with assertions about what it recorded.

    with MailAuth() as mailauth:
        my_client.log_in("localhost", mailauth.port("imap", tls="starttls"), *mailauth.user())
        assert mailauth.login().secure
        mailauth.assert_no_exposure()

Assertions cover what was recorded since the start or the last `reset()`. Nothing polls or sleeps:
a wait ends as soon as the server reports the record.
"""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

from mailauth.config import Config, ConfigError, load
from mailauth.setup.ready_line import Listening
from mailauth.testing.api import Api, Attempts
from mailauth.testing.assertions import Assertions
from mailauth.testing.running import RunningServer
from mailauth.testing.server_record import ServerRecord
from mailauth.testing.temporary_home import TemporaryHome

T = TypeVar("T")


class User(NamedTuple):
    """An account and its password."""

    name: str
    password: str

    def __repr__(self) -> str:
        return f"User(name={self.name!r})"


class ServerEnded(Exception):
    """The server no longer runs; the message is what it printed on stderr."""


class MailAuth(Assertions):
    """A mailauth server in its own process, on free ports and in a temporary home.

    It stops when the process that started it ends, even if that is killed; the home that then
    remains is removed when the next `MailAuth` starts.

    `config` is the text of a `mailauth.toml`; by default the server has the demo accounts. The
    configuration must have an HTTP listener, which this object uses to talk to the server. Starting
    raises `ConfigError` or `testing.NotStarted`. An object must be used by only one thread.
    """

    host = "localhost"

    def __init__(self, config: str = "") -> None:
        self._text = config
        self._home: TemporaryHome
        self._server: RunningServer
        self._config: Config
        self._api: Api
        self._resets = 0

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
        """Start the server, and return when it is ready."""
        self._home = TemporaryHome()
        try:
            self._start(self._home.path)
        except BaseException:
            self._home.remove()
            raise

    def stop(self) -> None:
        """Stop the server and remove its home. Raises `ServerEnded` if it failed."""
        self._api.close()
        try:
            code = self._server.stop() if self._runs else self._server.process.returncode
            if code != 0:
                raise ServerEnded(self._last_words())
        finally:
            self._home.remove()

    def reset(self, *, mail: bool = True) -> None:
        """Start afresh: hide earlier records, and clear blocks and faults.

        With `mail`, each account gets its initial mail again. A client that is logged in sees the
        messages disappear, as if another client had removed them. Mail in Maildirs (`[server]
        workers`) is kept.
        """
        cursor = self._asked(lambda: self._api.reset(mail=mail))
        self._record = ServerRecord(self._attempts, cursor)
        self._resets += 1

    # Addresses, certificates and accounts.

    @property
    def home(self) -> Path:
        """The directory with `logs/` and `certs/`."""
        return self._server.home

    @property
    def ca(self) -> Path:
        """The certificate of the CA that clients must trust, in PEM."""
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

        `tls` is "none", "starttls" or "implicit". A STARTTLS listener also accepts logins in the
        clear, so it is used for "none" if there is no other. Raises `LookupError`.
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
        raise LookupError(f"there is no listener for {what}; expected one of {known}")

    def user(self, name: str | None = None) -> User:
        """Return an account of the configuration by its name or the part before the `@`.

        By default it is the first account that is not disabled. Raises `LookupError`.
        """
        for each in self._config.user:
            if (not each.disabled) if name is None else _means(name, each.name):
                return User(each.name, each.password)
        known = ", ".join(each.name for each in self._config.user) or "none"
        raise LookupError(f"there is no [[user]] {name or ''}; expected one of {known}")

    @contextmanager
    def fault(self, listener: str, name: str) -> Iterator[None]:
        """Give a listener a deliberate fault until the block ends.

        The faults are those of `mailauth.faults`; they affect clients that connect during the
        block. A listener can have several compatible faults. Afterwards it has its earlier faults
        again, unless there was a `reset()`. Raises `LookupError` for an unknown listener, and
        `testing.ApiError` for a fault that the listener cannot have now.
        """
        where, resets = self._named(listener).name, self._resets
        is_new = name not in self._asked(lambda: self._api.faults(where))
        self._asked(lambda: self._api.add_fault(where, name))
        try:
            yield
        finally:
            if is_new and resets == self._resets:
                self._asked(lambda: self._api.end_fault(where, name))

    # Internals.

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
            raise ConfigError('listener: expected one with protocol "http", which the tests use')
        ca = home / ready.ca if ready.ca is not None else None
        self._api = Api(ready.console, ready.api_token, ca)
        self._record = ServerRecord(self._attempts, 0)

    def _named(self, listener: str) -> Listening:
        for each in self.listeners:
            if each.name.lower() == listener.lower():
                return each
        known = ", ".join(each.name for each in self.listeners)
        raise LookupError(f"there is no listener {listener}; expected one of {known}")

    @property
    def _runs(self) -> bool:
        return self._server.process.poll() is None

    def _last_words(self) -> str:
        return self._server.stderr_file.read_text(encoding="utf-8", errors="replace")

    def _meant_by(self, user: str) -> str | None:
        return next((each.name for each in self._config.user if _means(user, each.name)), None)

    def _attempts(self, after: int, wait: float, *, settle: bool) -> Attempts:
        return self._asked(lambda: self._api.attempts(after, wait, settle=settle))

    def _asked(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except OSError as error:
            if self._runs:
                raise
            raise ServerEnded(self._last_words()) from error


def _means(name: str, account: str) -> bool:
    """Return whether this is the account's name, or the part of it before the @."""
    return name.lower() in (account.lower(), account.partition("@")[0].lower())
