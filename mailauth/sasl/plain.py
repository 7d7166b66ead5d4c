"""PLAIN (RFC 4616)."""

from mailauth.sasl.exchange import (
    Exchange,
    ExchangeContext,
    MalformedResponse,
    Mechanism,
    PasswordClaim,
)


def plain(initial_response: bytes | None, context: ExchangeContext) -> Exchange:
    """`[authzid] NUL authcid NUL passwd` in one response (RFC 4616 §2)."""
    response = initial_response if initial_response is not None else (yield b"")
    parts = response.split(b"\0")
    if len(parts) != 3:
        raise MalformedResponse("PLAIN takes authzid NUL authcid NUL password")
    authzid, authcid, password = parts
    if not authcid or not password:
        raise MalformedResponse("PLAIN needs an authcid and a password")
    return PasswordClaim(authcid=authcid, password=password, authzid=authzid)


PLAIN = Mechanism(name="PLAIN", start=plain, sends_secret=True)
