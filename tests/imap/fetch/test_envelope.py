"""ENVELOPE and the addresses in it (RFC 3501 §7.4.2, RFC 5322 §3.4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.imap.envelope import address_list, envelope
from mailauth.mime import addresses as reading
from mailauth.mime.addresses import END_OF_GROUP, Address
from mailauth.mime.parts import fields
from mailauth.wire.work import done
from tests.imap.lists import check_envelope, read
from tests.imap.messages import crlf, octets
from tests.support.steps import MAX_CALLS, longest_step


def of(header: str) -> bytes:
    """The envelope of a header written with plain line feeds."""
    return done(envelope(fields(crlf(header))))


def addresses(value: bytes) -> list[Address]:
    """All addresses of a field."""
    return [one for some in reading.addresses(value) for one in some]


def test_rfc3501_section_8_envelope() -> None:
    """RFC 3501 §8."""
    header = """\
Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
From: Terry Gray <gray@cac.washington.edu>
Subject: IMAP4rev1 WG mtg summary and minutes
To: imap@cac.washington.edu
cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>
Message-Id: <B27397-0100000@cac.washington.edu>
MIME-Version: 1.0
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

"""
    assert of(header) == (
        b'("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" '
        b'"IMAP4rev1 WG mtg summary and minutes" '
        b'(("Terry Gray" NIL "gray" "cac.washington.edu")) '
        b'(("Terry Gray" NIL "gray" "cac.washington.edu")) '
        b'(("Terry Gray" NIL "gray" "cac.washington.edu")) '
        b'((NIL NIL "imap" "cac.washington.edu")) '
        b'((NIL NIL "minutes" "CNRI.Reston.VA.US")'
        b'("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL '
        b'"<B27397-0100000@cac.washington.edu>")'
    )


def test_nothing_is_nil() -> None:
    assert of("\n") == b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"


def test_present_but_empty() -> None:
    """RFC 3501 §7.4.2: an empty string, but NIL for addresses; Sender then is From."""
    header = "Subject:\nFrom: a@b\nSender: \nTo:\nCc: ,\nIn-Reply-To: \n\n"
    a = b'((NIL NIL "a" "b"))'
    assert of(header) == b'(NIL "" %b %b %b NIL NIL NIL "" NIL)' % (a, a, a)


def test_sender_and_reply_to_stand_when_they_are_there() -> None:
    header = "From: a@b\nSender: c@d\nReply-To: e@f\nBcc: g@h\n\n"
    assert of(header) == (
        b'(NIL NIL ((NIL NIL "a" "b")) ((NIL NIL "c" "d")) ((NIL NIL "e" "f")) '
        b'NIL NIL ((NIL NIL "g" "h")) NIL NIL)'
    )


def test_fields_are_unfolded_and_the_first_counts() -> None:
    """RFC 5322 §2.2.3."""
    header = "subject : one\n\ttwo\n  three \nSubject: other\n\n"
    assert of(header).startswith(b"(NIL {14}\r\none\ttwo  three NIL")


def test_what_cannot_be_quoted_is_a_literal() -> None:
    assert of("Subject: café\n\n").startswith(b"(NIL {5}\r\ncaf\xc3\xa9 NIL")
    assert of('Subject: say "\\"\n\n').startswith(b'(NIL "say \\"\\\\\\"" NIL')
    assert b"\0" not in of("Subject: a\0b\nFrom: a\0b@c\n\n")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"Mary Smith <mary@x.test>", [Address(b"Mary Smith", None, b"mary", b"x.test")]),
        (b"mary@x.test (Mary Smith)", [Address(b"Mary Smith", None, b"mary", b"x.test")]),
        (b"John Q. Public <j@x>", [Address(b"John Q. Public", None, b"j", b"x")]),
        (b'"Joe Q. Public" <j@x>', [Address(b"Joe Q. Public", None, b"j", b"x")]),
        (b'"Giant; \\"Big\\" Box" <s@e.net>', [Address(b'Giant; "Big" Box', None, b"s", b"e.net")]),
        (b'"a b"@c', [Address(None, None, b"a b", b"c")]),
        (b'"a@b"@c', [Address(None, None, b"a@b", b"c")]),
        (b"m@[127.0.0.1]", [Address(None, None, b"m", b"[127.0.0.1]")]),
        (b"john . q @ a . b", [Address(None, None, b"john.q", b"a.b")]),
        (b"<@a,@b:c@d>", [Address(None, b"@a,@b", b"c", b"d")]),
        (b"=?utf-8?q?a?= <b@c>", [Address(b"=?utf-8?q?a?=", None, b"b", b"c")]),
        (
            b"Undisclosed recipients:;",
            [Address(None, None, b"Undisclosed recipients", None), END_OF_GROUP],
        ),
        (
            b"G: a@b, C <c@d>; e@f",
            [
                Address(None, None, b"G", None),
                Address(None, None, b"a", b"b"),
                Address(b"C", None, b"c", b"d"),
                END_OF_GROUP,
                Address(None, None, b"e", b"f"),
            ],
        ),
        (
            b"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
            [Address(b"Pete", None, b"pete", b"silly.test")],
        ),
        (b"(only (a) comment)", []),
        (b", ,,", []),
        # broken
        (b"mary", [Address(None, None, b"mary", b"")]),
        (b"Mary Smith", [Address(b"Mary Smith", None, b"", b"")]),
        (b"<>", [Address(None, None, b"", b"")]),
        (b"Mary <m@x, b@y", [Address(b"Mary", None, b"m", b"x"), Address(None, None, b"b", b"y")]),
        (b"Mary m@x", [Address(b"Mary", None, b"m", b"x")]),
        (b"m@x> Mary", [Address(None, None, b"m", b"x")]),
        (b"a <b@c> d <e@f>", [Address(b"a", None, b"b", b"c")]),
        (
            b"G: a@b",
            [Address(None, None, b"G", None), Address(None, None, b"a", b"b"), END_OF_GROUP],
        ),
        (b'"never ended <a@b>', [Address(None, None, b"never ended <a@b>", b"")]),
        (b"a@b (never (ended)", [Address(b"never (ended)", None, b"a", b"b")]),
        (b'"\\', [Address(None, None, b"", b"")]),
    ],
)
def test_addresses(value: bytes, expected: list[Address]) -> None:
    assert addresses(value) == expected


def test_the_examples_of_rfc_5322() -> None:
    """RFC 5322 §A.6.3, obsolete: white space and comments anywhere."""
    value = (
        b"A Group(Some people)\r\n    :Chris Jones <c@(Chris's host.)public.example>,\r\n"
        b"        joe@example.org,\r\n John <jdoe@one.test> (my dear friend); (the end of it)"
    )
    assert addresses(value) == [
        Address(None, None, b"A Group", None),
        Address(b"Chris Jones", None, b"c", b"public.example"),
        Address(None, None, b"joe", b"example.org"),
        Address(b"John", None, b"jdoe", b"one.test"),
        END_OF_GROUP,
    ]


@given(st.binary(max_size=200) | st.text('ab.@<>,:;()[]"\\ ', max_size=60).map(str.encode))
def test_any_octets_are_a_list(value: bytes) -> None:
    for address in addresses(value):
        assert (address.mailbox is None) <= (address == END_OF_GROUP)


@given(octets)
def test_any_header_has_an_envelope(header: bytes) -> None:
    check_envelope(read(done(envelope(fields(header)))))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", [b"(", b"<", b'"', b"\\", b"[", b". ", b"a ", b"()", b"<@a", b"a:;", b"@,", b"a@b,"]
)
def test_time_is_linear_in_what_comes(piece: bytes) -> None:
    """A quarter of a megabyte of anything; quadratic work would take minutes."""
    for beginning in (b"", b"<"):
        value = beginning + piece * (262_144 // len(piece))
        done(address_list(value))


@pytest.mark.parametrize("piece", [b"()", b"a:;", b"@,", b"a,", b"[", b'"a" <b@c> (d), '])
def test_a_long_list_is_read_in_steps(piece: bytes) -> None:
    """Only what is one address is shown in one."""
    assert longest_step(address_list(piece * 50_000)) < MAX_CALLS


def test_where_a_step_ends_is_not_to_be_seen() -> None:
    """The addresses are the same, in groups and with routes, and wherever they stand."""
    value = b'A B (c) <@x,@y:d.e@f>, G: g@h, "i" <j@k>;, l@m (n), '
    assert addresses(value * 5_000) == addresses(value) * 5_000
