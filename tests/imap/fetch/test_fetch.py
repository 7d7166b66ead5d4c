"""FETCH (RFC 9051 §6.4.5, §7.5.2, RFC 3501 §6.4.5, RFC 3516, RFC 7162 §3.1.4)."""

import tracemalloc
from collections.abc import Iterator

import pytest

from mailauth.mailbox.errors import MessageGone
from mailauth.mailbox.memory import MemoryAccount
from mailauth.mailbox.message import NewMessage
from mailauth.mailbox.store import Limits, Mailbox
from mailauth.testing import Dialogue, play
from mailauth.wire.effects import Effect, Stream, Write
from tests.imap.conftest import Connect
from tests.imap.messages import COMPLEX, crlf
from tests.support.mail import NOON, mail_of

SIMPLE = crlf("""\
Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
From: Terry Gray <gray@cac.washington.edu>
Subject: IMAP4rev1 WG mtg summary and minutes
To: imap@cac.washington.edu
Message-Id: <B27397-0100000@cac.washington.edu>

Hello
""")


@pytest.fixture
def box(mail: MemoryAccount) -> Mailbox:
    """A mailbox with a simple message and one of many parts."""
    box = mail.create("Box")
    box.append([NewMessage(SIMPLE, NOON, frozenset({"\\Seen"})), NewMessage(COMPLEX, NOON)])
    box.claim_recent(box.uid_next)
    return box


@pytest.mark.usefixtures("box")
def test_rfc3501_section_8(mary: Dialogue) -> None:
    """The sample connection: FULL, a header, and STORE."""
    mary.send(b"a002 SELECT Box\r\n")
    play(
        mary,
        r"""
        C: a003 fetch 1 full
        S: * 1 FETCH (FLAGS (\Seen) INTERNALDATE "28-Jul-2020 12:00:00 +0000" RFC822.SIZE 223 ENVELOPE ("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev1 WG mtg summary and minutes" (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) NIL NIL NIL "<B27397-0100000@cac.washington.edu>") BODY ("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 7 1))
        S: a003 OK FETCH completed
        C: a004 fetch 1 body[header]
        S: * 1 FETCH (BODY[HEADER] {216}
        S: Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
        S: From: Terry Gray <gray@cac.washington.edu>
        S: Subject: IMAP4rev1 WG mtg summary and minutes
        S: To: imap@cac.washington.edu
        S: Message-Id: <B27397-0100000@cac.washington.edu>
        S:
        S: )
        S: a004 OK FETCH completed
        C: a005 store 1 +flags \deleted
        S: * 1 FETCH (FLAGS (\Deleted \Seen))
        S: a005 OK STORE completed
    """,  # noqa: E501
    )


@pytest.mark.usefixtures("box")
@pytest.mark.parametrize(
    ("items", "answer"),
    [
        (b"UID", b"UID 1"),
        (b"(UID FLAGS UID)", rb"UID 1 FLAGS (\Seen)"),
        (b"FAST", rb'FLAGS (\Seen) INTERNALDATE "28-Jul-2020 12:00:00 +0000" RFC822.SIZE 223'),
        (b"RFC822.SIZE", b"RFC822.SIZE 223"),
        (b"BODY[TEXT]", b"BODY[TEXT] {7}\r\nHello\r\n"),
        (b"BODY.PEEK[1]", b"BODY[1] {7}\r\nHello\r\n"),
        (b"BODY[1]<0.3>", b"BODY[1]<0> {3}\r\nHel"),
        (b"BODY[1]<4.9999999999>", b"BODY[1]<4> {3}\r\no\r\n"),
        (b"BODY[1]<7.1>", b"BODY[1]<7> {0}\r\n"),
        (b"BODY[2]", b"BODY[2] NIL"),
        (b"BODY[1.MIME]", None),
        (b"body.peek[header.fields (subject x\\y)]", None),
        (
            b'BODY[HEADER.FIELDS (Subject "X Y")]',
            b'BODY[HEADER.FIELDS (Subject "X Y")] {49}\r\n'
            b"Subject: IMAP4rev1 WG mtg summary and minutes\r\n\r\n",
        ),
        (
            b"BODY[HEADER.FIELDS.NOT (Date From Subject Message-Id)]",
            b"BODY[HEADER.FIELDS.NOT (Date From Subject Message-Id)] {31}\r\n"
            b"To: imap@cac.washington.edu\r\n\r\n",
        ),
        (b"RFC822", b"RFC822 {223}\r\n" + SIMPLE),
        (b"RFC822.HEADER", b"RFC822.HEADER {216}\r\n" + SIMPLE[:-7]),
        (b"RFC822.TEXT", b"RFC822.TEXT {7}\r\nHello\r\n"),
        (b"BINARY[1]", b"BINARY[1] {7}\r\nHello\r\n"),
        (b"BINARY.PEEK[1]<1.2>", b"BINARY[1]<1> {2}\r\nel"),
        (b"BINARY.SIZE[1]", b"BINARY.SIZE[1] 7"),
        (b"BINARY.SIZE[]", b"BINARY.SIZE[] 223"),
        (b"FOO", None),
        (b"BODY[", None),
        (b"BODY[1.]", None),
        (b"BODY[0]", None),
        (b"BODY[MIME]", None),
        (b"BODY[HEADER.FIELDS]", None),
        (b"BODY[HEADER.FIELDS ()]", None),
        (b"BODY[TEXT]<0>", None),
        (b"BODY[TEXT]<0.0>", None),
        (b"BODY[TEXT]<1.-1>", None),
        (b"BODYSTRUCTURE[1]", None),
        (b"BODY.PEEK", None),
        (b"BINARY[TEXT]", None),
        (b"BINARY.SIZE[1]<0.1>", None),
        (b"()", None),
        (b"(FAST)", None),
        (b"FLAGS UID", None),
        (b"FAST (FOO)", None),
        (b"", None),
    ],
)
def test_data_items(log_in: Connect, items: bytes, answer: bytes | None) -> None:
    """What is no data item is BAD, and the answer names a section as it was asked for."""
    mary = log_in()
    mary.send(b"a SELECT Box\r\n")
    said = mary.send(b"b FETCH 1 %b\r\n" % items)
    if answer is not None:
        assert said == b"* 1 FETCH (%b)\r\nb OK FETCH completed\r\n" % answer
    elif b"MIME" in items and b"1" in items:
        assert said.startswith(b"* 1 FETCH (BODY[1.MIME] {216}\r\nDate: ")
    else:
        assert said.startswith(b"b BAD ")


