"""What a protocol must obtain before an account that has authenticated is let in."""

from typing import Protocol

from mailauth.login.accounts import Account
from mailauth.login.decision import Decision


class Unavailable(Exception):
    """Raised by an admission if the account is correct but cannot be let in now."""

    def __init__(self, decision: Decision, reason: str | None = None) -> None:
        super().__init__(reason)
        self.decision = decision
        self.reason = reason


class Admission(Protocol):
    """What a protocol must obtain before a login is recorded (POP3: the maildrop lock)."""

    def admit(self, account: Account) -> None:
        """Obtain what is needed. Raises `Unavailable`."""

    def release(self) -> None:
        """Release what `admit` obtained, since the login could not be recorded."""
