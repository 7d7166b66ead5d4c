"""Accounts over the control socket: which one somebody means."""

import msgspec

from mailauth.control.line import Answer, Handlers
from mailauth.login.authority import Authority


class FindAccount(msgspec.Struct, frozen=True, tag="find-account"):
    """Which account does this name mean?"""

    name: str


class FoundAccount(msgspec.Struct, frozen=True, tag="found-account"):
    """The account's own name; `None` where there is no such account."""

    name: str | None


class AccountHandlers:
    """The handlers of these requests."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def table(self) -> Handlers:
        """Return each request's handler."""
        return {FindAccount: self._find}

    def _find(self, request: FindAccount) -> Answer:
        found = self._authority.accounts.meant_by(request.name)
        return FoundAccount(None if found is None else found.name)
