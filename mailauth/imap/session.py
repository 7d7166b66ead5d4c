"""The state shared by the commands of one connection: login, selection, extensions."""

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
    """An extension that ENABLE turns on (RFC 5161), by its capability."""

    CONDSTORE = "CONDSTORE"
    UTF8 = "UTF8=ACCEPT"
    IMAP4REV2 = "IMAP4rev2"


class Continuation(Protocol):
    """A command that consumes the client's next lines: AUTHENTICATE and IDLE."""

    def notified(self) -> list[Effect]:
        """Another session has changed the selected mailbox."""

    def line(self, line: bytes) -> list[Effect]:
        """Take a line without its ending."""

    def line_too_long(self) -> list[Effect]:
        """The line exceeded the limit and is skipped."""


class ImapSession:
    """The state of one connection.

    `tls_available` says whether the listener supports STARTTLS. `now` returns the time, used for
    messages appended without a date. `parsed` is the cache of parsed messages. `changed` asks for a
    call of the core's `notified` after another session's change.
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
        """The current state."""
        if self.login.account is None:
            return State.NOT_AUTHENTICATED
        return State.AUTHENTICATED if self.selection is None else State.SELECTED

    @property
    def mail(self) -> AccountMail:
        """The mail of the account logged in."""
        if self._mail is None:
            account = self.login.account
            assert account is not None, "nobody has logged in"
            self._mail = self._store.account(account.name)
        return self._mail

    @property
    def limits(self) -> Limits:
        """The limits of the mail store."""
        return self._store.limits

    @property
    def selected(self) -> Selection:
        """The selected mailbox; there must be one."""
        assert self.selection is not None, "nothing is selected"
        return self.selection

    @property
    def utf8(self) -> bool:
        """Whether the client uses UTF-8 in strings and mailbox names."""
        return bool(self.enabled) and (Extension.UTF8 in self.enabled or self.rev2)

    @property
    def rev2(self) -> bool:
        """Whether the client speaks IMAP4rev2."""
        return Extension.IMAP4REV2 in self.enabled

    @property
    def condstore(self) -> bool:
        """Whether the client understands MODSEQ (RFC 7162 §3.1)."""
        return Extension.CONDSTORE in self.enabled

    @property
    def starttls_available(self) -> bool:
        """Whether STARTTLS can be used: before TLS, ours or a proxy's."""
        return self.tls_available and not self.login.hop.secure

    def unselect(self) -> None:
        """Deselect the mailbox, if any; nothing is expunged."""
        if self.selection is not None:
            self.selection.close()
            self.selection = None
