"""Sections of a message: BODY[…] and BINARY[…] (RFC 9051 §6.4.5.1, RFC 3516)."""

import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.imap.fetch import section as sections
from mailauth.imap.fetch.extent import CHUNK_OCTETS, chunks, whole
from mailauth.imap.fetch.section import Section, Specifier, header_fields
from mailauth.imap.parsed import ParsedMessage
from mailauth.mime.transfer import UnknownEncoding, decode
from mailauth.mime.transfer import base64 as decode_base64
from tests.imap.messages import COMPLEX, crlf, octets

HEADER = b"From: a@b\r\nSubject: one\r\n two\r\nno field\r\nsubject : 3\r\nX-Subject: no\r\n\r\n"


def parse(data: bytes) -> ParsedMessage:
    """A message that is ready to be asked."""
    return ParsedMessage(data, lambda octets: None)


def section(name: str) -> Section:
    """A section by its name, with the fields From and Subject where it takes any."""
    numbers = tuple(int(part) for part in name.split(".") if part.isdecimal())
    rest = ".".join(part for part in name.split(".") if not part.isdecimal())
    specifier = Specifier(rest.encode()) if rest else None
    takes_fields = specifier in (Specifier.HEADER_FIELDS, Specifier.HEADER_FIELDS_NOT)
    return Section(numbers, specifier, (b"FROM", b"subject") if takes_fields else ())


def content(message: ParsedMessage, what: Section) -> bytes | None:
    found = sections.content(message, what)
    return None if found is None else bytes(found)


def binary(message: ParsedMessage, path: tuple[int, ...]) -> bytes | None:
    found = sections.binary(message, path)
    return None if found is None else bytes(found)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", COMPLEX),
        ("1", b"one"),
        ("1.1", None),
        ("1.MIME", b"\r\n"),
        ("1.HEADER", None),
        ("1.TEXT", None),
        ("2", b"dHdv"),
        ("2.MIME", b"Content-Type: application/octet-stream\r\n"
                   b"Content-Transfer-Encoding: base64\r\n\r\n"),
        ("3.MIME", b"Content-Type: message/rfc822\r\n\r\n"),
        ("3.HEADER", b"Subject: three\r\nContent-Type: multipart/mixed; boundary=three\r\n\r\n"),
        ("3.HEADER.FIELDS", b"Subject: three\r\n\r\n"),
        ("3.HEADER.FIELDS.NOT", b"Content-Type: multipart/mixed; boundary=three\r\n\r\n"),
        ("3.1", b"three-one"),
        ("3.2", b"three-two"),
        ("3.3", None),
        ("4.1", b"four-one"),
        ("4.1.MIME", b"Content-Type: image/gif\r\nX-Note: gif\r\n\r\n"),
        ("4.HEADER", None),
        ("4.2.HEADER.FIELDS", b"Subject: four-two\r\n\r\n"),
        ("4.2.1", b"four-two-one"),
        ("4.2.2.1", b"four-two-two-one"),
        ("4.2.2.2", b"four-two-two-two"),
        ("4.2.2.3", None),
        ("5", None),
        ("4294967295", None),
        ("HEADER", b"Subject: outer\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n"),
        ("HEADER.FIELDS", b"Subject: outer\r\n\r\n"),
    ],
)  # fmt: skip
def test_rfc9051_section_6_4_5_1_parts(name: str, expected: bytes | None) -> None:
    assert content(parse(COMPLEX), section(name)) == expected


def test_text_is_all_behind_the_header() -> None:
    root = parse(COMPLEX)
    assert content(root, section("TEXT")) == COMPLEX[COMPLEX.index(b"preamble") :]
    three = content(root, section("3"))
    text = content(root, section("3.TEXT"))
    assert three is not None
    assert text is not None
    assert text.startswith(b"--three\r\n")
    assert three.endswith(text)


def test_a_simple_message_has_one_part() -> None:
    """RFC 3501 §6.4.5: every message has at least one part number."""
    root = parse(b"Subject: x\r\n\r\nbody\r\n")
    assert content(root, section("1")) == b"body\r\n"
    assert content(root, section("1.MIME")) == b"Subject: x\r\n\r\n"
    assert content(root, section("1.1")) is None
    assert content(root, section("2")) is None


def test_parts_of_a_message_that_is_a_message() -> None:
    root = parse(crlf("Content-Type: message/rfc822\n\nSubject: in\n\ntext\n"))
    assert content(root, section("1.HEADER")) == b"Subject: in\r\n\r\n"
    assert content(root, section("1.1")) == b"text\r\n"
    assert content(root, section("1.1.1")) is None


def test_no_string_has_nul() -> None:
    assert content(parse(b"a: \0\r\n\r\n\0"), section("")) == b"a: \x80\r\n\r\n\x80"
    assert binary(parse(b"a: \0\r\n\r\n\0"), (1,)) == b"\0"


def test_header_fields() -> None:
    names = frozenset([b"subject"])
    assert header_fields(HEADER, names) == (b"Subject: one\r\n two\r\nsubject : 3\r\n\r\n")
    assert header_fields(HEADER, names, others=True) == (
        b"From: a@b\r\nno field\r\nX-Subject: no\r\n\r\n"
    )
    assert header_fields(HEADER, frozenset([b"none"])) == b"\r\n"
    assert header_fields(HEADER, frozenset([b"none"]), others=True) == HEADER


