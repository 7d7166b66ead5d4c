"""What an administrator changes in the running server; what closes an exposure is recorded."""

from mailauth.login.accounts import Account
from mailauth.login.authority import Authority
from mailauth.login.event import AccountChange, Attempt, Kind
from mailauth.login.policy import Cleartext
from mailauth.web.message import HttpError
from mailauth.web.operations import Operations
from mailauth.web.waiting import settled


class Administration:
    """The changes; each raises `HttpError` for what is not there or cannot be recorded."""

    def __init__(self, authority: Authority, operations: Operations) -> None:
        self._authority = authority
        self._operations = operations

    def account(self, name: str) -> Account:
        """Return an account by its name."""
        account = self._authority.accounts.find(name.encode())
        if account is None:
            raise HttpError(404, "There is no such account.")
        return account

    async def set_disabled(self, name: str, *, disabled: bool) -> None:
        """Disable an account, or enable it again."""
        account = self.account(name)
        change = AccountChange.DISABLED if disabled else AccountChange.ENABLED
        await self._record(change, user=account.name)
        self._operations.set_disabled(account, disabled=disabled)

    async def unblock(self, address: str) -> None:
        """Let an address try again."""
        blocked = next(
            (one for one in self._authority.blocking.blocked() if one.address == address), None
        )
        if blocked is None:
            raise HttpError(404, "This address is not blocked.")
        await self._record(AccountChange.UNBLOCKED, ip=address.partition("/")[0])
        self._authority.blocking.clear(address)

    def set_cleartext(self, listener: str, cleartext: Cleartext) -> None:
        """Permit or refuse cleartext logins on a listener."""
        try:
            self._operations.set_cleartext(listener, cleartext)
        except LookupError:
            raise HttpError(404, "There is no such listener.") from None

    async def _record(
        self, change: AccountChange, *, user: str | None = None, ip: str | None = None
    ) -> None:
        attempt = Attempt(kind=Kind.ACCOUNT, reason=change.value, user=user, ip=ip)
        if await settled(self._authority.recorder.record(attempt)) is None:
            raise HttpError(503, "The change could not be recorded, and was not made.")
