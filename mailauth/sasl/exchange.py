"""What a mechanism is: challenges and responses that end in a claim (RFC 4422 §3)."""

from collections.abc import Callable, Generator

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


Claim = PasswordClaim
Exchange = Generator[bytes, bytes, Claim]


class ExchangeContext(msgspec.Struct, frozen=True):
    """What an exchange may know besides the client's bytes."""

    hostname: str = "localhost"


class Mechanism(msgspec.Struct, frozen=True):
    """A mechanism by its registered name.

    `start` takes the initial response (`None`: there was none; `b""`: an empty one) and begins an
    exchange. `sends_secret` says whether the client sends the reusable secret itself, so that a
    bystander on an unprotected connection has it.
    """

    name: str
    start: Callable[[bytes | None, ExchangeContext], Exchange]
    sends_secret: bool