def test_a_header_without_a_blank_line_gives_none() -> None:
    """RFC 3501 §6.4.5: the blank line, except of a message without body and blank line."""
    names = frozenset([b"a"])
    assert header_fields(b"A: 1\r\nB: 2", names) == b"A: 1\r\n"
    assert header_fields(b"B: 2\r\nA: 1", names) == b"A: 1\r\n"
    assert header_fields(b"B: 2\r\nA: 1", names, others=True) == b"B: 2\r\n"
    assert header_fields(b"", names) == header_fields(b"", names, others=True) == b""
    assert header_fields(b"\r\n", names) == header_fields(b"\r\n", names, others=True) == b"\r\n"


def test_partial() -> None:
    """RFC 3501 §6.4.5: what is beyond the end is left out."""
    assert bytes(whole(b"hello").part(0, 3)) == b"hel"
    assert bytes(whole(b"hello").part(3, 100)) == b"lo"
    assert bytes(whole(b"hello").part(5, 1)) == b""
    assert bytes(whole(b"hello").part(4294967295, 4294967295)) == b""
    assert bytes(whole(b"hello").part(1, 3).part(1, 3)) == b"ll"


def test_binary() -> None:
    """RFC 3516 §4.3."""
    root = parse(COMPLEX)
    assert binary(root, (2,)) == b"two"
    assert binary(root, (4, 1)) == b"four-one"
    assert binary(root, (9,)) is None
    assert binary(root, ()) == COMPLEX
    four = binary(root, (4,))
    assert four is not None
    assert four.startswith(b"--four")


def test_a_message_has_no_encoding() -> None:
    """RFC 2046 §5.2.1: whatever it says; each of those within each other would be decoded anew."""
    message = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    assert binary(parse(message + message + b"eA=="), (1,)) == message + b"eA=="


def test_an_encoding_nobody_knows() -> None:
    """RFC 3516 §4.3: UNKNOWN-CTE."""
    with pytest.raises(UnknownEncoding):
        binary(parse(b"Content-Transfer-Encoding: x-uuencode\r\n\r\nx"), (1,))


@pytest.mark.parametrize(
    ("encoding", "octets", "expected"),
    [
        (b"QUOTED-PRINTABLE", b"caf=C3=A9 =\r\nand=20=3d\r\n", "café and =\r\n".encode()),
        (b"QUOTED-PRINTABLE", b"broken =ZZ = x=", b"broken =ZZ = x"),
        (b"BASE64", b"aGVs\r\nbG8=\r\n", b"hello"),
        (b"BASE64", b"aGVsbG8", b"hello"),
        (b"BASE64", b"a!G*V sbG\xff8", b"hello"),
        (b"BASE64", b"aGVsb", b"hel"),
        (b"BASE64", b"=", b""),
        (b"BASE64", b"a", b""),
        (b"8BIT", b"\xff", b"\xff"),
    ],
)
def test_transfer_encodings(encoding: bytes, octets: bytes, expected: bytes) -> None:
    """RFC 2045 §6.7, §6.8, and what is cut short."""
    assert decode(octets, encoding) == expected


@given(st.binary(max_size=300))
def test_what_is_encoded_is_decoded(data: bytes) -> None:
    assert decode(binascii.b2a_qp(data, istext=False), b"QUOTED-PRINTABLE") == data
    assert decode(base64.encodebytes(data), b"BASE64") == data


@given(st.binary(max_size=300), st.integers(0, 400))
def test_cut_base64_gives_a_beginning(data: bytes, length: int) -> None:
    assert data.startswith(decode_base64(base64.encodebytes(data)[:length]))


@given(st.binary(max_size=100))
def test_any_octets_are_decoded(data: bytes) -> None:
    decode(data, b"BASE64")
    decode(data, b"QUOTED-PRINTABLE")


@given(octets, st.lists(st.integers(1, 3), max_size=4), st.sampled_from([None, *Specifier]))
def test_any_octets_have_sections(
    data: bytes, path: list[int], specifier: Specifier | None
) -> None:
    root = parse(data)
    section = Section(tuple(path), specifier, (b"subject", b"a\xffb"))
    found = content(root, section)
    if found is not None and specifier not in (
        Specifier.HEADER_FIELDS,
        Specifier.HEADER_FIELDS_NOT,
    ):
        assert found in data.replace(b"\0", b"\x80")


@given(octets)
def test_header_and_text_are_the_message(data: bytes) -> None:
    root = parse(data)
    parts = [content(root, Section((), one)) for one in (Specifier.HEADER, Specifier.TEXT)]
    assert b"".join(part or b"" for part in parts) == data.replace(b"\0", b"\x80")


@given(octets)
def test_fields_and_the_others_are_the_header(data: bytes) -> None:
    header = parse(data).root.header
    names = frozenset([b"subject", b"content-type"])
    some, others = header_fields(header, names), header_fields(header, names, others=True)
    lines = sorted(some.splitlines(keepends=True) + others.splitlines(keepends=True))
    ended = header if not header or header.endswith(b"\n") else header + b"\r\n"
    if header == b"\r\n" or header.endswith(b"\n\r\n"):
        lines.remove(b"\r\n")
    assert lines == sorted(ended.splitlines(keepends=True))


@given(st.lists(st.integers(0, 100_000), max_size=6))
def test_pieces_come_in_chunks(sizes: list[int]) -> None:
    """However large they are; a large one is not copied whole, and no chunk is empty."""
    pieces = [whole(b"x" * size) for size in sizes]
    found = list(chunks(pieces))
    assert b"".join(found) == b"x" * sum(sizes)
    assert all(len(chunk) <= CHUNK_OCTETS * max(len(sizes), 1) for chunk in found)
    assert b"" not in found
