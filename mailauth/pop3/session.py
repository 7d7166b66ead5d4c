"""The state shared by the commands of one connection (RFC 1939 §3)."""

import enum

from mailauth.login.session import LoginSession
from mailauth.pop3.maildrop import Maildrop
from mailauth.wire.lines import LineBuffer


class State(enum.Enum):
    """The states of RFC 1939 §3; QUIT passes through UPDATE."""

    AUTHORIZATION = enum.auto()
    TRANSACTION = enum.auto()


class Pop3Session:
    """The state of one connection.

    `timestamp` is that of the greeting, or `None` when APOP is not offered. `user` is the name from
    USER. `in_exchange` says that the next line is a SASL response. `utf8` is the mode of RFC 6856.
    """

    __slots__ = (
        "hostname",
        "in_exchange",
        "input",
        "login",
        "maildrop",
        "timestamp",
        "tls_available",
        "user",
        "utf8",
    )

    def __init__(
        self, login: LoginSession, maildrop: Maildrop, *, hostname: str, tls_available: bool
    ) -> None:
        self.login = login
        self.maildrop = maildrop
        self.hostname = hostname
        self.tls_available = tls_available
        self.input = LineBuffer()
        self.timestamp = login.apop_timestamp()
        self.user: bytes | None = None
        self.in_exchange = False
        self.utf8 = False

    @property
    def state(self) -> State:
        """The current state."""
        return State.AUTHORIZATION if self.login.account is None else State.TRANSACTION

    @property
    def stls_available(self) -> bool:
        """Whether STLS can be used: before TLS, ours or a proxy's, and before the login."""
        return (
            self.tls_available and not self.login.hop.secure and self.state is State.AUTHORIZATION
        )
