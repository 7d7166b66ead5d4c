"""The base64 encoding of challenges and responses (RFC 4954 §4, 5034 §4, 9051 §6.2.2)."""

import binascii

from mailauth.sasl.exchange import MalformedResponse

CANCEL = b"*"


def encode_challenge(challenge: bytes) -> bytes:
    """Encode a challenge; an empty one is encoded as empty."""
    return binascii.b2a_base64(challenge, newline=False)


def decode_response(text: bytes) -> bytes:
    """Decode a response strictly; raises `MalformedResponse`."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        raise MalformedResponse("not base64") from None


def decode_initial_response(text: bytes) -> bytes:
    """Decode an initial response, where `=` stands for an empty one (RFC 4422 §4)."""
    return b"" if text == b"=" else decode_response(text)
