"""BODY and BODYSTRUCTURE, and where the parts of a message are (RFC 3501 §7.4.2, RFC 2046)."""

import time
from email.message import EmailMessage, Message

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailauth.imap import structure
from mailauth.mime.line_counter import LineCounter
from mailauth.mime.parts import MAX_DEPTH, MAX_PARTS, Part, parameters, parse, parsing
from mailauth.wire.work import done
from tests.imap.lists import check_body, read
from tests.imap.messages import COMPLEX, crlf, octets
from tests.support.steps import MAX_CALLS, longest_step


def body(part: Part, *, rev2: bool) -> bytes:
    """BODY, made at once."""
    return done(structure.body(part, rev2=rev2))


def bodystructure(part: Part, *, rev2: bool) -> bytes:
    """BODYSTRUCTURE, likewise."""
    return done(structure.bodystructure(part, rev2=rev2))


def outline(part: Part) -> str:
    """The types of a part and all in it."""
    kind = f"{part.media_type.type.decode()}/{part.media_type.subtype.decode()}".lower()
    if part.message is not None:
        return f"{kind}({outline(part.message)})"
    if part.media_type.is_multipart:
        return f"{kind}[{' '.join(map(outline, part.children))}]"
    return kind


def test_rfc3501_section_7_4_2_a_simple_text() -> None:
    """RFC 3501 §7.4.2: a simple text of 48 lines and 2279 octets."""
    lines = [b"x" * 45] * 47 + [b"x" * 68]
    text = b"\r\n".join(lines) + b"\r\n"
    assert len(text) == 2279
    message = b"Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n" + text
    assert body(parse(message), rev2=False) == (
        b'("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 2279 48)'
    )


def test_rfc3501_section_7_4_2_two_parts() -> None:
    """RFC 3501 §7.4.2: a text and an attachment in base64."""
    message = b"\r\n".join(
        [
            b"Content-Type: MULTIPART/MIXED; BOUNDARY=x",
            b"",
            b"--x",
            b"Content-Type: TEXT/PLAIN; CHARSET=US-ASCII",
            b"",
            *[b"x" * 48] * 22,
            b"x" * 52,
            b"--x",
            b'Content-Type: TEXT/PLAIN; CHARSET=US-ASCII; NAME="cc.diff"',
            b"Content-ID: <960723163407.20117h@cac.washington.edu>",
            b"Content-Description: Compiler diff",
            b"Content-Transfer-Encoding: BASE64",
            b"",
            *[b"x" * 60] * 72,
            b"x" * 90,
            b"--x--",
            b"",
        ]
    )
    assert body(parse(message), rev2=False) == (
        b'(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1152 23)'
        b'("TEXT" "PLAIN" ("CHARSET" "US-ASCII" "NAME" "cc.diff") '
        b'"<960723163407.20117h@cac.washington.edu>" "Compiler diff" "BASE64" 4554 73) "MIXED")'
    )


def test_a_message_without_mime_is_plain_text() -> None:
    """RFC 2045 §5.2."""
    assert bodystructure(parse(b"Subject: x\r\n\r\none\r\ntwo"), rev2=True) == (
        b'("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 8 2 NIL NIL NIL NIL)'
    )
    assert (
        body(parse(b""), rev2=False)
        == b'("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 0 0)'
    )


def test_extension_data() -> None:
    message = crlf("""\
Content-Type: multipart/signed; boundary=b; micalg=pgp-sha1
Content-Language: en

--b
Content-Type: image/png
Content-MD5: Q2hlY2s=
Content-Disposition: attachment; filename="a;b.png"; size=1
Content-Language: de, en-GB
Content-Location: http://x.test/y

x
--b--
""")
    assert bodystructure(parse(message), rev2=True) == (
        b'(("IMAGE" "PNG" NIL NIL NIL "7BIT" 1 "Q2hlY2s=" '
        b'("ATTACHMENT" ("FILENAME" "a;b.png" "SIZE" "1")) ("de" "en-GB") "http://x.test/y") '
        b'"SIGNED" ("BOUNDARY" "b" "MICALG" "pgp-sha1") NIL "en" NIL)'
    )


