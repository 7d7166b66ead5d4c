"""Stored secrets: what an account keeps so that somebody can prove to be it."""

import enum
import hmac
from typing import Protocol

from mailauth.sasl.exchange import Need, ScramKeys
from mailauth.sasl.scram import MINIMUM_ITERATIONS, make_keys
from mailauth.wire.pending import Pending


class Occasion(enum.Enum):
    """What a password is checked for; where a check is dear, a right one may be remembered.

    `LOGIN`: a client waits, and what is remembered counts. `REFUSAL`: a client waits that is to be
    refused whatever comes out, and must not learn it by the time it takes. `ASIDE`: nobody waits.
    """

    LOGIN = enum.auto()
    REFUSAL = enum.auto()
    ASIDE = enum.auto()


class Secret(Protocol):
    """A stored secret; its scheme decides which mechanisms it serves and what a check costs.

    Two are equal when they are stored alike.
    """

    @property
    def scheme(self) -> str:
        """The scheme's name; an unknown account costs what most accounts' scheme costs."""

    def matches(
        self, password: bytes, occasion: Occasion = Occasion.LOGIN
    ) -> bool | Pending[bool | None] | None:
        """Compare in constant time; `None` when it could not be checked now."""

    def serves(self, need: Need) -> bool:
        """Say whether a mechanism with this need can use it."""

    def shared(self) -> bytes | None:
        """Return the password itself, where it is kept."""

    def scram_keys(self, hash_name: str, salt: bytes) -> ScramKeys | None:
        """Return the keys for a hash, made with `salt` where they are not stored."""


class PlaintextSecret:
    """A password kept as it is, for test accounts: it serves every mechanism."""

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
        """Serve every mechanism."""
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
