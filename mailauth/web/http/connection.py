"""The state of a connection between requests: its client, and the credentials that it has sent."""

import hmac
from collections.abc import Callable
from typing import Protocol

import msgspec

from mailauth.login.accounts import Account, Accounts
from mailauth.login.client import Client
from mailauth.login.hop import Hop
from mailauth.login.policy import Policy
from mailauth.login.session import MAX_FAILURES

_REMEMBERED = 8  # credentials of one connection; a proxy's connection may have several clients


class Facts(Protocol):
    """What the transport knows after the PROXY header and the implicit TLS handshake."""

    def client_facts(self) -> tuple[Client, Hop]:
        """Return the peer, and what is known of its hop."""


class _Remembered(msgspec.Struct, frozen=True):
    account: Account
    among: Accounts


class Connection:
    """One connection. `policy` returns its listener's current policy."""

    __slots__ = ("_key", "_remembered", "client", "failures", "hop", "policy")

    def __init__(
        self, client: Client, hop: Hop, policy: Callable[[], Policy], *, key: bytes
    ) -> None:
        self.client = client
        self.hop = hop
        self.policy = policy
        self.failures = 0
        self._key = key
        self._remembered: dict[bytes, _Remembered] = {}

    @property
    def exhausted(self) -> bool:
        """Whether so many logins have failed that the server ends it."""
        return self.failures >= MAX_FAILURES

    def remember(
        self, client: Client, hop: Hop, authorization: bytes, account: Account, among: Accounts
    ) -> None:
        """Remember that this client has logged in with these credentials."""
        if len(self._remembered) >= _REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        known = self._digest(client, hop, authorization)
        self._remembered[known] = _Remembered(account, among)

    def recall(
        self, client: Client, hop: Hop, authorization: bytes, among: Accounts
    ) -> Account | None:
        """Return the account of these credentials, unless an account has changed."""
        remembered = self._remembered.get(self._digest(client, hop, authorization))
        if remembered is None or remembered.among is not among:
            return None
        return remembered.account

    def _digest(self, client: Client, hop: Hop, authorization: bytes) -> bytes:
        who = f"{client.ip} {client.port} {hop.secure} ".encode()
        return hmac.digest(self._key, who + authorization, "sha256")
