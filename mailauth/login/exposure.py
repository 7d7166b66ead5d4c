"""Finding out whether a password that was refused unchecked is one that is now exposed."""

from collections.abc import Callable
from typing import Protocol

from mailauth.login.accounts import Account
from mailauth.wire.pending import Pending, then


class ExposureChecks(Protocol):
    """Checks that nobody waits for: of passwords that were refused unchecked."""

    def check(
        self, account: Account, password: bytes, found: Callable[[bool | None], None]
    ) -> None:
        """Call `found` with whether it is the account's password, or with `None` for unknown."""

    def drained(self) -> Pending[None]:
        """Tell when the checks that are open now are done, and so recorded."""


class ImmediateChecks:
    """Checks at once; fit for secrets that cost nothing to compare."""

    def check(
        self, account: Account, password: bytes, found: Callable[[bool | None], None]
    ) -> None:
        """Call `found` as soon as the comparison is done."""
        then(account.matches(password), found)

    def drained(self) -> Pending[None]:
        """Tell at once."""
        drained: Pending[None] = Pending()
        drained.resolve(None)
        return drained
