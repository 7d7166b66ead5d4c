"""Accounts and the secrets that prove them. Names and aliases are found in any letter case."""

import enum
import hmac
from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec

from mailauth.wire.pending import Pending

DEMO_PASSWORD = "secret"


class Role(enum.Enum):
    """What an account may see in the console."""

    USER = "user"
    ADMIN = "admin"


class Secret(Protocol):
    """A stored secret of an account; how it is stored decides how long a check takes."""

    def matches(self, password: bytes) -> bool | Pending[bool]:
        """Compare in constant time; never says why not."""


class PlaintextSecret(msgspec.Struct, frozen=True):
    """A password kept as it is, for test accounts."""

    password: bytes

    def matches(self, password: bytes) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.password, password)

    def __repr__(self) -> str:
        return "PlaintextSecret(…)"


class Account(msgspec.Struct, frozen=True):
    """Who can log in: the canonical name is what every record prints."""

    name: str
    secret: Secret
    aliases: tuple[str, ...] = ()
    role: Role = Role.USER
    disabled: bool = False


class AccountError(ValueError):
    """The accounts contradict each other; the message names them."""


class Accounts:
    """All accounts, found by name or alias in any letter case.

    Raises `AccountError` for a name that stands twice. Replaced whole when accounts are reloaded.
    """

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._by_name: dict[str, Account] = {}
        self._accounts = tuple(accounts)
        for account in self._accounts:
            for name in (account.name, *account.aliases):
                key = name.casefold()
                if key in self._by_name:
                    raise AccountError(f"the account name {name!r} stands twice")
                self._by_name[key] = account
        self._plaintext = frozenset(
            account.secret.password
            for account in self._accounts
            if isinstance(account.secret, PlaintextSecret)
        )
        self._decoy: Secret = self._accounts[0].secret if self._accounts else PlaintextSecret(b"\0")

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts)

    def __len__(self) -> int:
        return len(self._accounts)

    def find(self, name: bytes) -> Account | None:
        """Find an account by its name or an alias; bytes that are not UTF-8 name nobody."""
        try:
            return self._by_name.get(name.decode("utf-8").casefold())
        except UnicodeDecodeError:
            return None

    def is_plaintext_secret(self, text: bytes) -> bool:
        """Say whether somebody typed a password where a name belongs."""
        return text in self._plaintext

    @property
    def decoy(self) -> Secret:
        """What an unknown name is compared with, so that it costs what a known one does."""
        return self._decoy
