"""What can be reloaded while the server runs: accounts, friendly addresses, and TLS."""

import ssl
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from twisted.internet.posixbase import PosixReactorBase

from mailauth.certs import server as certificates
from mailauth.certs.clients import prepare_client_ca
from mailauth.config import Config, ListenerConfig, TlsMode, accounts_of
from mailauth.config.demo_password import DemoPassword, beyond_loopback
from mailauth.config.friendly_ip import read_friendly
from mailauth.home import state_directory
from mailauth.home.key import key_in
from mailauth.login.accounts import Accounts
from mailauth.net.listener_tls import asks_for_certificates, listener_context
from mailauth.passwords.verifier import Verifier
from mailauth.wire.networks import Network


class Tls(msgspec.Struct, frozen=True):
    """The TLS settings by listener, and the CA that clients must trust if it is ours."""

    contexts: dict[str, ssl.SSLContext]
    ca: Path | None


class Loaded(msgspec.Struct, frozen=True):
    """Everything that is reloaded; after a mistake, all of it stays as it was."""

    accounts: Accounts
    friendly: tuple[Network, ...]
    tls: Tls


class Loader:
    """Loads what a configuration names from a home. Every method raises `ConfigError`.

    `listeners` are those that the server has, whatever a configuration that is read later says;
    nobody logs in to `others`.
    """

    def __init__(
        self,
        home: Path,
        listeners: Sequence[ListenerConfig],
        reactor: PosixReactorBase,
        threads: int | None = None,
        others: Sequence[ListenerConfig] = (),
    ) -> None:
        self._home = home
        self._listeners = tuple(listeners)
        self._demo_password = DemoPassword()
        self._tls_listeners = [
            each for each in (*listeners, *others) if each.tls is not TlsMode.NONE
        ]
        self._verifier = Verifier(reactor.callFromThread, time.monotonic, threads)

    def load(self, config: Config) -> Loaded:
        """Load everything."""
        return Loaded(
            accounts=self.accounts(config),
            friendly=read_friendly(self._home),
            tls=self.tls(config),
        )

    def accounts(self, config: Config) -> Accounts:
        """Load the accounts."""
        pepper = key_in(state_directory(self._home) / "pepper")
        return accounts_of(config, self._home, self._verifier.secret, pepper=pepper)

    @property
    def serves_others(self) -> bool:
        """Return whether other machines can reach a listener."""
        return beyond_loopback(self._listeners) is not None

    def check_passwords(self, accounts: Accounts) -> None:
        """Reject the demo's password if other machines can use it; new hashes take a while."""
        self._demo_password.check(accounts, self._listeners)

    def tls(self, config: Config) -> Tls:
        """Make or renew the certificate, if any listener uses TLS."""
        if not self._tls_listeners:
            return Tls(contexts={}, ca=None)
        now = datetime.now(UTC)
        store = certificates.prepare(self._home, config.hostname, config.tls, now)
        state = certificates.examine(self._home, config.hostname, config.tls, now)
        if any(map(asks_for_certificates, self._tls_listeners)):
            prepare_client_ca(self._home, config.tls, now)
        return Tls(
            contexts={
                each.name: listener_context(each, config.tls, store) for each in self._tls_listeners
            },
            ca=None if state is certificates.State.OWN else store.ca,
        )

    def close(self) -> None:
        """Stop the threads that check passwords."""
        self._demo_password.close()
        self._verifier.close()
