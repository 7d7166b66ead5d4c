"""Bearer tokens: a local issuer whose tokens expire and can be revoked, and tokens for the API."""

from mailauth.tokens.issuer import (
    AUDIENCE,
    ISSUER,
    LIFETIME,
    REFRESH_AUDIENCE,
    REFRESH_LIFETIME,
    TokenIssuer,
)

__all__ = [
    "AUDIENCE",
    "ISSUER",
    "LIFETIME",
    "REFRESH_AUDIENCE",
    "REFRESH_LIFETIME",
    "TokenIssuer",
]
