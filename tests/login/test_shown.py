"""What clients send, made fit to be written down: capped by what is written."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.login.shown import NAME_OCTETS, shown
from mailauth.wire.unseen import escaped_json


def octets_as_json(text: str) -> int:
    """How many octets the text takes inside a JSON string of the journal."""
    return len(escaped_json(msgspec.json.encode(text))) - 2


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
    sent = b"x" * (NAME_OCTETS - fits) + character.encode() * 2
    assert shown(sent) == "x" * (NAME_OCTETS - fits)


def test_a_character_that_just_fits_is_kept() -> None:
    assert shown(b"x" * (NAME_OCTETS - 3) + "€€".encode()).endswith("x€")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"x" * 5000, NAME_OCTETS),
        (b"\x01" * 5000, NAME_OCTETS // 6),
        (b"\x7f" * 5000, NAME_OCTETS // 6),
        (b'"' * 5000, NAME_OCTETS // 2),
        ("\u202e".encode() * 5000, NAME_OCTETS // 6),
        ("\U000e0041".encode() * 5000, NAME_OCTETS // 12),
        ("€".encode() * 5000, NAME_OCTETS // 3),
    ],
)
def test_the_cap_counts_octets_as_they_are_written(sent: bytes, kept: int) -> None:
    assert len(shown(sent)) == kept


def test_octets_that_are_no_character_count_as_they_are_written() -> None:
    assert shown(b"\x80" * 5000) == "%80" * (NAME_OCTETS // 3)
    assert shown(b"x" * (NAME_OCTETS - 4) + b"\xff\xff") == "x" * (NAME_OCTETS - 4) + "%FF"


@given(st.binary(max_size=40) | st.text().map(str.encode), st.integers(0, 60), st.integers(12, 600))
def test_any_bytes_become_bounded_text_that_is_the_beginning(
    sent: bytes, more: int, octets: int
) -> None:
    whole = sent * more
    text = shown(whole, octets)
    assert octets_as_json(text) <= octets
    assert shown(whole, 100_000).startswith(text)
    longer = shown(whole, 100_000)[: len(text) + 3]  # one more character, percent-encoded or not
    assert longer == text or octets_as_json(longer) > octets - 12


@given(st.text(max_size=40))
def test_text_that_fits_is_itself(text: str) -> None:
    assert shown(text.encode()) == text
