"""Tokens that were entered into a name field; they are not recorded."""

import re

_JSON = b"eyJ"  # how the header and claims of a JWT begin in base64url (RFC 7519 §3)
_BASE64URL = re.compile(rb"[A-Za-z0-9_-]{10,}")
_API_TOKEN = re.compile(rb"mailauth_[A-Za-z0-9_-]{32}")


def holds_token(sent: bytes) -> bool:
    """Return whether the text contains a token: a JWT of any issuer, or one for our API.

    Its validity does not matter: a client that sends an expired token here will do so with the
    next.
    """
    before, claims, _ = sent.partition(b"." + _JSON)
    if claims and _BASE64URL.fullmatch(before, max(0, before.rfind(_JSON))):
        return _JSON in before
    return _API_TOKEN.search(sent) is not None