@pytest.mark.usefixtures("box")
def test_what_is_read_is_seen(log_in: Connect) -> None:
    r"""RFC 9051 §6.4.5: reading sets \Seen, which is told; .PEEK does not."""
    mary, other = log_in(), log_in()
    mary.send(b"a SELECT Box\r\n")
    other.send(b"a SELECT Box\r\n")
    assert b"FLAGS" not in mary.send(b"b FETCH 2 (BODY.PEEK[] BINARY.PEEK[1] RFC822.HEADER)\r\n")
    said = mary.send(b"c FETCH 1:2 BODY[1]\r\n")
    assert said == (
        b"* 1 FETCH (BODY[1] {7}\r\nHello\r\n)\r\n"
        b"* 2 FETCH (BODY[1] {5}\r\none\r\n FLAGS (\\Seen))\r\nc OK FETCH completed\r\n"
    ).replace(b"{5}\r\none\r\n", b"{3}\r\none")
    assert mary.send(b"d NOOP\r\n") == b"d OK NOOP completed\r\n"
    assert (
        other.send(b"b NOOP\r\n") == b"* 2 FETCH (UID 2 FLAGS (\\Seen))\r\nb OK NOOP completed\r\n"
    )


@pytest.mark.usefixtures("box")
def test_uid_fetch_tells_uids(mary: Dialogue) -> None:
    """RFC 9051 §6.4.9: UIDs are taken and always told; what is not there is nothing."""
    mary.send(b"a SELECT Box\r\n")
    play(
        mary,
        r"""
        C: A999 UID FETCH 1:*,4827313:4828442 FLAGS
        S: * 1 FETCH (UID 1 FLAGS (\Seen))
        S: * 2 FETCH (UID 2 FLAGS ())
        S: A999 OK UID FETCH completed
        C: b UID FETCH 4827313 FLAGS
        S: b OK UID FETCH completed
        C: c UID FETCH 4827313:* (FLAGS UID)
        S: * 2 FETCH (FLAGS () UID 2)
        S: c OK UID FETCH completed
        C: d FETCH 3 FLAGS
        S: d BAD A message number is greater than the number of messages
        C: e FETCH 2:3 FLAGS
        S: e BAD A message number is greater than the number of messages
    """,
    )


def test_a_global_message_is_shown_by_what_the_client_speaks(
    log_in: Connect, mail: MemoryAccount
) -> None:
    """RFC 9051 §9, RFC 3501 §9; what one client has heard is nothing to another."""
    message = b"Content-Type: message/global\r\n\r\n\r\ntext\r\n"
    mail.create("Globe").append([NewMessage(message, NOON)])
    old, new = log_in(), log_in()
    new.send(b"a ENABLE IMAP4rev2\r\n")
    for client, shown in ((old, b" 8)"), (new, b" 8 (NIL NIL"), (old, b" 8)"), (new, b" 8 (NIL")):
        client.send(b"b SELECT Globe\r\n")
        said = client.send(b"c FETCH 1 BODY\r\n")
        assert said.startswith(b'* 1 FETCH (BODY ("MESSAGE" "GLOBAL" NIL NIL NIL "7BIT"' + shown)


def test_an_empty_mailbox_has_nothing(log_in: Connect) -> None:
    mary = log_in()
    mary.send(b"a SELECT Trash\r\n")
    assert mary.send(b"b FETCH 1:* FLAGS\r\n") == b"b OK FETCH completed\r\n"
    assert (
        mary.send(b"b FETCH 1 FLAGS\r\n")
        == b"b BAD A message number is greater than the number of messages\r\n"
    )
    assert mary.send(b"c FETCH * FLAGS\r\n") == b"c OK FETCH completed\r\n"
    assert mary.send(b"d UID FETCH 1:* FLAGS\r\n") == b"d OK UID FETCH completed\r\n"


