"""What can be read anew while the server runs: accounts, friends, and how TLS is spoken."""

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
    """How TLS is spoken, by listener, and the CA that clients must trust when it is ours."""

    contexts: dict[str, ssl.SSLContext]
    ca: Path | None


class Loaded(msgspec.Struct, frozen=True):
    """All of it, or nothing: one mistake, and everything stays as it was."""

    accounts: Accounts
    friendly: tuple[Network, ...]
    tls: Tls


class Loader:
    """Reads what belongs to a configuration from a home; every method raises `ConfigError`.

    `listeners` are those that are served, whatever a configuration that is read later says.
    """

    def __init__(
        self,
        home: Path,
        listeners: Sequence[ListenerConfig],
        reactor: PosixReactorBase,
        threads: int | None = None,
    ) -> None:
        self._home = home
        self._listeners = tuple(listeners)
        self._demo_password = DemoPassword()
        self._tls_listeners = [each for each in listeners if each.tls is not TlsMode.NONE]
        self._verifier = Verifier(reactor.callFromThread, time.monotonic, threads)

    def load(self, config: Config) -> Loaded:
        """Read everything."""
        return Loaded(
            accounts=self.accounts(config),
            friendly=read_friendly(self._home),
            tls=self.tls(config),
        )

    def accounts(self, config: Config) -> Accounts:
        """Read the accounts."""
        pepper = key_in(state_directory(self._home) / "pepper")
        return accounts_of(config, self._home, self._verifier.secret, pepper=pepper)

    @property
    def serves_others(self) -> bool:
        """Whether others than this machine can reach a listener."""
        return beyond_loopback(self._listeners) is not None

    def check_passwords(self, accounts: Accounts) -> None:
        """Refuse the demo's password where others can use it; hashes that are new take a while."""
        self._demo_password.check(accounts, self._listeners)

    def tls(self, config: Config) -> Tls:
        """Make or renew the certificate where TLS is spoken at all."""
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
        """Let the threads that check passwords end."""
        self._demo_password.close()
        self._verifier.close()
