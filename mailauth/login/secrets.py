"""Stored secrets: what an account stores so that a client can prove its identity."""

import enum
import hmac
from typing import Protocol

from mailauth.sasl.exchange import Need, ScramKeys
from mailauth.sasl.scram import MINIMUM_ITERATIONS, make_keys
from mailauth.wire.pending import Pending


class Occasion(enum.Enum):
    """What a password is checked for. If a check is expensive, a success may be cached.

    `LOGIN`: a client waits, and the cache is used. `REFUSAL`: a client waits that will be refused
    in any case, and must not learn the result from the time it takes. `ASIDE`: nobody waits.
    """

    LOGIN = enum.auto()
    REFUSAL = enum.auto()
    ASIDE = enum.auto()


class Secret(Protocol):
    """A stored secret; its scheme decides which mechanisms it serves and what a check costs.

    Two secrets are equal if they are stored alike.
    """

    @property
    def scheme(self) -> str:
        """The scheme's name; an unknown account costs as much as the most common one."""

    def matches(
        self, password: bytes, occasion: Occasion = Occasion.LOGIN
    ) -> bool | Pending[bool | None] | None:
        """Compare in constant time; `None` if it could not be checked now."""

    def serves(self, need: Need) -> bool:
        """Return whether a mechanism with this need can use it."""

    def shared(self) -> bytes | None:
        """Return the password itself, if it is stored."""

    def scram_keys(self, hash_name: str, salt: bytes) -> ScramKeys | None:
        """Return the keys for a hash, made with `salt` if they are not stored."""


class PlaintextSecret:
    """A password in plaintext, for test accounts; it serves every mechanism."""

    scheme = "PLAIN"

    def __init__(self, password: bytes) -> None:
        self.password = password
        self._keys: dict[tuple[str, bytes], ScramKeys] = {}

    def __repr__(self) -> str:
        return "PlaintextSecret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlaintextSecret) and other.matches(self.password)

    def __hash__(self) -> int:
        return hash(self.password)

    def matches(self, password: bytes, occasion: Occasion = Occasion.LOGIN) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.password, password)

    def serves(self, need: Need) -> bool:
        """Return true for every mechanism."""
        return True

    def shared(self) -> bytes:
        """Return the password."""
        return self.password

    def scram_keys(self, hash_name: str, salt: bytes) -> ScramKeys:
        """Derive the keys at first use."""
        keys = self._keys.get((hash_name, salt))
        if keys is None:
            keys = make_keys(self.password, salt, MINIMUM_ITERATIONS, hash_name)
            self._keys[hash_name, salt] = keys
        return keys
