"""CRAM-MD5 (RFC 2195): the password is not sent, but an eavesdropper can guess it offline."""

import hmac

from mailauth.sasl.exchange import (
    Exchange,
    ExchangeContext,
    MalformedResponse,
    Mechanism,
    Need,
    ProvenClaim,
)


def cram_md5(initial_response: bytes | None, context: ExchangeContext) -> Exchange:
    """`name SP digest`, where the digest is the keyed MD5 of our challenge (RFC 2195 §2)."""
    if initial_response is not None:
        raise MalformedResponse("CRAM-MD5 takes no initial response")
    challenge = f"<{context.nonce()}@{context.hostname}>".encode()
    response = yield challenge
    authcid, _, digest = response.rpartition(b" ")
    if not authcid or len(digest) != 32:
        raise MalformedResponse("CRAM-MD5 takes a name, a space and 32 hexadecimal digits")
    secret = context.credentials.shared_secret(authcid)
    expected = hmac.new(secret, challenge, "md5").hexdigest().encode()
    return ProvenClaim(authcid=authcid, proven=hmac.compare_digest(expected, digest.lower()))


CRAM_MD5 = Mechanism(name="CRAM-MD5", start=cram_md5, need=Need.SHARED_SECRET)
