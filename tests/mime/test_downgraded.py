"""Surrogates of messages with UTF-8 in their header (RFC 6856 §2.1, RFC 6858 §2)."""

import time
from email import policy
from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.mime import downgraded as making
from mailauth.wire.work import done
from tests.support.steps import MAX_CALLS, longest_step

MESSAGE = """\
Return-Path: <jörg@bücher.example>\r
From: Jörg Müller <joerg@example.com>, "Zoë" <zoë@bücher.example>\r
To: mary@mydomain.com\r
Subject: Grüße aus dem schönen Köln, in dem es viel zu lesen gibt,\r
 und noch viel mehr zu schreiben\r
X-Plain: stays\r
\r
Grüße\r
""".encode()


CT = b"Content-Type: multipart/x; boundary=b\r\n"


def surrogate(content: bytes) -> bytes:
    """A surrogate, made at once."""
    return done(making.surrogate(content))


def parsed(content: bytes) -> dict[str, str]:
    message = BytesParser(policy=policy.default).parsebytes(content, headersonly=True)
    return {name: str(value) for name, value in message.items()}


def test_what_can_be_said_in_ascii_is() -> None:
    made = surrogate(MESSAGE)
    header, _, body = made.partition(b"\r\n\r\n")
    assert header.isascii()
    assert body == "Grüße\r\n".encode()
    assert max(map(len, header.split(b"\r\n"))) <= 78
    assert parsed(made) == {
        "From": 'Jörg Müller <joerg@example.com>, "Zoë zoë@bücher.example":;',
        "To": "mary@mydomain.com",
        "Subject": "Grüße aus dem schönen Köln, in dem es viel zu lesen gibt,"
        " und noch viel mehr zu schreiben",
        "X-Plain": "stays",
    }


def test_what_is_ascii_is_left_alone() -> None:
    content = b"Subject: x\r\n\r\n\xff\r\n"
    assert surrogate(content) is content


def test_what_is_no_utf_8_is_taken_for_latin_1() -> None:
    assert parsed(surrogate(b"Subject: Gr\xfc\xdfe\r\n\r\n"))["Subject"] == "Grüße"


@pytest.mark.parametrize("value", [b"\xc3\xbc@x," * 100_000, b"\xc3\xbc" + b"(" * 10_000])
def test_a_field_that_asks_too_much_is_left_out(value: bytes) -> None:
    content = b"From: " + value + b"\r\nSubject: x\r\n\r\n"
    assert surrogate(content) == b"Subject: x\r\n\r\n"


@given(st.binary(max_size=200), st.sampled_from([b"From", b"Subject", b"", b"\xff", b"Received"]))
def test_any_header_becomes_ascii(value: bytes, name: bytes) -> None:
    content = name + b": \xc3\xbc" + value + b"\r\nTo: x\r\n\r\n\xff"
    made = surrogate(content)
    end = made.find(b"\r\n\r\n")
    assert made[:end].isascii()
    assert made[end:] in content


PARTS = """\
Content-Type: multipart/mixed; name="ü"; boundary="b\\"1"; x=y\r
\r
--b"2\r
Subject: is no hëader\r
\r
--b"1 \r
Content-Disposition: attachment;\r
 filename="Grü\\"ße.pdf"; ä=b; size=1\r
Content-Description: Grüße\r
\r
bödy: as it is\r
\r
--b"1\r
content-type: Message/Global\r
\r
Subject: schön\r
Content-Type: multipart/mixed; boundary=c\r
\r
--c\r
\r
Größe: as it is\r
--c--\r
--b"1\r
Größe: cut off\r
--b"1\r
\r
Größe: as it is\r
--b"1--\r
Größe: as it is\r
""".encode()


