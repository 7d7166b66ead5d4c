"""SASL mechanisms (RFC 4422), one file each: generators yield challenges, receive responses."""

from mailauth.sasl.exchange import (
    Claim,
    Exchange,
    ExchangeContext,
    MalformedResponse,
    Mechanism,
    PasswordClaim,
)
from mailauth.sasl.mechanisms import MECHANISMS

__all__ = [
    "MECHANISMS",
    "Claim",
    "Exchange",
    "ExchangeContext",
    "MalformedResponse",
    "Mechanism",
    "PasswordClaim",
]
