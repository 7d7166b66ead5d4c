"""Base64 as SASL profiles use it."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.sasl import (
    MalformedResponse,
    decode_initial_response,
    decode_response,
    encode_challenge,
)


@given(st.binary())
def test_what_is_encoded_decodes_to_itself(data: bytes) -> None:
    """RFC 4648 §4, without line breaks."""
    assert decode_response(encode_challenge(data)) == data


@pytest.mark.parametrize(
    "text",
    [b"=", b"A", b"AAA", b"AA=A", b"AA==A", b"A\0==", b"AA AA", b"AA==\n", b"\xff\xff\xff\xff"],
)
def test_what_is_not_base64_to_the_letter_is_malformed(text: bytes) -> None:
    """RFC 4954 §4: a server must reject it, whatever a lenient decoder makes of it."""
    with pytest.raises(MalformedResponse, match=r"^not base64$"):
        decode_response(text)


def test_a_lone_equals_sign_is_an_empty_initial_response() -> None:
    """RFC 4422 §4: the empty initial response differs from none."""
    assert decode_initial_response(b"=") == b""
    assert decode_initial_response(b"AA==") == b"\0"


@given(st.binary(max_size=80))
def test_any_bytes_decode_or_are_malformed(text: bytes) -> None:
    """Nothing but the parser's own error comes out."""
    with contextlib.suppress(MalformedResponse):
        decode_initial_response(text)