def test_only_imap4rev2_shows_what_is_in_a_global_message() -> None:
    """RFC 9051 §9, media-message; in RFC 3501 §9 that is MESSAGE/RFC822 alone."""
    root = parse(b"Content-Type: message/global\r\n\r\nSubject: inner\r\n\r\ntext\r\n")
    assert body(root, rev2=False) == b'("MESSAGE" "GLOBAL" NIL NIL NIL "7BIT" 24)'
    assert bodystructure(root, rev2=False) == (
        b'("MESSAGE" "GLOBAL" NIL NIL NIL "7BIT" 24 NIL NIL NIL NIL)'
    )
    assert body(root, rev2=True) == (
        b'("MESSAGE" "GLOBAL" NIL NIL NIL "7BIT" 24 '
        b'(NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL) '
        b'("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 6 1) 3)'
    )


def test_a_message_in_a_message() -> None:
    message = crlf("""\
Content-Type: message/rfc822

Subject: inner
From: a@b

text
""")
    assert body(parse(message), rev2=False) == (
        b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 35 '
        b'(NIL "inner" ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) '
        b"NIL NIL NIL NIL NIL) "
        b'("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 6 1) 4)'
    )


def test_parts_of_a_digest_are_messages() -> None:
    """RFC 2046 §5.1.5."""
    message = crlf("""\
Content-Type: multipart/digest; boundary=b

--b

Subject: one

text
--b
Content-Type: text/html

two
--b--
""")
    assert outline(parse(message)) == "multipart/digest[message/rfc822(text/plain) text/html]"


def test_rfc9051_section_6_4_5_1_structure() -> None:
    """RFC 9051 §6.4.5.1."""
    assert outline(parse(COMPLEX)) == (
        "multipart/mixed[text/plain application/octet-stream "
        "message/rfc822(multipart/mixed[text/plain application/octet-stream]) "
        "multipart/mixed[image/gif message/rfc822(multipart/mixed[text/plain "
        "multipart/alternative[text/plain text/richtext]])]]"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # an outer delimiter ends all that is open within (RFC 2046 §5.1.2)
        (
            "Content-Type: multipart/mixed; boundary=a\n\n--a\n"
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--a\n\ny\n--a--\n",
            "multipart/mixed[multipart/mixed[text/plain] text/plain]",
        ),
        # the same boundary within is the outer's
        (
            "Content-Type: multipart/mixed; boundary=a\n\n--a\n"
            "Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n--a--\n",
            "multipart/mixed[multipart/mixed[text/plain] text/plain]",
        ),
        # a boundary is no prefix, and may have space behind it
        (
            "Content-Type: multipart/mixed; boundary=a\n\n--ab\n--a \t\n\nx\n--a-b\n--a-- \n",
            "multipart/mixed[text/plain]",
        ),
        # without a boundary, or without any part, there is one empty part
        ("Content-Type: multipart/mixed\n\n--\n\nx\n", "multipart/mixed[text/plain]"),
        ("Content-Type: multipart/mixed; boundary=a\n\n--a--\n", "multipart/mixed[text/plain]"),
        # a header that a delimiter cuts off
        (
            "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/html\n--a--\n",
            "multipart/mixed[text/html]",
        ),
        (
            "Content-Type: multipart/mixed; boundary=a\n\n--a\n--a\nContent-Type: message/rfc822\n"
            "--a--\n",
            "multipart/mixed[text/plain message/rfc822(text/plain)]",
        ),
        # nothing behind the end counts
        (
            "Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n--a--\n--a\n\ny\n",
            "multipart/mixed[text/plain]",
        ),
        # never closed
        ("Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx", "multipart/mixed[text/plain]"),
        # no type
        ("Content-Type: nonsense\n\nx", "text/plain"),
        ("Content-Type: x-foo / y-bar (why)\n\nx", "x-foo/y-bar"),
    ],
)
def test_broken_and_odd_messages(text: str, expected: str) -> None:
    assert outline(parse(crlf(text))) == expected


