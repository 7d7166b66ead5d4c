"""Accounts over the control socket: finding the account that a name means."""

import msgspec

from mailauth.control.line import Handlers, Reply
from mailauth.login.authority import Authority


class FindAccount(msgspec.Struct, frozen=True, tag="find-account"):
    """Which account does this name mean?"""

    name: str


class FoundAccount(msgspec.Struct, frozen=True, tag="found-account"):
    """The account's own name, or `None` if there is no such account."""

    name: str | None


class AccountHandlers:
    """The handler of this request."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def table(self) -> Handlers:
        """Return the handler of each request."""
        return {FindAccount: self._find}

    def _find(self, request: FindAccount) -> Reply:
        found = self._authority.accounts.meant_by(request.name)
        return FoundAccount(None if found is None else found.name)
