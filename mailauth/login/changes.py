"""Recorded changes of accounts and blocks while the server runs, which can end an exposure."""

import msgspec

from mailauth.login.accounts import Account, Accounts
from mailauth.login.authority import Authority
from mailauth.login.event import AccountChange, Attempt, ConnectionFacts, Kind, LoginEvent
from mailauth.wire.pending import Pending, then

Recorded = LoginEvent | None | Pending[LoginEvent | None]


def record_change(
    authority: Authority, change: AccountChange, *, user: str | None = None, ip: str | None = None
) -> Recorded:
    """Record that an account or an address was changed."""
    return authority.recorder.record(
        Attempt(
            kind=Kind.ACCOUNT, reason=change.value, user=user, connection=ConnectionFacts(ip=ip)
        )
    )


def unblock(authority: Authority, address: str) -> Recorded:
    """Forget a blocked address's failures, unless that cannot be recorded."""

    def forget(event: LoginEvent | None) -> LoginEvent | None:
        if event is not None:
            authority.blocking.clear(address)
        return event

    ip = address.partition("/")[0]
    return then(record_change(authority, AccountChange.UNBLOCKED, ip=ip), forget)


def set_disabled(authority: Authority, name: str, *, disabled: bool) -> None:
    """Disable or enable an account until the server stops, whatever its file says."""
    authority.disabled[name] = disabled
    take_accounts(authority, authority.accounts)


def take_accounts(authority: Authority, accounts: Accounts) -> None:
    """Use reloaded accounts, but keep what an administrator has disabled or enabled."""
    for name, disabled in authority.disabled.items():
        account = accounts.find(name.encode())
        if account is not None and account.disabled != disabled:
            accounts = accounts.changed(msgspec.structs.replace(account, disabled=disabled))
    authority.accounts = accounts


def replace_accounts(authority: Authority, accounts: Accounts) -> None:
    """Use other accounts in any case, since a changed password must stop working."""
    before = authority.accounts
    take_accounts(authority, accounts)
    for account in before:
        for change in _changes(account, authority.accounts.find(account.name.encode())):
            record_change(authority, change, user=account.name)


def _changes(before: Account, after: Account | None) -> list[AccountChange]:
    """Return what has changed for an account; one that was removed counts as disabled."""
    if after is None:
        return [] if before.disabled else [AccountChange.DISABLED]
    changes = []
    if (before.secret, before.app_passwords) != (after.secret, after.app_passwords):
        changes.append(AccountChange.PASSWORD_CHANGED)
    if before.disabled != after.disabled:
        changes.append(AccountChange.DISABLED if after.disabled else AccountChange.ENABLED)
    return changes