def test_what_is_in_a_part_ends_before_the_delimiters_line() -> None:
    """RFC 2046 §5.1.1: the line ending before a delimiter belongs to it."""
    root = parse(
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\npreamble\r\n"
        b"--a\r\n\r\none\r\n\r\n--a\r\nX: y\r\n\r\ntwo\r\n--a\r\n\r\n--a--\r\nepilogue"
    )
    assert [part.text for part in root.children] == [b"one\r\n", b"two", b""]
    assert root.children[1].header == b"X: y\r\n\r\n"
    lines = LineCounter(root.data)
    assert [lines.between(part.body, part.end) for part in root.children] == [1, 1, 0]


@given(st.lists(st.sampled_from([b"\n", b"x", b"x" * 4_095, b"\n" * 4_096])), st.data())
def test_lines_are_counted_once_for_all_parts(pieces: list[bytes], data: st.DataObject) -> None:
    """RFC 3501 §7.4.2: the size of a body in lines."""
    octets = b"".join(pieces)
    counter = LineCounter(octets)
    for _ in range(3):
        start = data.draw(st.integers(0, len(octets)))
        end = data.draw(st.integers(start, len(octets)))
        lines = octets[start:end].split(b"\n")
        assert counter.between(start, end) == len(lines) - (not lines[-1])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"text/plain; charset=us-ascii (Plain text)", [(b"CHARSET", b"us-ascii")]),
        (b'text/plain; charset="us-ascii"', [(b"CHARSET", b"us-ascii")]),
        (b"x/y;a=b;c=d;", [(b"A", b"b"), (b"C", b"d")]),
        (b'x/y; name="a \\"b\\"; c=d"', [(b"NAME", b'a "b"; c=d')]),
        (b"x/y; name=my file(1).txt; c=d", [(b"NAME", b"my file(1).txt"), (b"C", b"d")]),
        (b"x/y; name*=utf-8''%e4; name*0=a", [(b"NAME*", b"utf-8''%e4"), (b"NAME*0", b"a")]),
        (b'x/y; name="never ended', [(b"NAME", b"never ended")]),
        (b"x/y; a; =; b=; c = d", [(b"B", b""), (b"C", b"d")]),
        (b"x/y", []),
    ],
)
def test_parameters(value: bytes, expected: list[tuple[bytes, bytes]]) -> None:
    """RFC 2045 §5.1, and what people make of it."""
    assert list(parameters(value)) == expected


@st.composite
def email_messages(draw: st.DrawFn, depth: int = 3) -> EmailMessage:
    """A message that is right, made by the standard library."""
    message = EmailMessage()
    message["Subject"] = draw(st.text("ab é", max_size=10))
    text = draw(st.text("abc \n-=é", max_size=60))
    kind = draw(st.sampled_from(["text", "html", "octets", "message", "mixed"]))
    if depth == 0 or kind == "text":
        message.set_content(text)
    elif kind == "html":
        message.set_content(text, subtype="html", cte=draw(st.sampled_from(["base64", "8bit"])))
    elif kind == "octets":
        message.set_content(text.encode(), "application", "octet-stream")
    elif kind == "message":
        message.set_content(draw(email_messages(depth - 1)))
    else:
        message.set_content(text)
        message.make_mixed()
        for _ in range(draw(st.integers(0, 3))):
            message.attach(draw(email_messages(depth - 1)))
    return message


def stdlib_outline(message: object) -> str:
    """What `outline` should say, according to the standard library."""
    assert isinstance(message, Message)
    kind = message.get_content_type()
    payload = message.get_payload()
    if kind == "message/rfc822":
        assert isinstance(payload, list)
        return f"{kind}({stdlib_outline(payload[0])})"
    if message.is_multipart():
        assert isinstance(payload, list)
        return f"{kind}[{' '.join(map(stdlib_outline, payload))}]"
    return kind


