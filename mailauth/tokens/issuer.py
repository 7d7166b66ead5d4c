"""Issuing and verifying tokens: signed JWTs (RFC 7519), valid in all workers and after a restart.

A refresh token (RFC 6749 §1.5) is a token for another audience: the issuer itself.

The key and the list of revoked tokens are in the home's state directory. A process that can read it
can issue tokens, as the command line does.
"""

import base64
import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import jwt
from jwt.types import Options

from mailauth.home.key import key_in
from mailauth.sasl.exchange import TokenVerdict

ISSUER = "mailauth"
AUDIENCE = "mail"
LIFETIME = 3600.0  # seconds, by default
REFRESH_AUDIENCE = "mailauth-refresh"
REFRESH_LIFETIME = 30 * 86_400.0

_ALGORITHM = "HS256"
_KEY_FILE = "token.key"
_REVOKED_FILE = "tokens.revoked"
_SIGNATURE_ALONE: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
}


class TokenIssuer:
    """The issuer of a home; `now` is the clock that stamps the record, in seconds."""

    def __init__(self, state: Path, now: Callable[[], float]) -> None:
        self._now = now
        self._key = key_in(state / _KEY_FILE)
        self._revoked_file = state / _REVOKED_FILE
        self._revoked: frozenset[str] = frozenset()
        self._revoked_as_of: tuple[int, int] | None = None

    def issue(self, user: str, lifetime: float = LIFETIME, audience: str = AUDIENCE) -> str:
        """Issue a token; with a lifetime of zero or less, it has already expired."""
        now = self._now()
        claims = {
            "iss": ISSUER,
            "aud": audience,
            "sub": user,
            "iat": now,
            "exp": now + lifetime,
            "jti": secrets.token_urlsafe(12),
        }
        return jwt.encode(claims, self._key, _ALGORITHM)

    def verify(self, token: bytes, audience: str = AUDIENCE) -> TokenVerdict:
        """Return whose token it is, or, if it has expired or was revoked, whose it was."""
        claims, reason = self._claims(token, audience)
        user = claims.get("sub")
        if not isinstance(user, str):
            return TokenVerdict(user=b"", valid=False, reason=reason or "not one of our tokens")
        if not reason and claims.get("jti") in self._revoked_ids():
            reason = "token revoked"
        return TokenVerdict(user=user.encode(), valid=not reason, reason=reason)

    def revoke(self, token: bytes) -> None:
        """Revoke a token. Raises `ValueError` if it is not one of ours."""
        identifier = self._claims(token, AUDIENCE)[0].get("jti")
        if not isinstance(identifier, str):
            raise ValueError("not one of our tokens")  # noqa: TRY004
        descriptor = os.open(self._revoked_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, identifier.encode() + b"\n")
        finally:
            os.close(descriptor)

    def _claims(self, token: bytes, audience: str) -> tuple[dict[str, object], str]:
        """Return the claims of a token that we signed, and what is wrong with it.

        Anything else is not parsed before its signature is verified.
        """
        if not self._has_signed(token):
            return {}, "not one of our tokens"
        try:
            claims: dict[str, object] = jwt.decode(
                token,
                self._key,
                [_ALGORITHM],
                options=_SIGNATURE_ALONE,  # by our own clock
            )
        except jwt.InvalidTokenError:
            return {}, "not one of our tokens"
        expires = claims.get("exp")
        if not isinstance(expires, int | float) or self._now() >= expires:
            return claims, "token expired"
        if claims.get("iss") != ISSUER:
            return claims, "token of another issuer"
        if claims.get("aud") != audience:
            return claims, "token for the wrong audience"
        return claims, ""

    def _has_signed(self, token: bytes) -> bool:
        """Return whether we signed it, whatever it is (RFC 7515 §5.2)."""
        signed, _, signature = token.rpartition(b".")
        ours = base64.urlsafe_b64encode(hmac.digest(self._key, signed, "sha256")).rstrip(b"=")
        return hmac.compare_digest(ours, signature)

    def _revoked_ids(self) -> frozenset[str]:
        """Read the list again if it has changed."""
        try:
            status = self._revoked_file.stat()
        except FileNotFoundError:
            return frozenset()
        as_of = (status.st_ino, status.st_size)
        if as_of != self._revoked_as_of:
            self._revoked = frozenset(self._revoked_file.read_text("ascii").split())
            self._revoked_as_of = as_of
        return self._revoked
