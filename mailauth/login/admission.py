"""What a protocol must have before an account that proved right is let in."""

from typing import Protocol

from mailauth.login.accounts import Account
from mailauth.login.decision import Decision


class Unavailable(Exception):
    """Raised by an admission when the account is right but cannot be let in now."""

    def __init__(self, decision: Decision, reason: str | None = None) -> None:
        super().__init__(reason)
        self.decision = decision
        self.reason = reason


class Admission(Protocol):
    """What a protocol must have before a login is recorded (POP3: the maildrop lock)."""

    def admit(self, account: Account) -> None:
        """Take what is needed; raises `Unavailable`."""

    def release(self) -> None:
        """Give back what `admit` took: the login could not be recorded."""
