"""What one connection's commands share: who has logged in, what is selected, what is enabled."""

import enum
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from mailauth.login.session import LoginSession
from mailauth.mailbox.store import AccountMail, MailStore
from mailauth.mailbox.view import View
from mailauth.wire.effects import Effect
from mailauth.wire.lines import LineBuffer


class State(enum.Enum):
    """The states of RFC 9051 §3; logout is a `Close`."""

    NOT_AUTHENTICATED = enum.auto()
    AUTHENTICATED = enum.auto()
    SELECTED = enum.auto()


class Extension(enum.Enum):
    """What a client can turn on with ENABLE (RFC 5161), by its capability."""

    CONDSTORE = "CONDSTORE"
    UTF8 = "UTF8=ACCEPT"
    IMAP4REV2 = "IMAP4rev2"


class Continuation(Protocol):
    """A command that takes the client's next lines: AUTHENTICATE and IDLE."""

    def line(self, line: bytes) -> list[Effect]:
        """Take a line, its ending removed."""

    def line_too_long(self) -> list[Effect]:
        """The line was longer than allowed, and is skipped."""


class ImapSession:
    """The state of one connection.

    `tls_available` says whether the listener can do STARTTLS, `now` what time it is, for messages
    that come without a date. `changed` is called when another session's change may be worth a
    call of the core's `notified`.
    """

    __slots__ = (
        "_mail",
        "_store",
        "changed",
        "continuation",
        "enabled",
        "hostname",
        "input",
        "login",
        "now",
        "tls_available",
        "view",
    )

    def __init__(
        self,
        login: LoginSession,
        store: MailStore,
        *,
        hostname: str,
        tls_available: bool,
        now: Callable[[], datetime],
        changed: Callable[[], None],
    ) -> None:
        self.login = login
        self.hostname = hostname
        self.tls_available = tls_available
        self.now = now
        self.changed = changed
        self.input = LineBuffer()
        self.continuation: Continuation | None = None
        self.enabled: set[Extension] = set()
        self.view: View | None = None
        self._store = store
        self._mail: AccountMail | None = None

    @property
    def state(self) -> State:
        """Where the connection stands."""
        if self.login.account is None:
            return State.NOT_AUTHENTICATED
        return State.AUTHENTICATED if self.view is None else State.SELECTED

    @property
    def mail(self) -> AccountMail:
        """The mail of who has logged in."""
        if self._mail is None:
            account = self.login.account
            assert account is not None, "nobody has logged in"
            self._mail = self._store.account(account.name)
        return self._mail

    @property
    def selected(self) -> View:
        """The mailbox that is selected."""
        assert self.view is not None, "nothing is selected"
        return self.view

    @property
    def starttls_available(self) -> bool:
        """Whether TLS can still be begun: neither we nor a proxy have done so."""
        return self.tls_available and not self.login.hop.secure

    def unselect(self) -> None:
        """Leave the mailbox; nothing is expunged."""
        if self.view is not None:
            self.view.close()
            self.view = None
