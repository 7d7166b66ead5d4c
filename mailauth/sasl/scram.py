"""SCRAM-SHA-1 and SCRAM-SHA-256 (RFC 5802, RFC 7677), with channel binding and without.

We do not use the library scramp because it refuses an authzid. The server's signature is sent only
to a client that will be allowed to log in, so that a blocked client cannot learn whether its
password was correct.
"""

import base64
import binascii
import functools
import hashlib
import hmac
import re

import msgspec

from mailauth.sasl.exchange import (
    Exchange,
    ExchangeContext,
    MalformedResponse,
    Mechanism,
    Need,
    ProvenClaim,
    ScramKeys,
)
from mailauth.sasl.saslprep import prepared

MINIMUM_ITERATIONS = 4096  # RFC 5802 §5.1

_GS2_HEADER = re.compile(rb"(?:([ny])|p=([A-Za-z0-9.-]+)),(?:a=([^,\0]+))?,")
_FIRST_BARE = re.compile(rb"n=([^,\0]+),r=([\x21-\x2b\x2d-\x7e]+)((?:,[A-Za-z]=[^,\0]+)*)")
_FINAL = re.compile(
    rb"(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,\0]+)*),p=([A-Za-z0-9+/=]+)"
)
_ESCAPE = re.compile(rb"=(?!2C|3D)")


class _ClientFirst(msgspec.Struct, frozen=True):
    header: bytes
    bare: bytes
    flag: bytes  # n or y, or p with `binding`
    binding: str
    authzid: bytes
    authcid: bytes
    nonce: bytes


def make_keys(password: bytes, salt: bytes, iterations: int, hash_name: str) -> ScramKeys:
    """Derive the stored keys from a password (RFC 5802 §3); this takes about a millisecond.

    A password that SASLprep prohibits is used unprepared.
    """
    salted = hashlib.pbkdf2_hmac(hash_name, prepared(password), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", hash_name)
    return ScramKeys(
        salt=salt,
        iterations=iterations,
        stored_key=hashlib.new(hash_name, client_key).digest(),
        server_key=hmac.digest(salted, b"Server Key", hash_name),
    )


def scram(
    initial_response: bytes | None,
    context: ExchangeContext,
    *,
    hash_name: str,
    plus: str,
    binds_channel: bool,
) -> Exchange:
    """Exchange the four messages of RFC 5802 §5."""
    first = _client_first(initial_response if initial_response is not None else (yield b""))
    if first.flag == b"y" and plus in context.offered:  # RFC 5802 §6
        raise MalformedResponse("channel binding is offered, but the client was told it is not")
    binding_data = _binding_data(first, context, binds_channel)
    keys = context.credentials.scram_keys(first.authcid, hash_name)
    nonce = first.nonce + context.nonce().encode()
    salt = base64.b64encode(keys.salt)
    server_first = b"r=%s,s=%s,i=%d" % (nonce, salt, keys.iterations)

    response = yield server_first
    final = _FINAL.fullmatch(response)
    if final is None:
        raise MalformedResponse("not a client-final-message of SCRAM")
    without_proof, binding, final_nonce, proof = final.groups()
    if final_nonce != nonce:
        raise MalformedResponse("the nonce is not the one of this exchange")
    if _decode(binding) != first.header + binding_data:
        return ProvenClaim(
            authcid=first.authcid,
            proven=False,
            authzid=first.authzid,
            reason="channel bindings do not match",
        )
    auth_message = b",".join((first.bare, server_first, without_proof))
    proven = _proves(_decode(proof), keys, auth_message, hash_name)
    if proven and context.admits(first.authcid):
        signature = hmac.digest(keys.server_key, auth_message, hash_name)
        if (yield b"v=" + base64.b64encode(signature)):
            raise MalformedResponse("the response to the server's signature must be empty")
    return ProvenClaim(authcid=first.authcid, proven=proven, authzid=first.authzid)


def _client_first(message: bytes) -> _ClientFirst:
    header = _GS2_HEADER.match(message)
    bare = _FIRST_BARE.fullmatch(message, header.end()) if header else None
    if header is None or bare is None:
        raise MalformedResponse("not a client-first-message of SCRAM")
    flag, binding, authzid = header.groups()
    return _ClientFirst(
        header=header[0],
        bare=message[header.end() :],
        flag=flag or b"p",
        binding=(binding or b"").decode("ascii"),
        authzid=_saslname(authzid or b""),
        authcid=_saslname(bare[1]),
        nonce=bare[2],
    )


def _saslname(name: bytes) -> bytes:
    if _ESCAPE.search(name):
        raise MalformedResponse("an = in a name must be written =3D")
    return name.replace(b"=2C", b",").replace(b"=3D", b"=")


def _binding_data(first: _ClientFirst, context: ExchangeContext, binds_channel: bool) -> bytes:
    """Return the channel binding data that the client must send (RFC 5802 §6)."""
    if binds_channel != (first.flag == b"p"):
        raise MalformedResponse("the channel binding flag does not fit the mechanism")
    if not binds_channel:
        return b""
    if first.binding not in context.channel_bindings:
        raise MalformedResponse("this type of channel binding is not offered")
    return context.channel_bindings[first.binding]


def _proves(proof: bytes, keys: ScramKeys, auth_message: bytes, hash_name: str) -> bool:
    """Compare H(ClientProof XOR ClientSignature) with StoredKey (RFC 5802 §3)."""
    client_signature = hmac.digest(keys.stored_key, auth_message, hash_name)
    if len(proof) != len(client_signature):
        return False
    client_key = bytes(a ^ b for a, b in zip(proof, client_signature, strict=True))
    return hmac.compare_digest(hashlib.new(hash_name, client_key).digest(), keys.stored_key)


def _decode(encoded: bytes) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise MalformedResponse("invalid base64 in a SCRAM message") from None


def _mechanism(name: str, hash_name: str, need: Need, *, binds_channel: bool = False) -> Mechanism:
    plus = f"{name}-PLUS"
    return Mechanism(
        name=plus if binds_channel else name,
        start=functools.partial(scram, hash_name=hash_name, plus=plus, binds_channel=binds_channel),
        need=need,
        binds_channel=binds_channel,
    )


SCRAM_SHA_1 = _mechanism("SCRAM-SHA-1", "sha1", Need.SCRAM_SHA_1)
SCRAM_SHA_1_PLUS = _mechanism("SCRAM-SHA-1", "sha1", Need.SCRAM_SHA_1, binds_channel=True)
SCRAM_SHA_256 = _mechanism("SCRAM-SHA-256", "sha256", Need.SCRAM_SHA_256)
SCRAM_SHA_256_PLUS = _mechanism("SCRAM-SHA-256", "sha256", Need.SCRAM_SHA_256, binds_channel=True)
