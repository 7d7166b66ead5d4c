"""What clients send, made fit to be written down (DESIGN 2.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.login.shown import FIELD_OCTETS, shown


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b"", ""),
        (b"mary", "mary"),
        ("jürgen".encode(), "jürgen"),
        (b"\xff", "%FF"),
        (b"a\x80b\xc3", "a%80b%C3"),
        (b"\xed\xa0\x80", "%ED%A0%80"),  # a surrogate is no character of UTF-8
        (b"\xc0\x80", "%C0%80"),  # nor is an overlong NUL
        (b"100%\r\n", "100%\r\n"),  # escaping is up to whoever prints it
    ],
)
def test_what_is_utf8_stays_and_the_rest_is_percent_encoded(sent: bytes, text: str) -> None:
    assert shown(sent) == text


@pytest.mark.parametrize(
    ("character", "fits"),
    [("ä", 0), ("€", 0), ("😀", 0), ("ä", 1), ("€", 1), ("€", 2), ("😀", 1), ("😀", 3)],
)
def test_a_character_is_not_cut_in_two(character: str, fits: int) -> None:
    sent = b"x" * (FIELD_OCTETS - fits) + character.encode() * 2
    assert shown(sent) == "x" * (FIELD_OCTETS - fits)


def test_a_character_that_just_fits_is_kept() -> None:
    assert shown(b"x" * (FIELD_OCTETS - 3) + "€€".encode()).endswith("x€")


def test_octets_that_are_no_character_are_cut_like_any_other() -> None:
    assert shown(b"\x80" * 5000) == "%80" * FIELD_OCTETS
    assert shown(b"x" * (FIELD_OCTETS - 1) + b"\xff\xff") == "x" * (FIELD_OCTETS - 1) + "%FF"


@given(st.binary(max_size=40) | st.text().map(str.encode), st.integers(0, 6))
def test_any_bytes_become_bounded_text_that_is_the_beginning(sent: bytes, more: int) -> None:
    whole = sent + b"x" * (FIELD_OCTETS - 20) + sent * more
    text = shown(whole)
    text.encode("utf-8")
    assert shown(whole[:FIELD_OCTETS]).startswith(text)
    assert len(shown(whole[:FIELD_OCTETS])) - len(text) <= 3 * 3


@given(st.text(max_size=200))
def test_text_that_fits_is_itself(text: str) -> None:
    assert shown(text.encode()) == text
