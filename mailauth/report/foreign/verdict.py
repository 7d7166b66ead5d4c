"""What a line of another server's log proves: the verdict on the client's hop, and the exposure.

If TLS is unknown, the verdict is `None`, never secure.
"""

import enum
from functools import cache, lru_cache
from typing import assert_never

import msgspec

from mailauth.login.event import Result


class Wire(enum.StrEnum):
    """How the password was sent, according to the log."""

    CLEARTEXT = "cleartext"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    TLS = "tls"  # but how it began is unknown
    UNKNOWN = "unknown"


class Verdict(msgspec.Struct, frozen=True):
    """The record's `secure` and `security`; both are `None` if the log does not say."""

    secure: bool | None
    security: str | None


_IMPLICIT_PORTS = frozenset({993, 995, 465})
_STARTTLS_PORTS = frozenset({25, 110, 143, 587})

_CHALLENGES = ("SCRAM-", "CRAM-", "DIGEST-", "GS2-", "GSS", "KERBEROS", "NTLM", "OTP", "APOP")
_NO_SECRET = frozenset({"EXTERNAL", "ANONYMOUS"})
_SENT_AS_IT_IS = frozenset({"PLAIN", "LOGIN", "PLAINTEXT", "OAUTHBEARER", "XOAUTH2"})


@cache
def verdict(wire: Wire) -> Verdict:
    """Decide between secure, not secure and unknown."""
    match wire:
        case Wire.CLEARTEXT:
            return Verdict(False, wire)
        case Wire.STARTTLS | Wire.IMPLICIT | Wire.TLS:
            return Verdict(True, wire)
        case Wire.UNKNOWN:
            return Verdict(None, None)
        case _:
            assert_never(wire)


def tls_at(port: int | None) -> Wire:
    """Return how TLS began at a port, if that is a well-known one."""
    if port in _IMPLICIT_PORTS:
        return Wire.IMPLICIT
    return Wire.STARTTLS if port in _STARTTLS_PORTS else Wire.TLS


@lru_cache(1_024)
def exposed(wire: Wire, result: Result, mechanism: str | None) -> bool | None:
    """Return whether the real reusable secret was sent in the clear, or `None` if unknown.

    A log does not say whether a refused password was the correct one.
    """
    if wire in (Wire.STARTTLS, Wire.IMPLICIT, Wire.TLS):
        return False
    name = mechanism.upper() if mechanism is not None else ""
    if name in _NO_SECRET or name.startswith(_CHALLENGES):
        return False
    if wire is Wire.CLEARTEXT and result is Result.SUCCESS and name in _SENT_AS_IT_IS:
        return True
    return None
