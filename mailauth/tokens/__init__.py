"""Bearer tokens without a cloud: a local issuer whose tokens expire and can be revoked."""

from mailauth.tokens.issuer import AUDIENCE, ISSUER, TokenIssuer

__all__ = ["AUDIENCE", "ISSUER", "TokenIssuer"]
