"""The accounts of a configuration: its `[[user]]` tables and its users file."""

from collections.abc import Callable
from pathlib import Path

from mailauth.config.errors import ConfigError, printable
from mailauth.config.schema import Config
from mailauth.login.accounts import Account, AccountError, Accounts
from mailauth.login.secrets import PlaintextSecret, Secret
from mailauth.passwords.passwd_file import PasswdFileError, read_accounts

SecretOf = Callable[[str], Secret]


def accounts_of(
    config: Config, home: Path, secret_of: SecretOf, *, pepper: bytes = b""
) -> Accounts:
    """Make all accounts. Raises `ConfigError`, which names the line of the users file.

    `secret_of` makes a secret from a stored password; `pepper` is the server's own secret. Hashes
    are not compared with the demo's password; `DemoPassword` does that.
    """
    accounts = [
        Account(
            name=user.name,
            secret=PlaintextSecret(user.password.encode()),
            aliases=user.aliases,
            role=user.role,
            disabled=user.disabled,
        )
        for user in config.user
    ]
    if config.users.file:
        accounts += _stored(home / config.users.file, secret_of)
    if not accounts and config.users.file:
        raise ConfigError("users.file: expected at least one account in it or in [[user]]")
    try:
        return Accounts(accounts, pepper)
    except AccountError as error:
        raise ConfigError(f"users.file: {printable(str(error))}") from None


def _stored(path: Path, secret_of: SecretOf) -> list[Account]:
    try:
        accounts = read_accounts(path, secret_of)
    except PasswdFileError as error:
        raise ConfigError(f"users.file: {printable(str(error))}") from None
    except FileNotFoundError:
        raise ConfigError(
            f"users.file: {printable(str(path))} does not exist; `mailauth users add` creates it"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"users.file: {printable(str(path))} cannot be read: {error.strerror}"
        ) from None
    return accounts
