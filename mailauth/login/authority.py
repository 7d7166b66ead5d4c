"""What all login sessions of a server share: accounts, the record, blocking, and sources."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from mailauth.login.accounts import Accounts
from mailauth.login.blocking import Blocking
from mailauth.login.event import Attempt, LoginEvent
from mailauth.login.exposure import ExposureChecks, ImmediateChecks
from mailauth.sasl import TokenVerdict
from mailauth.sasl.saslprep import PreparedOnce
from mailauth.wire.pending import Pending


class Recorder(Protocol):
    """Records attempts, which must happen before a client is answered."""

    def record(self, attempt: Attempt) -> LoginEvent | None | Pending[LoginEvent | None]:
        """Write the attempt and return it as an event, or `None` if it could not be written.

        Never raises for a full disk or a similar failure; it tells the operator itself.
        """


def no_tokens(token: bytes) -> TokenVerdict:
    """Reject every bearer token."""
    return TokenVerdict(user=b"", valid=False, reason="unknown token")


def no_nonce() -> str:
    """Fail, since no mechanism in use needs randomness."""
    raise LookupError("this authority has no source of nonces")


class Authority(msgspec.Struct):
    """What all sessions share. `accounts` is replaced as a whole on reload.

    `disabled` has the accounts that an administrator disabled or enabled since the server's start,
    which a reload keeps (`changes`). `nonce` makes printable random text without commas. `now` is
    the clock that stamps the record, needed if an attempt is recorded later; `None` leaves it to
    the recorder. `prepare` is SASLprep (RFC 4013) for the text of one attempt.
    """

    accounts: Accounts
    recorder: Recorder
    blocking: Blocking
    hostname: str = "localhost"
    exposure: ExposureChecks = msgspec.field(default_factory=ImmediateChecks)
    nonce: Callable[[], str] = no_nonce
    now: Callable[[], datetime | None] = lambda: None
    verify_token: Callable[[bytes], TokenVerdict] = no_tokens
    disabled: dict[str, bool] = msgspec.field(default_factory=dict)
    prepare: PreparedOnce = msgspec.field(default_factory=PreparedOnce)
