"""The accounts that a configuration names."""

from mailauth.config.schema import Config
from mailauth.login.accounts import Account, Accounts
from mailauth.login.secrets import PlaintextSecret


def accounts_of(config: Config) -> Accounts:
    """Make the accounts of the `[[user]]` tables."""
    return Accounts(
        Account(
            name=user.name,
            secret=PlaintextSecret(user.password.encode()),
            aliases=user.aliases,
            role=user.role,
            disabled=user.disabled,
        )
        for user in config.user
    )
