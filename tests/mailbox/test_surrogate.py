"""Surrogates of messages with UTF-8 in their header (RFC 6856 §2.1, RFC 6858 §2)."""

from email import policy
from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.mailbox.surrogate import surrogate

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
