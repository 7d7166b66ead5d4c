"""SASL mechanisms (RFC 4422), one file each: generators yield challenges, receive responses."""

from mailauth.sasl.encoding import (
    CANCEL,
    decode_initial_response,
    decode_response,
    encode_challenge,
)
from mailauth.sasl.exchange import (
    Claim,
    Exchange,
    ExchangeContext,
    MalformedResponse,
    Mechanism,
    Need,
    PasswordClaim,
    ProvenClaim,
    TokenVerdict,
)
from mailauth.sasl.mechanisms import MECHANISMS

__all__ = [
    "CANCEL",
    "MECHANISMS",
    "Claim",
    "Exchange",
    "ExchangeContext",
    "MalformedResponse",
    "Mechanism",
    "Need",
    "PasswordClaim",
    "ProvenClaim",
    "TokenVerdict",
    "decode_initial_response",
    "decode_response",
    "encode_challenge",
]