def test_headers_of_parts_and_enclosed_messages_are_in_ascii() -> None:
    """RFC 6856 §2.1: nothing beyond ASCII as it is, in no header; RFC 2231 §4 for parameters."""
    made = surrogate(PARTS).decode()
    assert made == PARTS.decode().replace('; name="ü"', ";\r\n name*=utf-8''%C3%BC").replace(
        ';\r\n filename="Grü\\"ße.pdf"; ä=b;', ";\r\n filename*=utf-8''Gr%C3%BC%22%C3%9Fe.pdf;"
    ).replace(
        "Content-Description: Grüße", "Content-Description: =?utf-8?b?R3LDvMOfZQ==?="
    ).replace("Subject: schön", "Subject: =?utf-8?b?c2Now7Zu?=").replace("Größe: cut off", "")
    message = BytesParser(policy=policy.default).parsebytes(made.encode())
    assert next(part.get_filename() for part in message.iter_parts()) == 'Grü"ße.pdf'


@pytest.mark.parametrize(
    "content",
    [
        b"Content-Type: message/rfc822\r\n\r\n" * 40_000,
        b"Content-Type: multipart/x; boundary=b\r\n\r\n" + b"--b\r\nX: \xff\r\n" * 60_000,
        b"Content-Type: multipart/x; boundary=b\r\n" + b"\r\n--b" * 200_000,
        b"Content-Type: multipart/x; boundary=b\r\n" + b"\r\n--bb" * 200_000,
        b"X: y\r\n" * 200_000 + b"X: \xff\r\n",
        b"Content-Type: x;" + b"boundary=;" * 100_000 + b"\r\n\r\n",
        b"Content-Type: x; a=" + b'"\\' * 100_000 + b"\r\n\r\n",
        b"X: \xc3\xbc\r\nContent-Type: x" + b";\xc3\xbc=" * 3_000 + b"\r\n\r\n",
    ],
)
def test_hostile_parts_take_no_long(content: bytes) -> None:
    """A pass over the octets is one pass: a million of them take a fraction of a second."""
    began = time.process_time()
    surrogate(content + b"\xff")
    assert time.process_time() - began < 2
    assert longest_step(making.surrogate(content + b"\xff")) < MAX_CALLS


def test_a_line_feed_before_the_blank_line_stays_before_it() -> None:
    """Where a header ends is what it is for IMAP, too."""
    assert surrogate(b"X: \xff\n\r\n\xff") == b"X: =?utf-8?b?w78=?=\n\r\n\xff"


def test_a_boundary_is_one_of_a_multipart_alone() -> None:
    """Another type with that parameter has no parts, to whatever protocol."""
    content = b"Content-Type: text/plain; boundary=b\r\n\r\n--b\r\nX: \xff\r\n\r\n"
    assert surrogate(content) is content


@pytest.mark.parametrize("shift", range(-4, 4))
@pytest.mark.parametrize("ending", [b"\r\n", b"\r\n\t"])
def test_where_a_step_ends_is_not_to_be_seen(shift: int, ending: bytes) -> None:
    """Neither in a field, nor before a delimiter."""
    long = b"x" * (making.STEP_OCTETS + shift)
    field = b"X: %b%by" % (long, ending)
    assert surrogate(field + b"\r\nY: \xff\r\n\r\n") == field + b"\r\nY: =?utf-8?b?w78=?=\r\n\r\n"
    text = CT + b"\r\n" + long[26 + len(CT) :] + b"\r\n--b\r\nY: %b\r\n\r\n"
    assert surrogate(text % b"\xff") == text % b"=?utf-8?b?w78=?="


@given(st.lists(st.sampled_from([b"\r\n", b"--b", b"--", b"X: \xc3\xbc", b"y", b"\xff", b'"', CT])))
def test_what_is_no_header_stays(pieces: list[bytes]) -> None:
    """Made a second time, a surrogate is the same; its own header is ASCII."""
    made = surrogate(b"".join(pieces))
    assert surrogate(made) == made
    assert (
        made.startswith(b"\r\n") or made.partition(b"\r\n\r\n")[0].partition(b"\r\n--")[0].isascii()
    )
