"""Charsets and encoded words (RFC 2047)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.mime.charsets import PIECE_OCTETS, codec, decoded, header_text, pieces


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"plain", "plain"),
        (b"=?ISO-8859-1?Q?a?=", "a"),
        (b"=?ISO-8859-1?Q?a?= b", "a b"),
        (b"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
        (b"=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"),
        (b"=?ISO-8859-1?Q?a_b?=", "a b"),
        (b"=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
        (b"=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"),
        (b"=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld Jørn Simonsen"),
        (
            b"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= "
            b"=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
            "If you can read this you understand the example.",
        ),
        (b"=?utf-8*en?q?caf=C3=A9?=", "café"),  # RFC 2231 §5
        # one character in two words
        (b"=?utf-8?b?w6k=?= =?utf-8?q?=C3?= =?UTF-8?q?=A9?=", "éé"),
        # broken
        (b"=?utf-8?q?two words?=", "two words"),
        (b"=?nonsense?q?=E9?=", "é"),
        (b"=?utf-8?x?a?=", "=?utf-8?x?a?="),
        (b"=?utf-8?q?never ended", "=?utf-8?q?never ended"),
        (b"caf\xc3\xa9 =?utf-8?q?!?=", "café !"),
        (b"caf\xe9", "café"),
    ],
)
def test_encoded_words(value: bytes, expected: str) -> None:
    """RFC 2047 §8, and what else there is."""
    assert header_text(value) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"UTF-8", "utf_8"),
        (b"us-ascii", "ascii"),
        (b"ANSI_X3.4-1968", "ascii"),
        (b"ISO-8859-1", "latin_1"),
        (b"iso-8859-15", "iso8859_15"),
        (b"windows-1252", "cp1252"),
        (b"Shift_JIS", "shift_jis"),
        (b"ISO-2022-JP", "iso2022_jp"),
        (b"koi8-u", "koi8_u"),
        (b"GB18030", "gb18030"),
        # these are no charsets, or would take long
        (b"base64", None),
        (b"zlib", None),
        (b"rot13", None),
        (b"punycode", None),
        (b"idna", None),
        (b"unicode_escape", None),
        (b"undefined", None),
        (b"os.path", None),
        (b"", None),
        (b"\xff\0", None),
    ],
)
def test_charsets(name: bytes, expected: str | None) -> None:
    assert codec(name) == expected


@given(st.binary(max_size=60), st.sampled_from([b"utf-7", b"utf-16", b"hz", b"iso-2022-kr", b"?"]))
def test_any_octets_are_text_in_any_charset(octets: bytes, charset: bytes) -> None:
    decoded(octets, charset)


CHARSETS = [
    *(b"us-ascii", b"utf-8", b"utf-7", b"utf-16", b"utf-32", b"iso-8859-1", b"koi8-r", b"cp720"),
    *(b"iso-2022-jp", b"iso-2022-kr", b"shift_jis", b"gb18030", b"big5", b"euc-kr", b"hz", b"?"),
]


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("shift", range(4))
def test_a_long_text_is_the_same_in_pieces(charset: bytes, shift: int) -> None:
    """Wherever they end: in a character, or in what announces it."""
    name = codec(charset) or "utf-8"
    text = "x" * shift + "añ한日本ж\r\n".encode(name, "ignore").decode(name) * 40_000
    octets = text.encode(name)
    some = list(pieces(octets, charset))
    assert "".join(some) == decoded(octets, charset) == text
    assert max(map(len, some)) <= PIECE_OCTETS


def test_a_long_text_in_no_known_charset_is_no_utf_8_either() -> None:
    octets = b"\xc3\xa9" * PIECE_OCTETS + b"\xe9"
    assert "".join(pieces(octets, None)) == decoded(octets, None) == octets.decode("latin-1")


def test_a_run_that_never_ends_is_not_read_again_and_again() -> None:
    """RFC 2152: a shifted sequence of UTF-7 has no bound."""
    octets = b"+" + b"AOkA6QDp" * PIECE_OCTETS
    assert max(map(len, pieces(octets, b"utf-7"))) <= PIECE_OCTETS


@given(st.lists(st.sampled_from([b"=?", b"?=", b"utf-8", b"?q?", b"?b?", b" ", b"=C3", b"\xff"])))
def test_any_octets_are_a_header(pieces: list[bytes]) -> None:
    header_text(b"".join(pieces))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", [b"=?", b"?= ", b"=?a?q?", b"=?a?q?x?= ", b" ", b"?=\t=?b?b?"])
def test_time_is_linear_in_what_comes(piece: bytes) -> None:
    header_text(b"=?" + piece * (262_144 // len(piece)))
