"""What outlives a request on its connection: who is on it, and which credentials it has shown."""

import hmac
from collections.abc import Callable
from typing import Protocol

import msgspec

from mailauth.login.accounts import Account, Accounts
from mailauth.login.client import Client
from mailauth.login.hop import Hop
from mailauth.login.policy import Policy
from mailauth.login.session import MAX_FAILURES

_REMEMBERED = 8  # credentials of one connection: a proxy's connection may carry several clients


class Facts(Protocol):
    """What the layer below HTTP knows, after the PROXY header and the implicit TLS handshake."""

    def client_facts(self) -> tuple[Client, Hop]:
        """Return the peer, and what is known of its hop."""


class _Remembered(msgspec.Struct, frozen=True):
    account: Account
    among: Accounts


class Connection:
    """One connection. `policy` is its listener's, asked anew each time."""

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
        """Whether it has failed so often that the server ends it."""
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
        """Return the account that these credentials logged in to, until an account changes."""
        remembered = self._remembered.get(self._digest(client, hop, authorization))
        if remembered is None or remembered.among is not among:
            return None
        return remembered.account

    def _digest(self, client: Client, hop: Hop, authorization: bytes) -> bytes:
        who = f"{client.ip} {client.port} {hop.secure} ".encode()
        return hmac.digest(self._key, who + authorization, "sha256")
