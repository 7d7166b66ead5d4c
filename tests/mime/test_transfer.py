"""Content transfer encodings (RFC 2045 §6)."""

import pytest

from mailauth.mime.transfer import UnknownEncoding, decode


@pytest.mark.parametrize(
    ("encoded", "decoded"),
    [
        (b"a  \r\nb", b"a\r\nb"),
        (b"a \t \n \r\nb\t", b"a\n\r\nb"),
        (b"a=  \r\nb", b"ab"),
        (b"a=\t\nb", b"ab"),
        (b"a= ", b"a"),
        (b"a=20\r\nb", b"a \r\nb"),
        (b"a =\r\nb", b"a b"),
        (b"a  b", b"a  b"),
        (b"=e4=E4=", b"\xe4\xe4"),
    ],
)
def test_white_space_at_the_end_of_a_quoted_printable_line(encoded: bytes, decoded: bytes) -> None:
    """RFC 2045 §6.7, rules 3 and 5: it is deleted, also after the `=` of a soft line break."""
    assert decode(encoded, b"QUOTED-PRINTABLE") == decoded


def test_long_runs_of_white_space_take_linear_time() -> None:
    """A run that does not end its line is looked at once, not once from each of its octets."""
    octets = (b" " * 1_000_000 + b"x") * 2
    assert decode(octets, b"QUOTED-PRINTABLE") == octets


def test_an_encoding_that_is_not_known() -> None:
    """RFC 3516 §4.3: UNKNOWN-CTE."""
    with pytest.raises(UnknownEncoding):
        decode(b"x", b"X-UUENCODE")
