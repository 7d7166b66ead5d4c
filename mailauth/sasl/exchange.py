"""What a mechanism is: challenges and responses that end in a claim (RFC 4422 §3)."""

import enum
from collections.abc import Callable, Generator, Mapping
from typing import Protocol

import msgspec


class MalformedResponse(Exception):
    """The client's response does not have the mechanism's form; the message never quotes it."""


class PasswordClaim(msgspec.Struct, frozen=True, gc=False):
    """Somebody says who they are (`authcid`) and proves it by a password, still to be verified.

    `authzid` is whom they want to act as, empty when they did not say (RFC 4422 §2).
    """

    authcid: bytes
    password: bytes
    authzid: bytes = b""

    def __repr__(self) -> str:
        return f"PasswordClaim(authcid={self.authcid!r}, authzid={self.authzid!r})"


class ProvenClaim(msgspec.Struct, frozen=True, gc=False):
    """Somebody says who they are, and the mechanism itself has found the proof right or wrong.

    `reason` says for the record why it is wrong. `token` is the bearer token that was the proof.
    """

    authcid: bytes
    proven: bool
    authzid: bytes = b""
    reason: str = "wrong password"
    token: bytes | None = None

    def __repr__(self) -> str:
        return f"ProvenClaim(authcid={self.authcid!r}, proven={self.proven})"


Claim = PasswordClaim | ProvenClaim
Exchange = Generator[bytes, bytes, Claim]


class ScramKeys(msgspec.Struct, frozen=True):
    """What a server stores for SCRAM in place of a password (RFC 5802 §3)."""

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes

    def __repr__(self) -> str:
        return "ScramKeys(…)"


class TokenVerdict(msgspec.Struct, frozen=True):
    """Whose bearer token it is, or why it is none; a lapsed token still has its `user`."""

    user: bytes
    valid: bool
    reason: str = ""


class Credentials(Protocol):
    """The stored secrets as challenge-response mechanisms need them.

    An unknown name gets a decoy, always the same for one name, so that nobody learns which names
    exist.
    """

    def shared_secret(self, authcid: bytes) -> bytes:
        """Return the account's password."""

    def scram_keys(self, authcid: bytes, hash_name: str) -> ScramKeys:
        """Return the account's keys for a hash by its hashlib name."""


class ExchangeContext(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange may know besides the client's bytes.

    `admits` says whether a client that proves to be this account will be let in: a mechanism in
    which the server proves itself must not do so before it knows. `offered` are the mechanisms that
    the client was told of. `channel_bindings` are this connection's, by the name of their type;
    `certificate_names` are those of the client's verified certificate.
    """

    hostname: str
    credentials: Credentials
    nonce: Callable[[], str]
    admits: Callable[[bytes], bool]
    verify_token: Callable[[bytes], TokenVerdict]
    offered: tuple[str, ...] = ()
    channel_bindings: Mapping[str, bytes] = {}
    certificate_names: tuple[str, ...] = ()


class Need(enum.Enum):
    """What a mechanism needs of an account's stored secret, or of the connection, to work."""

    PASSWORD = enum.auto()
    SHARED_SECRET = enum.auto()
    SCRAM_SHA_1 = enum.auto()
    SCRAM_SHA_256 = enum.auto()
    TOKEN = enum.auto()
    CERTIFICATE = enum.auto()


class Mechanism(msgspec.Struct, frozen=True):
    """A mechanism by its registered name.

    `start` takes the initial response (`None`: there was none; `b""`: an empty one) and begins an
    exchange. `sends_secret` says whether the client sends the reusable secret itself, so that a
    bystander on an unprotected connection has it; `binds_channel`, whether it works on TLS alone.
    """

    name: str
    start: Callable[[bytes | None, ExchangeContext], Exchange]
    sends_secret: bool = False
    need: Need = Need.PASSWORD
    binds_channel: bool = False
