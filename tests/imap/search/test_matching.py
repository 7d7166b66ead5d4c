"""SEARCH: which messages are as a key asks (RFC 3501 §6.4.4, RFC 5032, RFC 7162)."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from mailauth.imap.parsed import ParsedMessages
from mailauth.imap.search.keys import (
    MAX_NESTING,
    Address,
    All,
    And,
    Arrived,
    Body,
    Flag,
    Header,
    Key,
    Larger,
    Modseq,
    Not,
    Numbers,
    Older,
    Or,
    Recent,
    Sent,
    Smaller,
    Text,
    Uids,
    When,
    Younger,
)
from mailauth.imap.search.matching import Search
from mailauth.imap.search.texts import folded
from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import FLAGGED, SEEN, FlagChange, NewMessage, Operation
from mailauth.mailbox.store import Mailbox
from mailauth.mailbox.view import View
from mailauth.mime.charsets import PIECE_OCTETS
from mailauth.wire.work import done
from tests.imap.messages import crlf
from tests.support.steps import MAX_CALLS, longest_step

NOW = datetime(2020, 7, 28, 12, 0, 0, 500000, UTC)
DAY = timedelta(days=1)

ONE = crlf("""\
From: Mary Smith <mary@example.org>
To: bob@example.org
Subject: =?utf-8?q?Caf=C3=A9?= au
 lait
Date: Mon, 20 Jul 2020 23:59:59 -1200

A simple body
""")
TWO = crlf("""\
From: bob@example.org
Subject: second
Date: Tue, 21 Jul 2020 00:00:01 +1200
X-Empty:
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

STRA=DFE and =
more
--b
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

R3LDvMOfZQ==
--b
Content-Type: application/octet-stream

hidden in octets
--b
Content-Type: message/rfc822

Subject: =?utf-8?q?enclosed?=

