"""Finding out whether a password that was refused without a check is correct, and so exposed."""

from collections.abc import Callable
from typing import Protocol

from mailauth.login.accounts import Account
from mailauth.wire.pending import Pending, then


class ExposureChecks(Protocol):
    """Checks, which nobody waits for, of passwords that were refused without one."""

    def check(
        self, account: Account, password: bytes, found: Callable[[bool | None], None]
    ) -> None:
        """Call `found` with whether it is the account's password, or `None` for unknown."""

    def drained(self) -> Pending[None]:
        """Return when the checks that are now open are finished, and so recorded."""


class ImmediateChecks:
    """Checks at once, for secrets that are cheap to compare."""

    def check(
        self, account: Account, password: bytes, found: Callable[[bool | None], None]
    ) -> None:
        """Compare, and call `found` at once."""
        then(account.matches(password), found)

    def drained(self) -> Pending[None]:
        """Return at once."""
        drained: Pending[None] = Pending()
        drained.resolve(None)
        return drained
