"""Bearer tokens without a cloud: a local issuer whose tokens expire and can be revoked."""

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
