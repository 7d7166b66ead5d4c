"""The state shared by the commands of one connection (RFC 5321 §3)."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from mailauth.login.accounts import Account, Accounts
from mailauth.login.session import LoginSession
from mailauth.mailbox.store import MailStore
from mailauth.smtp.addresses import Path
from mailauth.smtp.content import Collected
from mailauth.smtp.limits import TRACE_OCTETS
from mailauth.smtp.parameters import MailParameters, RcptParameters
from mailauth.wire.effects import Effect
from mailauth.wire.lines import LineBuffer, LineReader


class Recipient:
    """An account that receives the message, and the parameters of its RCPT."""

    __slots__ = ("account", "parameters", "path")

    def __init__(self, account: Account, path: Path, parameters: RcptParameters) -> None:
        self.account = account
        self.path = path
        self.parameters = parameters


class Transaction:
    """A mail transaction (RFC 5321 §3.3); `collected` is the content received so far."""

    __slots__ = ("collected", "parameters", "recipients", "reverse_path")

    def __init__(self, reverse_path: Path, parameters: MailParameters) -> None:
        self.reverse_path = reverse_path
        self.parameters = parameters
        self.recipients: dict[str, Recipient] = {}  # by the account's name
        self.collected: Collected | None = None


class Continuation(Protocol):
    """A command that consumes what the client sends next: AUTH, DATA, BDAT."""

    def step(self) -> list[Effect] | None:
        """Consume what has arrived; return `None` when more input is needed."""


class SmtpSession:
    """The state of one connection.

    `helo` is the argument of EHLO or HELO, and `extended` says that it was EHLO. `accounts` returns
    the current accounts, `now` the time for trace fields.
    """

    __slots__ = (
        "accounts",
        "authentication_required",
        "continuation",
        "delivered",
        "extended",
        "helo",
        "hostname",
        "input",
        "lines",
        "login",
        "now",
        "store",
        "tls_available",
        "transaction",
    )

    def __init__(
        self,
        login: LoginSession,
        store: MailStore,
        *,
        accounts: Callable[[], Accounts],
        now: Callable[[], datetime],
        hostname: str,
        tls_available: bool,
        authentication_required: bool,
    ) -> None:
        self.login = login
        self.store = store
        self.accounts = accounts
        self.now = now
        self.hostname = hostname
        self.tls_available = tls_available
        self.authentication_required = authentication_required
        self.input = LineBuffer()
        self.lines = LineReader(self.input)
        self.continuation: Continuation | None = None
        self.transaction: Transaction | None = None
        self.helo: bytes | None = None
        self.extended = False
        self.delivered = 0

    @property
    def starttls_available(self) -> bool:
        """Whether STARTTLS can be used: before TLS, ours or a proxy's, and before the login."""
        return self.tls_available and not self.login.hop.secure and self.login.account is None

    @property
    def message_size(self) -> int:
        """How many octets a message may have (RFC 1870 §4), leaving room for its trace fields."""
        return self.store.limits.message_size - TRACE_OCTETS

    def forget(self) -> None:
        """Start over after a handshake (RFC 3207 §4.2)."""
        self.input.discard()
        self.continuation = None
        self.transaction = None
        self.helo = None
        self.extended = False
