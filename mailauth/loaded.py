"""What can be read anew while the server runs: accounts, friends, and how TLS is spoken."""

import ssl
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from twisted.internet.posixbase import PosixReactorBase

from mailauth.config import Config, ListenerProtocol, TlsMode, accounts_of
from mailauth.friendly import read_friendly
from mailauth.home_lock import state_directory
from mailauth.login.accounts import Accounts
from mailauth.net import certificates
from mailauth.net.tls_context import server_context
from mailauth.origin.networks import Network
from mailauth.passwords.verifier import Verifier
from mailauth.secret_file import key_in


class Tls(msgspec.Struct, frozen=True):
    """How TLS is spoken, by protocol, and the CA that clients must trust when it is ours."""

    contexts: dict[ListenerProtocol, ssl.SSLContext]
    ca: Path | None


class Loaded(msgspec.Struct, frozen=True):
    """All of it, or nothing: one mistake, and everything stays as it was."""

    accounts: Accounts
    friendly: tuple[Network, ...]
    tls: Tls


class Loader:
    """Reads what belongs to a configuration from a home; every method raises `ConfigError`."""

    def __init__(self, home: Path, reactor: PosixReactorBase, threads: int | None = None) -> None:
        self._home = home
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

    def tls(self, config: Config) -> Tls:
        """Make or renew the certificate where TLS is spoken at all."""
        spoken = {each.protocol for each in config.listener if each.tls is not TlsMode.NONE}
        if not spoken:
            return Tls(contexts={}, ca=None)
        now = datetime.now(UTC)
        store = certificates.prepare(self._home, config.hostname, config.tls, now)
        state = certificates.examine(self._home, config.hostname, config.tls, now)
        return Tls(
            contexts={
                protocol: server_context(store.certificate, store.key, protocol, config.tls.minimum)
                for protocol in spoken
            },
            ca=None if state is certificates.State.OWN else store.ca,
        )

    def close(self) -> None:
        """Let the threads that check passwords end."""
        self._verifier.close()
