"""Modified UTF-7 (RFC 3501 §5.1.3)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.wire import utf7


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("INBOX", b"INBOX"),
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("a&b", b"a&-b"),
        ("Entwürfe", b"Entw&APw-rfe"),
        ("\N{GRINNING FACE}", b"&2D3eAA-"),
    ],
)
def test_names(name: str, octets: bytes) -> None:
    assert utf7.encode(name) == octets
    assert utf7.decode(octets) == name


@pytest.mark.parametrize(
    "octets", [b"&", b"&Jjo", b"&Jjo!", b"&AGE-", b"&AP-", b"\xff", b"&2D0-", b"&A-", b"a\0"]
)
def test_what_is_no_name(octets: bytes) -> None:
    with pytest.raises(utf7.InvalidUtf7):
        utf7.decode(octets)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_name_comes_back(name: str) -> None:
    assert utf7.decode(utf7.encode(name)) == name


@given(st.binary(max_size=30) | st.text("&-,AB/=+", max_size=12).map(str.encode))
def test_any_octets_are_a_name_or_none(octets: bytes) -> None:
    with suppress(utf7.InvalidUtf7):
        utf7.decode(octets)
