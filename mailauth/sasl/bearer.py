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
)

_KVSEP = b"\x01"
_BEARER = re.compile(rb"bearer +([A-Za-z0-9\-._~+/]+=*)", re.IGNORECASE)


def oauthbearer(initial_response: bytes | None, context: ExchangeContext) -> Exchange:
    """A GS2 header with the authzid, then key/value pairs with `auth=Bearer …` (RFC 7628 §3.1)."""
    response = initial_response if initial_response is not None else (yield b"")
    header, separator, pairs = response.partition(_KVSEP)
    if not separator or not response.endswith(_KVSEP * 2):
        raise MalformedResponse("OAUTHBEARER takes a GS2 header and key/value pairs")
    flag, _, rest = header.partition(b",")
    authzid, comma, trail = rest.partition(b",")
    if flag not in (b"n", b"y") or not comma or trail or (authzid and authzid[:2] != b"a="):
        raise MalformedResponse("OAUTHBEARER's GS2 header is n,[a=authzid],")
    name = authzid[2:].replace(b"=2C", b",").replace(b"=3D", b"=")
    return (yield from _bearer(name, pairs, context))


def xoauth2(initial_response: bytes | None, context: ExchangeContext) -> Exchange:
    """`user=` name, `auth=Bearer` token; the name is whom the client wants to be."""
    response = initial_response if initial_response is not None else (yield b"")
    user, separator, pairs = response.partition(_KVSEP)
    if not separator or user[:5] != b"user=" or not user[5:]:
        raise MalformedResponse("XOAUTH2 takes user=name and auth=Bearer token")
    return (yield from _bearer(user[5:], pairs, context))


def _bearer(authzid: bytes, pairs: bytes, context: ExchangeContext) -> Exchange:
    token = _token(pairs)
    if token is None:
        raise MalformedResponse("the auth key must be Bearer and a token")
    verdict = context.verify_token(token)
    authcid = verdict.user or authzid
    if not (verdict.valid and context.admits(authcid)):  # RFC 7628 §3.2.2
        yield msgspec.json.encode({"status": "invalid_token", "schemes": "bearer", "scope": "mail"})
    return ProvenClaim(
        authcid=authcid,
        proven=verdict.valid,
        authzid=authzid,
        reason=verdict.reason,
        token=token,
    )


def _token(pairs: bytes) -> bytes | None:
    for pair in pairs.split(_KVSEP):
        key, _, value = pair.partition(b"=")
        if key.lower() == b"auth":
            match = _BEARER.fullmatch(value)
            return match[1] if match else None
    return None


OAUTHBEARER = Mechanism(name="OAUTHBEARER", start=oauthbearer, sends_secret=True, need=Need.TOKEN)
XOAUTH2 = Mechanism(name="XOAUTH2", start=xoauth2, sends_secret=True, need=Need.TOKEN)
