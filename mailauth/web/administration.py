"""What an administrator changes in the running server; the record has what ends an exposure."""

from mailauth.config import ConfigError
from mailauth.faults import Fault
from mailauth.login.accounts import Account
from mailauth.login.authority import Authority
from mailauth.login.changes import Recorded, record_change, unblock
from mailauth.login.event import AccountChange
from mailauth.login.policy import Cleartext
from mailauth.net.awaiting import value_of
from mailauth.web.http.message import HttpError
from mailauth.web.operations import Operations


class Administration:
    """The changes; each raises `HttpError` for an unknown name, or if it cannot be recorded."""

    def __init__(self, authority: Authority, operations: Operations) -> None:
        self._authority = authority
        self._operations = operations

    def account(self, name: str) -> Account:
        """Return an account by name."""
        account = self._authority.accounts.find(name.encode())
        if account is None:
            raise HttpError(404, "There is no such account.")
        return account

    async def password_changed(self, name: str) -> None:
        """Record that an exposed password is no longer in use."""
        account = self.account(name)
        change = AccountChange.PASSWORD_CHANGED
        await _recorded(record_change(self._authority, change, user=account.name))

    async def set_disabled(self, name: str, *, disabled: bool) -> None:
        """Disable or enable an account."""
        account = self.account(name)
        change = AccountChange.DISABLED if disabled else AccountChange.ENABLED
        await _recorded(record_change(self._authority, change, user=account.name))
        await self._operations.set_disabled(account, disabled=disabled)

    async def unblock(self, address: str) -> None:
        """Unblock an address."""
        blocked = next(
            (one for one in self._authority.blocking.blocked() if one.address == address), None
        )
        if blocked is None:
            raise HttpError(404, "This address is not blocked.")
        await _recorded(unblock(self._authority, address))

    async def set_cleartext(self, listener: str, cleartext: Cleartext) -> None:
        """Allow or refuse cleartext logins on a listener."""
        try:
            await self._operations.set_cleartext(listener, cleartext)
        except LookupError:
            raise HttpError(404, "There is no such listener.") from None

    async def add_fault(self, listener: str, fault: Fault) -> tuple[Fault, ...]:
        """Turn on a fault of a listener; return all its faults."""
        faults = self._faults(listener)
        return await self._set_faults(listener, (*faults, *({fault} - set(faults))))

    async def end_fault(self, listener: str, fault: Fault) -> tuple[Fault, ...]:
        """End a fault of a listener; return its remaining faults."""
        faults = tuple(each for each in self._faults(listener) if each is not fault)
        return await self._set_faults(listener, faults)

    async def end_faults(self, listener: str) -> tuple[Fault, ...]:
        """Turn off all faults of a listener."""
        self._faults(listener)
        return await self._set_faults(listener, ())

    def _faults(self, listener: str) -> tuple[Fault, ...]:
        for service in self._operations.services():
            if service.name == listener:
                return service.faults
        raise HttpError(404, "There is no such listener.")

    async def _set_faults(self, listener: str, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
        try:
            await self._operations.set_faults(listener, faults)
        except ConfigError as error:
            raise HttpError(400, f"{error}.") from None
        return faults


async def _recorded(change: Recorded) -> None:
    if await value_of(change) is None:
        raise HttpError(503, "The change could not be recorded, and was not made.")