def test_rfc3516_section_4_2(log_in: Connect, mail: MemoryAccount) -> None:
    """A decoded part may hold NUL; one in an unknown encoding is refused with UNKNOWN-CTE."""
    base64 = b"Content-Transfer-Encoding: base64\r\n\r\nAAEC\r\n"
    unknown = b"Content-Transfer-Encoding: foo\r\n\r\nAAEC\r\n"
    mail.create("Box").append([NewMessage(base64, NOON), NewMessage(unknown, NOON)])
    mary = log_in()
    mary.send(b"a SELECT Box\r\n")
    assert mary.send(b"b FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1])\r\n") == (
        b"* 1 FETCH (BINARY.SIZE[1] 3 BINARY[1] ~{3}\r\n\x00\x01\x02)\r\nb OK FETCH completed\r\n"
    )
    assert mary.send(b"c FETCH 1:2 BINARY.PEEK[1]\r\n") == (
        b"* 1 FETCH (BINARY[1] ~{3}\r\n\x00\x01\x02)\r\n"
        b"c NO [UNKNOWN-CTE] A part has an unknown content transfer encoding\r\n"
    )


@pytest.mark.usefixtures("box")
def test_who_asks_for_modseq_knows_of_it(mary: Dialogue) -> None:
    """RFC 7162 §3.1.4: CHANGEDSINCE asks for MODSEQ, too, which is told from then on."""
    mary.send(b"a SELECT Box\r\nb STORE 2 +FLAGS.SILENT (\\Flagged)\r\n")
    play(
        mary,
        r"""
        C: s100 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 2)
        S: * OK [HIGHESTMODSEQ 3] Highest mod-sequence
        S: * 2 FETCH (UID 2 FLAGS (\Flagged) MODSEQ (3))
        S: s100 OK UID FETCH completed
        C: a FETCH 1:2 (MODSEQ)
        S: * 1 FETCH (MODSEQ (2))
        S: * 2 FETCH (MODSEQ (3))
        S: a OK FETCH completed
        C: b FETCH 2 BODY[3.1]<0.0.1>
        S: b BAD …
        C: c FETCH 2 BODY[2]
        S: * 2 FETCH (BODY[2] {4}
        S: dHdv FLAGS (\Flagged \Seen) UID 2 MODSEQ (4))
        S: c OK FETCH completed
        C: d FETCH 1 FLAGS (CHANGEDSINCE)
        S: d BAD …
        C: e FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)
        S: e BAD …
    """,
    )


class _Gone:
    """Content that another process has removed."""

    size = 10

    def read(self) -> bytes:
        """Fail."""
        raise MessageGone("gone")


def test_a_message_that_vanishes_while_it_is_fetched(
    log_in: Connect, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 2180 §4.1.2: what is left is told, and that something is missing."""
    mary = log_in()
    mary.send(b"a SELECT Box\r\n")
    first = box.get(1)
    assert first is not None
    monkeypatch.setattr(type(first.content), "read", _Gone.read)
    assert mary.send(b"b FETCH 1:2 (UID BODY.PEEK[])\r\n") == (
        b"b OK [EXPUNGEISSUED] FETCH completed\r\n"
    )


@pytest.fixture
def limits() -> Limits:
    """Room for more than is used by default."""
    return Limits(account_size=2**30)


def test_everything_streams(log_in: Connect, mail: MemoryAccount) -> None:
    """Memory does not grow with the answer: chunks are made as they are taken."""
    content = b"Subject: large\r\n\r\n" + b"x" * 1_000_000 + b"\r\n"
    shared = NewMessage(content, NOON)
    box = mail.create("Box")
    for _ in range(100):
        box.append([shared])
    mary = log_in()
    mary.send(b"a SELECT Box\r\n")
    tracemalloc.start()
    try:
        effects = mary.core.receive(b"b FETCH 1:* BODY.PEEK[]\r\nc NOOP\r\n")
        octets = sum(len(chunk) for chunk in _chunks(effects))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert octets > 100 * len(content)
    assert peak < 40_000_000
    [after] = [one for one in mary.core.receive(b"") if isinstance(one, Write)]
    assert after.data == b"c OK NOOP completed\r\n"


def _chunks(effects: list[Effect]) -> Iterator[bytes]:
    for effect in effects:
        if isinstance(effect, Write):
            yield effect.data
        elif isinstance(effect, Stream):
            yield from effect.chunks


def test_small_answers_are_written_at_once(log_in: Connect, mail: MemoryAccount) -> None:
    mail.create("Box").append([mail_of("one")])
    mary = log_in()
    mary.send(b"a SELECT Box\r\n")
    effects = mary.core.receive(b"b FETCH 1 (UID FLAGS)\r\n")
    assert not any(isinstance(effect, Stream) for effect in effects)
