"""What one connection's commands share: who has logged in, what is selected, what is enabled."""

import enum
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from mailauth.imap.parsed import ParsedMessages
from mailauth.imap.selection import Selection
from mailauth.login.session import LoginSession
from mailauth.mailbox.store import AccountMail, Limits, MailStore
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

    def notified(self) -> list[Effect]:
        """Another session has changed the selected mailbox."""

    def line(self, line: bytes) -> list[Effect]:
        """Take a line, its ending removed."""

    def line_too_long(self) -> list[Effect]:
        """The line was longer than allowed, and is skipped."""


class ImapSession:
    """The state of one connection.

    `tls_available` says whether the listener can do STARTTLS, `now` what time it is, for messages
    that come without a date; `parsed` has the messages that anyone has read lately. `changed`
    is called when another session's change is worth a call of the core's `notified`.
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
        "parsed",
        "selection",
        "tls_available",
    )

    def __init__(
        self,
        login: LoginSession,
        store: MailStore,
        *,
        hostname: str,
        tls_available: bool,
        now: Callable[[], datetime],
        parsed: ParsedMessages,
        changed: Callable[[], None],
    ) -> None:
        self.login = login
        self.hostname = hostname
        self.tls_available = tls_available
        self.now = now
        self.parsed = parsed
        self.changed = changed
        self.input = LineBuffer()
        self.continuation: Continuation | None = None
        self.enabled: set[Extension] = set()
        self.selection: Selection | None = None
        self._store = store
        self._mail: AccountMail | None = None

    @property
    def state(self) -> State:
        """Where the connection stands."""
        if self.login.account is None:
            return State.NOT_AUTHENTICATED
        return State.AUTHENTICATED if self.selection is None else State.SELECTED

    @property
    def mail(self) -> AccountMail:
        """The mail of who has logged in."""
        if self._mail is None:
            account = self.login.account
            assert account is not None, "nobody has logged in"
            self._mail = self._store.account(account.name)
        return self._mail

    @property
    def limits(self) -> Limits:
        """The bounds of the mail store."""
        return self._store.limits

    @property
    def selected(self) -> Selection:
        """The mailbox that is selected."""
        assert self.selection is not None, "nothing is selected"
        return self.selection

    @property
    def utf8(self) -> bool:
        """Whether the client takes UTF-8 in strings, and writes mailbox names in it."""
        return bool(self.enabled) and (Extension.UTF8 in self.enabled or self.rev2)

    @property
    def rev2(self) -> bool:
        """Whether the client speaks IMAP4rev2."""
        return Extension.IMAP4REV2 in self.enabled

    @property
    def condstore(self) -> bool:
        """Whether the client knows of MODSEQ (RFC 7162 §3.1)."""
        return Extension.CONDSTORE in self.enabled

    @property
    def starttls_available(self) -> bool:
        """Whether TLS can still be begun: neither we nor a proxy have done so."""
        return self.tls_available and not self.login.hop.secure

    def unselect(self) -> None:
        """Leave the mailbox; nothing is expunged."""
        if self.selection is not None:
            self.selection.close()
            self.selection = None
