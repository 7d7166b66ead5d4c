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
    """Where attempts go; the one thing that must happen before a client is answered."""

    def record(self, attempt: Attempt) -> LoginEvent | None | Pending[LoginEvent | None]:
        """Write the attempt and return it as an event; `None` when it could not be written.

        Never raises for a full disk and the like: it says so to the operator itself.
        """


def no_tokens(token: bytes) -> TokenVerdict:
    """Know no bearer token."""
    return TokenVerdict(user=b"", valid=False, reason="unknown token")


def no_nonce() -> str:
    """Stand in for a source of randomness where no mechanism needs one."""
    raise LookupError("this authority has no source of nonces")


class Authority(msgspec.Struct):
    """What all sessions share. `accounts` is replaced whole on reload.

    `disabled` says of accounts what an administrator has switched since the server was started,
    which outlasts a reload (`changes`).
    `nonce` makes printable random text without commas. `now` is the clock that stamps the record,
    asked where a record is written later than its attempt came; `None` leaves it to the recorder.
    `prepare` is by RFC 4013, for what one attempt has sent.
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
