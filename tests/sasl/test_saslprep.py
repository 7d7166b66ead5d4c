"""SASLprep: its tables, what it makes of texts, and what it may cost."""

import stringprep
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.sasl import saslprep as module
from mailauth.sasl.saslprep import (
    LONGEST,
    LONGEST_PREPARED,
    PreparedOnce,
    Prohibited,
    prepared,
    saslprep,
)

LIGATURE = "\ufdfa"  # becomes 18 characters
PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def test_the_classes_are_the_tables_of_rfc_3454() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    assert "".join(module._NOTHING.findall(everything)) == "".join(
        filter(stringprep.in_table_b1, everything)
    )
    assert module._SPACE.findall(everything) == list(filter(stringprep.in_table_c12, everything))
    assert module._RIGHT_TO_LEFT.findall(everything) == list(
        filter(stringprep.in_table_d1, everything)
    )
    assert module._PROHIBITED.findall(everything) == [
        character for character in everything if any(table(character) for table in PROHIBITED)
    ]


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u200bb\u00a0c", "ab c"),
        ("\u0627\u0031\u0627", "\u06271\u0627"),
    ],
)
def test_texts_are_prepared_as_rfc_4013_shows(text: str, becomes: str) -> None:
    """RFC 4013 §3."""
    assert saslprep(text) == becomes
    assert prepared(text.encode()) == becomes.encode()


@pytest.mark.parametrize("text", ["\u0007", "\u0627\u0031", "\u0627a\u0627", "\ue000"])
def test_prohibited_text_stays_as_it_is(text: str) -> None:
    """RFC 4013 §3: prohibited characters, and directions that are mixed."""
    with pytest.raises(Prohibited):
        saslprep(text)
    assert prepared(text.encode()) == text.encode()


@given(st.text(max_size=LONGEST))
def test_any_text_is_prepared_as_the_tables_say(text: str) -> None:
    """RFC 4013 §2, character by character; ASCII is not looked at."""
    mapped = "".join(
        " " if stringprep.in_table_c12(character) else character
        for character in text
        if not stringprep.in_table_b1(character)
    )
    becomes = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    right_to_left = [stringprep.in_table_d1(character) for character in becomes]
    prohibited = any(table(character) for character in becomes for table in PROHIBITED) or (
        any(right_to_left)
        and (
            any(map(stringprep.in_table_d2, becomes))
            or not (right_to_left[0] and right_to_left[-1])
        )
    )
    stays = prohibited or text.isascii() or len(becomes) > LONGEST_PREPARED
    assert prepared(text.encode("utf-8", "surrogatepass")) == (
        text.encode("utf-8", "surrogatepass") if stays else becomes.encode()
    )


@pytest.mark.parametrize(
    ("text", "is_normalized"),
    [
        ("\uff21" * LONGEST, True),
        ("\uff21" * (LONGEST + 1), False),
        ("é" * 5000, False),
        ("a\u0316\u0301" * 4000, False),
        (LIGATURE * 3000, False),
        ("a" * 12_288, False),
    ],
)
def test_a_long_text_is_not_even_normalized(
    monkeypatch: pytest.MonkeyPatch, text: str, is_normalized: bool
) -> None:
    """It may come from a stranger, and takes as long as it is."""
    normalized: list[str] = []

    def normalize(text: str) -> str:
        normalized.append(text)
        return text

    monkeypatch.setattr(module, "_normalized", normalize)
    assert prepared(text.encode()) == text.encode()
    assert bool(normalized) is is_normalized


def test_a_text_that_becomes_long_stays_as_it_is() -> None:
    fits = LIGATURE * (LONGEST_PREPARED // 18)
    assert prepared(fits.encode()) == saslprep(fits).encode() != fits.encode()
    assert prepared((fits + LIGATURE).encode()) == (fits + LIGATURE).encode()


def test_a_text_is_prepared_once_until_it_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def counted(octets: bytes) -> bytes:
        asked.append(octets)
        return octets.upper()

    monkeypatch.setattr(module, "prepared", counted)
    prepare = PreparedOnce()
    texts = [f"ä{number}".encode() for number in range(3)]
    for _ in range(2):
        assert [prepare(text) for text in (*texts, b"ascii")] == [
            *(text.upper() for text in texts),
            b"ascii",
        ]
    assert asked == texts
    prepare.forget()
    assert prepare(texts[0]) == texts[0].upper()
    assert asked == [*texts, texts[0]]


def test_little_is_kept_of_what_was_prepared_once() -> None:
    prepare = PreparedOnce()
    for number in range(1000):
        prepare(f"ä{number}".encode())
    assert len(prepare._known) <= module._KNOWN
