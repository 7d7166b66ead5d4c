"""OAUTHBEARER (RFC 7628) and XOAUTH2 (Google's): a bearer token in place of a password."""

import re

import msgspec

from mailauth.sasl.exchange import (
    Exchange,
    ExchangeContext,
    MalformedResponse,
    Mechanism,
    Need,
    ProvenClaim,
    TokenVerdict,
)

_KVSEP = b"\x01"
_GS2_HEADER = re.compile(rb"[ny],(?:(?:a|user)=([^,]*))?,")
_BEARER = re.compile(rb"bearer +([A-Za-z0-9\-._~+/]+=*)", re.IGNORECASE)


_NO_TOKEN = TokenVerdict(user=b"", valid=False, reason="no token")


def oauthbearer(initial_response: bytes | None, context: ExchangeContext) -> Exchange:
    """A GS2 header with the authzid, then key/value pairs with `auth=Bearer …` (RFC 7628 §3.1).

    The authzid is in `a=`, or in `user=` as some clients copied from the example in §4.4.
    """
    response = initial_response if initial_response is not None else (yield b"")
    header, separator, pairs = response.partition(_KVSEP)
    if not separator or not response.endswith(_KVSEP * 2):
        raise MalformedResponse("OAUTHBEARER takes a GS2 header and key/value pairs")
    gs2 = _GS2_HEADER.fullmatch(header)
    if gs2 is None:
        raise MalformedResponse("OAUTHBEARER's GS2 header is n,[a=authzid],")
    name = (gs2[1] or b"").replace(b"=2C", b",").replace(b"=3D", b"=")
    return (yield from _bearer(name, pairs, context))


def xoauth2(initial_response: bytes | None, context: ExchangeContext) -> Exchange:
    """`user=` with the account that the client wants to use, and `auth=Bearer` with the token."""
    response = initial_response if initial_response is not None else (yield b"")
    user, separator, pairs = response.partition(_KVSEP)
    if not separator or user[:5] != b"user=" or not user[5:]:
        raise MalformedResponse("XOAUTH2 takes user=name and auth=Bearer token")
    return (yield from _bearer(user[5:], pairs, context))


def _bearer(authzid: bytes, pairs: bytes, context: ExchangeContext) -> Exchange:
    token = _token(pairs)
    if token is None:
        raise MalformedResponse("the auth key must be Bearer and a token")
    verdict = context.verify_token(token) if token else _NO_TOKEN
    authcid = verdict.user or authzid
    if not (verdict.valid and context.admits(authcid)):  # RFC 7628 §3.2.2
        yield msgspec.json.encode({"status": "invalid_token", "schemes": "bearer", "scope": "mail"})
    return ProvenClaim(
        authcid=authcid,
        proven=verdict.valid,
        authzid=authzid,
        reason=verdict.reason,
        token=token or None,
    )


def _token(pairs: bytes) -> bytes | None:
    """Find the token; an empty `auth` only asks which scope is needed (RFC 7628 §4.3)."""
    for pair in pairs.split(_KVSEP):
        key, _, value = pair.partition(b"=")
        if key.lower() == b"auth":
            if not value:
                return b""
            match = _BEARER.fullmatch(value)
            return match[1] if match else None
    return None


OAUTHBEARER = Mechanism(name="OAUTHBEARER", start=oauthbearer, sends_secret=True, need=Need.TOKEN)
XOAUTH2 = Mechanism(name="XOAUTH2", start=xoauth2, sends_secret=True, need=Need.TOKEN)
