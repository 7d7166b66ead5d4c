"""Changes of accounts and blocks while the server runs: what closes an exposure is recorded."""

import msgspec

from mailauth.login.accounts import Account, Accounts
from mailauth.login.authority import Authority
from mailauth.login.event import AccountChange, Attempt, ConnectionFacts, Kind, LoginEvent
from mailauth.wire.pending import Pending, then

Recorded = LoginEvent | None | Pending[LoginEvent | None]


def record_change(
    authority: Authority, change: AccountChange, *, user: str | None = None, ip: str | None = None
) -> Recorded:
    """Write that an account or an address was changed."""
    return authority.recorder.record(
        Attempt(
            kind=Kind.ACCOUNT, reason=change.value, user=user, connection=ConnectionFacts(ip=ip)
        )
    )


def unblock(authority: Authority, address: str) -> Recorded:
    """Forget a blocked address's failures; not if that cannot be recorded."""

    def forget(event: LoginEvent | None) -> LoginEvent | None:
        if event is not None:
            authority.blocking.clear(address)
        return event

    ip = address.partition("/")[0]
    return then(record_change(authority, AccountChange.UNBLOCKED, ip=ip), forget)


def set_disabled(authority: Authority, name: str, *, disabled: bool) -> None:
    """Disable an account, or enable it, for as long as the server runs, whatever its file says."""
    authority.disabled[name] = disabled
    take_accounts(authority, authority.accounts)


def take_accounts(authority: Authority, accounts: Accounts) -> None:
    """Go on with accounts as they were loaded, but for those that an administrator has switched."""
    for name, disabled in authority.disabled.items():
        account = accounts.find(name.encode())
        if account is not None and account.disabled != disabled:
            accounts = accounts.changed(msgspec.structs.replace(account, disabled=disabled))
    authority.accounts = accounts


def replace_accounts(authority: Authority, accounts: Accounts) -> None:
    """Go on with other accounts, in any case: a password that was changed is worth nothing now."""
    before = authority.accounts
    take_accounts(authority, accounts)
    for account in before:
        for change in _changes(account, authority.accounts.find(account.name.encode())):
            record_change(authority, change, user=account.name)


def _changes(before: Account, after: Account | None) -> list[AccountChange]:
    """Say what has become of an account; one that is gone is disabled for good."""
    if after is None:
        return [] if before.disabled else [AccountChange.DISABLED]
    changes = []
    if (before.secret, before.app_passwords) != (after.secret, after.app_passwords):
        changes.append(AccountChange.PASSWORD_CHANGED)
    if before.disabled != after.disabled:
        changes.append(AccountChange.DISABLED if after.disabled else AccountChange.ENABLED)
    return changes