within
--b--
""")
THREE = b"no date, no body"


@pytest.fixture
def box() -> Mailbox:
    """A mailbox with three messages, whose UIDs are not their numbers."""
    store = MemoryStore(lambda: 1, lambda account: NewMessage(b"", NOW))
    box = store.account("bob").create("Box")
    box.append([NewMessage(b"", NOW)])
    box.expunge([1])
    box.append(
        [
            NewMessage(ONE, NOW - 7 * DAY, frozenset({SEEN, "Work"})),
            NewMessage(TWO, NOW - DAY, frozenset({FLAGGED})),
        ]
    )
    View(box).close()
    box.append([NewMessage(THREE, NOW.astimezone(timezone(timedelta(hours=14))))])
    return box


def holding(content: bytes) -> Mailbox:
    """A mailbox with this message alone."""
    store = MemoryStore(lambda: 1, lambda account: NewMessage(content, NOW))
    return store.account("mary").mailbox("INBOX")


def search(box: Mailbox, *keys: Key) -> list[int]:
    """The numbers found by all these keys."""
    search = Search(And(keys), View(box, read_only=True), ParsedMessages(), NOW)
    return [number for number in search.numbers if done(search.matches(number))]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (All(), [1, 2, 3]),
        (Flag("\\seen"), [1]),
        (Flag("\\FLAGGED"), [2]),
        (Not(Flag(SEEN)), [2, 3]),
        (Flag("WORK"), [1]),
        (Flag("never-used"), []),
        (Recent(), [3]),
        (Not(Recent()), [1, 2]),
        (Numbers(((2, None),)), [2, 3]),
        (Numbers(((9, 9),)), []),
        (Uids(((2, 2), (4, 9))), [1, 3]),
        (Uids(((1, 1),)), []),
        (Arrived(When.BEFORE, date(2020, 7, 27)), [1]),
        (Arrived(When.ON, date(2020, 7, 27)), [2]),
        (Arrived(When.SINCE, date(2020, 7, 27)), [2, 3]),
        (Arrived(When.ON, date(2020, 7, 29)), [3]),  # 2020-07-29 02:00 +1400
        (Sent(When.BEFORE, date(2020, 7, 21)), [1]),
        (Sent(When.ON, date(2020, 7, 21)), [2]),
        (Sent(When.SINCE, date(2020, 7, 20)), [1, 2]),
        (Larger(len(THREE)), [1, 2]),
        (Larger(len(THREE) - 1), [1, 2, 3]),
        (Smaller(len(ONE)), [3]),
        (Smaller(len(ONE) + 1), [1, 3]),
        (Older(86_400), [1, 2]),
        (Older(86_401), [1]),
        (Younger(86_400), [2, 3]),
        (Younger(86_399), [3]),
        (Younger(4_294_967_295), [1, 2, 3]),
        (Header(b"From", "mary"), [1]),
        (Header(b"FROM", "EXAMPLE.org"), [1, 2]),
        (Header(b"Subject", "café au lait"), [1]),
        (Header(b"Subject", "enclosed"), []),
        (Header(b"X-Empty", ""), [2]),
        (Header(b"Subject", ""), [1, 2]),
        (Header(b"Sub.ect", ""), []),
        (Header(b"no date, no body", ""), []),
        (Body("SIMPLE body"), [1]),
        (Body("strasse AND more"), [2]),
        (Body("grüße"), [2]),
        (Body("hidden"), []),
        (Body("enclosed"), [2]),
        (Body("within"), [2]),
        (Body("second"), []),
        (Body("no date"), []),
        (Body(""), [1, 2, 3]),
        (Text("second"), [2]),
        (Text("no date"), [3]),
        (Text("au lait"), [1]),
        (Text("GRÜSSE"), [2]),
        (Text("enclosed"), [2]),
        (Text("octet-stream"), [2]),  # RFC 9051 §6.4.4: headers of parts are no body
        (Body("octet-stream"), []),
        (Or(Flag(SEEN), Flag(FLAGGED)), [1, 2]),
        (Or(Body("simple"), Flag(FLAGGED)), [1, 2]),
        (And(()), [1, 2, 3]),
        (And((Flag(SEEN), Body("simple"))), [1]),
        (And((Numbers(((1, 2),)), Uids(((3, None),)))), [2]),
        (Or(Numbers(((1, 1),)), Not(Numbers(((1, 2),)))), [1, 3]),
    ],
)
def test_keys(box: Mailbox, key: Key, expected: list[int]) -> None:
    assert search(box, key) == expected
    assert search(box, Not(key)) == [n for n in (1, 2, 3) if n not in expected]


def test_modseq_is_at_least(box: Mailbox) -> None:
    """RFC 7162 §3.1.5."""
    before = box.highest_modseq
    box.store([3], FlagChange(Operation.ADD, frozenset({SEEN})))
    assert search(box, Modseq(0)) == [1, 2, 3]
    assert search(box, Modseq(before)) == [2, 3]
    assert search(box, Modseq(before + 1)) == [2]
    assert search(box, Modseq(before + 2)) == []


def test_what_is_gone_is_not_found(box: Mailbox) -> None:
    """RFC 2180 §4.3."""
    view = View(box)
    box.expunge([3])
    assert Search(All(), view, ParsedMessages(), NOW).found() == [1, 3]
    assert Search(Not(Flag(SEEN)), view, ParsedMessages(), NOW).found() == [3]


class Reads(ParsedMessages):
    """Counts how often a message is asked for."""

    count = 0

    def get(self, content):  # type: ignore[no-untyped-def]
        """Count, and get."""
        self.count += 1
        return super().get(content)


@pytest.mark.parametrize(
    ("key", "reads"),
    [
        (And((Flag(SEEN), Larger(0), Uids(((1, None),)), Older(1), Modseq(1))), 0),
        (And((Body("x"), Uids(((2, 2),)))), 1),
        (And((Body("x"), Flag(FLAGGED))), 1),
        (Or(Body("simple"), Not(Flag("no"))), 0),
    ],
)
def test_no_message_is_read_that_need_not_be(box: Mailbox, key: Key, reads: int) -> None:
    parsed = Reads()
    found = Search(key, View(box), parsed, NOW)
    for number in found.numbers:
        done(found.matches(number))
    assert parsed.count == reads
    assert found.reads == (reads > 0) or isinstance(key, Or)


def test_sets_say_which_messages_to_look_at(box: Mailbox) -> None:
    view, parsed = View(box), ParsedMessages()
    key = And((Numbers(((2, None),)), Text("x")))
    assert list(Search(key, view, parsed, NOW).numbers) == [2, 3]
    assert list(Search(Not(key), view, parsed, NOW).numbers) == [1, 2, 3]


def test_keys_may_nest(box: Mailbox) -> None:
    key: Key = Flag(SEEN)
    for _ in range(MAX_NESTING):
        key = Not(key)
    assert search(box, key) == [1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("é", "e\N{COMBINING ACUTE ACCENT}"),
        ("ﬁn", "FIN"),
        ("Ａ", "a"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
    ],
)
def test_letter_case_and_form_do_not_matter(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize("charset", [b"utf-8", b"iso-2022-jp", b"none"])
@pytest.mark.parametrize("key", [Text, Body])
def test_a_long_text_is_searched_in_steps(key: type[Text | Body], charset: bytes) -> None:
    """What lies across the end of a piece is found like all else."""
    header = b"Content-Type: text/plain; charset=%b\r\n\r\n" % charset
    text = b"x" * (3 * PIECE_OCTETS - 3) + b"needle" + b"y" * 3 * PIECE_OCTETS
    box = holding(header + text)
    assert search(box, key("xneedley")) == [1]
    assert search(box, key("")) == [1]
    found = Search(key("no such thing"), View(box), ParsedMessages(), NOW)
    assert sum(1 for _ in found.matches(1)) >= 5


def test_a_long_list_of_addresses_is_searched_in_steps() -> None:
    box = holding(b"To: " + b'"a"@b,' * 40_000 + b"\r\n\r\n")
    found = Search(Address(b"to", "nobody"), View(box), ParsedMessages(), NOW)
    assert longest_step(found.matches(1)) < MAX_CALLS
    assert search(box, Address(b"to", "<a@b>")) == [1]


@pytest.mark.timeout(20)
def test_folding_is_linear_in_marks() -> None:
    """Normalizing a run of combining marks as a whole would take quadratic time."""
    folded("\N{COMBINING ACUTE ACCENT}\N{COMBINING CEDILLA}" * 500_000)
