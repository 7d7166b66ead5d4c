"""Tokens that somebody typed where a name belongs: they are not written down."""

import re

_JSON = b"eyJ"  # how a JSON object begins in base64url: header and claims of a JWT (RFC 7519 §3)
_BASE64URL = re.compile(rb"[A-Za-z0-9_-]{10,}")
_API_TOKEN = re.compile(rb"mailauth_[A-Za-z0-9_-]{32}")


def holds_token(sent: bytes) -> bool:
    """Say whether there is a token in what was sent: a JWT, of any issuer, or one for our API.

    What it is worth does not matter: an expired one stands beside its successor in a client, and a
    mistake that was made with one is made with the other.
    """
    before, claims, _ = sent.partition(b"." + _JSON)
    if claims and _BASE64URL.fullmatch(before, max(0, before.rfind(_JSON))):
        return _JSON in before
    return _API_TOKEN.search(sent) is not None