@given(email_messages())
def test_messages_that_are_right_are_taken_apart_as_elsewhere(message: EmailMessage) -> None:
    data = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
    assert outline(parse(data)) == stdlib_outline(message)


@given(octets)
@example(b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a")
@example(b"Content-Type: multipart/mixed; boundary=a\n\n--a\n\n--a--")
@example(b"\r\n--a")
def test_any_octets_have_a_structure(data: bytes) -> None:
    root = parse(data)
    check_body(read(body(root, rev2=True)), extended=False)
    check_body(read(bodystructure(root, rev2=True)), extended=True)


@given(octets)
def test_parts_lie_within_each_other_and_apart_from_each_other(data: bytes) -> None:
    for part in parse(data).walk():
        assert 0 <= part.start <= part.body <= part.end <= len(data)
        at = part.body
        for child in part.children:
            assert at <= child.start
            assert child.end <= part.end
            at = child.end
        if part.message is not None:
            assert (part.message.start, part.message.end) == (part.body, part.end)


def boundary(number: int) -> bytes:
    """A header of a multipart, and its first delimiter."""
    return b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"".join(map(boundary, range(10_000))), id="nested multiparts"),
        pytest.param(b"Content-Type: message/rfc822\r\n\r\n" * 200_000, id="nested messages"),
        pytest.param(boundary(1) + b"--b1\r\n" * 1_000_000, id="parts"),
        pytest.param(
            b"Content-Type: multipart/digest; boundary=b\r\n\r\n" + b"--b\r\n" * 1_000_000,
            id="messages",
        ),
        pytest.param(boundary(1) + b"--c\r\n" * 2_000_000, id="lines like delimiters"),
        pytest.param(
            b"".join(map(boundary, range(99))) + b"--c\r\n" * 2_000_000,
            id="lines like delimiters, deep within",
        ),
        pytest.param(boundary(1) + b"--b1 " + b" " * 8_000_000, id="an endless delimiter"),
        pytest.param(b"a: b\r\n" * 2_000_000, id="an endless header"),
        pytest.param(b"Content-Type: text/plain\r\n" * 500_000, id="one field again and again"),
        pytest.param(b"To: " + b"a@b," * 2_000_000, id="an endless field"),
        pytest.param(b"Content-Type: text/plain" + b";a=b" * 2_000_000, id="parameters"),
        pytest.param(b"Content-Type: text/plain;" + b" " * 8_000_000, id="space"),
        pytest.param(b"Content-Type: text/plain;a" + b' "' * 4_000_000, id="quotes"),
        pytest.param(b"Content-Language: " + b"de," * 2_000_000, id="languages"),
        pytest.param(
            boundary(1) + b"Content-Type: message/rfc822\r\n\r\nTo: a@b\r\n\r\n--b1\r\n" * 100_000,
            id="messages with envelopes",
        ),
        pytest.param(
            boundary(1) + b"Content-Type: message/rfc822\r\n\r\n" * 99 + b"\r\n" * 4_000_000,
            id="many lines, deep within",
        ),
        pytest.param(b"\0" * 8_000_000, id="NUL"),
    ],
)
def test_hostile_messages_are_taken_apart_in_bounded_time_and_space(data: bytes) -> None:
    started = time.process_time()
    root = parse(data)
    shown = bodystructure(root, rev2=True)
    assert time.process_time() - started < 5
    parts = list(root.walk())
    assert len(parts) <= 2 * MAX_PARTS + MAX_DEPTH
    assert len(shown) < 20 * 1024 * 1024
    check_body(read(shown), extended=True)
    assert longest_step(parsing(data)) < MAX_CALLS
    assert longest_step(structure.bodystructure(root, rev2=True)) < MAX_CALLS


def test_what_nests_too_deep_is_no_longer_looked_into() -> None:
    root = parse(b"".join(map(boundary, range(10_000))))
    deepest = list(root.walk())[-1]
    assert deepest.media_type.type == b"APPLICATION"
    assert deepest.end == root.end
