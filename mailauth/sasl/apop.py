"""APOP (RFC 1939 §7), the challenge-response login of POP3 that predates SASL."""

import hashlib
import hmac

from mailauth.sasl.exchange import Credentials, ProvenClaim
from mailauth.sasl.saslprep import prepared


def apop(authcid: bytes, digest: bytes, timestamp: bytes, credentials: Credentials) -> ProvenClaim:
    """Compare the digest with the MD5 of the greeting's timestamp followed by the password.

    Clients use the password as it is, or prepared by SASLprep (RFC 6856 §2.2).
    """
    secret = credentials.shared_secret(authcid)
    proven = False
    for form in (secret, prepared(secret)):
        expected = hashlib.md5(timestamp + form, usedforsecurity=False).hexdigest().encode()
        proven |= hmac.compare_digest(expected, digest.lower())
    return ProvenClaim(authcid=authcid, proven=proven)
