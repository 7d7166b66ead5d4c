"""Accounts with the demo's password, which everybody knows, can be used only on this machine.

This is true however the password is stored: it is checked once against each hash, which is slow by
design. Hashes are therefore checked only if a listener is reachable beyond loopback, and on all
processors.
"""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from mailauth.config.errors import ConfigError, printable
from mailauth.config.schema import ListenerConfig
from mailauth.login.accounts import DEMO_PASSWORD, Account
from mailauth.login.secrets import Secret
from mailauth.passwords.verifier import HashedSecret
from mailauth.wire.networks import parse_address

_PASSWORD = DEMO_PASSWORD.encode()


class DemoPassword:
    """Finds accounts with the demo's password, and remembers hashes of other passwords."""

    def __init__(self) -> None:
        self._others: frozenset[HashedSecret] = frozenset()
        self._closed = False

    def check(self, accounts: Iterable[Account], listeners: Iterable[ListenerConfig]) -> None:
        """Raise `ConfigError` if an account has it and a listener is reachable beyond loopback."""
        address = beyond_loopback(listeners)
        if address is None:
            return
        has_it = self._found([(acc, secret) for acc in accounts for secret in acc.secrets])
        if has_it is not None:
            raise ConfigError(
                f'accounts: "{printable(has_it.name)}" has the demo password, expected'
                f' only loopback addresses to listen on, got "{address}"'
            )

    def close(self) -> None:
        """Stop checking hashes, since the server stops."""
        self._closed = True

    def _found(self, stored: Sequence[tuple[Account, Secret]]) -> Account | None:
        """Return the first account that has the password."""
        hashes = {secret for _, secret in stored if isinstance(secret, HashedSecret)}
        new = [secret for secret in hashes if secret not in self._others]
        with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="demo-password") as pool:
            theirs = {
                secret
                for secret, right in zip(new, pool.map(self._is_it, new), strict=True)
                if right
            }
        if not self._closed:
            self._others = frozenset(hashes - theirs)
        for account, secret in stored:
            if secret in theirs or secret.shared() == _PASSWORD:
                return account
        return None

    def _is_it(self, secret: HashedSecret) -> bool:
        return not self._closed and secret.is_of(_PASSWORD)


def beyond_loopback(listeners: Iterable[ListenerConfig]) -> str | None:
    """Return the first address that other machines can reach."""
    for listener in listeners:
        if not parse_address(listener.address).is_loopback:
            return listener.address
    return None
