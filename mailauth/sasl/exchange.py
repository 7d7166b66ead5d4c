"""Mechanisms: exchanges of challenges and responses that end in a claim (RFC 4422 §3)."""

import enum
from collections.abc import Callable, Generator, Mapping
from typing import Protocol

import msgspec


class MalformedResponse(Exception):
    """The client's response does not have the mechanism's form; the message never quotes it."""


class PasswordClaim(msgspec.Struct, frozen=True, gc=False):
    """An identity (`authcid`) with a password that is still to be verified.

    `authzid` is the identity to act as; it is empty when none was given (RFC 4422 §2).
    """

    authcid: bytes
    password: bytes
    authzid: bytes = b""

    def __repr__(self) -> str:
        return f"PasswordClaim(authcid={self.authcid!r}, authzid={self.authzid!r})"


class ProvenClaim(msgspec.Struct, frozen=True, gc=False):
    """An identity whose proof the mechanism itself has verified.

    `reason` tells the record why the proof failed. `token` is the bearer token, if one was used.
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
    """The user of a bearer token, or why it is not valid; an expired token still has a `user`."""

    user: bytes
    valid: bool
    reason: str = ""


class Credentials(Protocol):
    """The stored secrets that challenge-response mechanisms need.

    An unknown name gets a decoy, always the same for one name, so that clients cannot learn which
    names exist.
    """

    def shared_secret(self, authcid: bytes) -> bytes:
        """Return the account's password."""

    def scram_keys(self, authcid: bytes, hash_name: str) -> ScramKeys:
        """Return the account's keys for a hash, given by its hashlib name."""


class ExchangeContext(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange needs to know besides the client's bytes.

    `admits` returns whether this account will be allowed to log in once it has proven itself; a
    mechanism in which the server proves itself must ask before doing so. `offered` are the
    mechanisms announced to the client. `channel_bindings` are those of this connection, by type.
    `certificate_names` are those in the client's verified certificate.
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
    """What a mechanism requires of the stored secret, or of the connection."""

    PASSWORD = enum.auto()
    SHARED_SECRET = enum.auto()
    SCRAM_SHA_1 = enum.auto()
    SCRAM_SHA_256 = enum.auto()
    TOKEN = enum.auto()
    CERTIFICATE = enum.auto()


class Mechanism(msgspec.Struct, frozen=True):
    """A mechanism by its registered name.

    `start` takes the initial response (`None`: there was none; `b""`: an empty one) and begins an
    exchange. `sends_secret` says whether the client sends the reusable secret itself, which an
    eavesdropper can read without TLS. `binds_channel` says whether the mechanism requires TLS.
    """

    name: str
    start: Callable[[bytes | None, ExchangeContext], Exchange]
    sends_secret: bool = False
    need: Need = Need.PASSWORD
    binds_channel: bool = False
