"""APOP (RFC 1939 §7): POP3's own challenge and response, before there was SASL."""

import hashlib
import hmac

from mailauth.sasl.exchange import Credentials, ProvenClaim


def apop(authcid: bytes, digest: bytes, timestamp: bytes, credentials: Credentials) -> ProvenClaim:
    """Compare with the MD5 digest of the greeting's timestamp followed by the password."""
    secret = credentials.shared_secret(authcid)
    expected = hashlib.md5(timestamp + secret, usedforsecurity=False).hexdigest().encode()
    return ProvenClaim(authcid=authcid, proven=hmac.compare_digest(expected, digest.lower()))
