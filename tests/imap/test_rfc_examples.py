"""Example dialogues of the RFCs that are told nowhere else, with our mailboxes and our words."""

import pytest

from mailauth.mailbox.memory import MemoryAccount, MemoryMailbox
from mailauth.mailbox.message import DELETED, FLAGGED, SEEN, FlagChange, NewMessage, Operation
from mailauth.testing import Dialogue, play
from tests.imap.conftest import NOON, mail_of


@pytest.fixture
def box(mail: MemoryAccount) -> MemoryMailbox:
    """A mailbox with three messages."""
    box = mail.create("Box")
    box.append([mail_of("one", SEEN), mail_of("two", FLAGGED), mail_of("three", DELETED)])
    box.claim_recent(4)
    return box


def test_rfc3501_section_6_1_2(mary: Dialogue, box: MemoryMailbox) -> None:
    """NOOP: nothing by itself, and the way to hear of others."""
    mary.send(b"a SELECT Box\r\n")
    play(mary, "C: a002 NOOP\nS: a002 OK NOOP completed")
    box.expunge([2])
    box.append([mail_of("four")])
    box.store([3], FlagChange(Operation.REPLACE, frozenset({SEEN, DELETED})))
    play(
        mary,
        r"""
        C: a047 NOOP
        S: * 2 EXPUNGE
        S: * 3 EXISTS
        S: * 1 RECENT
        S: * 2 FETCH (UID 3 FLAGS (\Deleted \Seen))
        S: a047 OK NOOP completed
    """,
    )


def test_rfc3501_section_6_1_3(mary: Dialogue) -> None:
    """LOGOUT: BYE comes first."""
    play(
        mary,
        """
        C: A023 LOGOUT
        S: * BYE Logging out
        S: A023 OK LOGOUT completed
        <closed>
    """,
    )


def test_rfc3501_section_6_3_9(mary: Dialogue) -> None:
    r"""LSUB: what is subscribed below a name that matches `%` shows that name as \Noselect."""
    for name in (b"comp.mail.mime", b"comp.mail.misc", b"news.comp.mail.mime"):
        mary.send(b"s SUBSCRIBE %b\r\n" % name)
    play(
        mary,
        r"""
        C: A002 LSUB "comp." "mail.*"
        S: * LSUB () "." "comp.mail.mime"
        S: * LSUB () "." "comp.mail.misc"
        S: A002 OK LSUB completed
        C: A003 LSUB "comp." "%"
        S: * LSUB (\Noselect) "." "comp.mail"
        S: A003 OK LSUB completed
    """,
    )


def test_rfc3501_section_6_4_1(mary: Dialogue, box: MemoryMailbox) -> None:
    """CHECK"""
    mary.send(b"a SELECT Box\r\n")
    play(mary, "C: FXXZ CHECK\nS: FXXZ OK CHECK completed")


def test_rfc3501_section_6_4_4(mary: Dialogue, mail: MemoryAccount) -> None:
    """SEARCH: by several keys, for what is not there, and in a charset."""
    texts = (
        "From: Jones\r\n\r\nhello",
        "From: Smith\r\n\r\nhello",
        "From: Jones\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nпривет",
    )
    mail.create("Box").append(
        [NewMessage(text.encode(), NOON, frozenset({FLAGGED})) for text in texts]
    )
    mary.send(b"a SELECT Box\r\n")
    play(
        mary,
        """
        C: A282 SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
        S: * SEARCH 1 3
        S: A282 OK SEARCH completed
        C: A283 SEARCH TEXT "string not in mailbox"
        S: * SEARCH
        S: A283 OK SEARCH completed
    """,
    )
    word = "привет".encode()
    assert mary.send(b"A284 SEARCH CHARSET UTF-8 TEXT {%d}\r\n" % len(word)) == b"+ OK\r\n"
    assert mary.send(word + b"\r\n") == b"* SEARCH 3\r\nA284 OK SEARCH completed\r\n"


def test_rfc3501_section_6_4_5(mary: Dialogue, mail: MemoryAccount) -> None:
    """FETCH: flags and some fields of the header of some messages."""
    fields = b"Date: Tue, 28 Jul 2020 12:00:00 +0000\r\nFrom: Jo <jo@example.org>\r\n"
    message = NewMessage(fields + b"Subject: x\r\n\r\nbody\r\n", NOON, frozenset({SEEN}))
    box = mail.create("Box")
    box.append([message] * 4)
    box.claim_recent(5)
    mary.send(b"a SELECT Box\r\n")
    said = mary.send(b"A654 FETCH 2:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)])\r\n")
    assert said == b"".join(
        b"* %d FETCH (FLAGS (\\Seen) BODY[HEADER.FIELDS (DATE FROM)] {%d}\r\n%b\r\n)\r\n"
        % (number, len(fields) + 2, fields)
        for number in (2, 3, 4)
    ) + (b"A654 OK FETCH completed\r\n")


def test_rfc3501_section_6_4_8(mary: Dialogue, box: MemoryMailbox) -> None:
    """UID FETCH: the numbers are UIDs, and answers have message numbers all the same."""
    box.expunge([1])
    mary.send(b"a SELECT Box\r\n")
    play(
        mary,
        r"""
        C: A999 UID FETCH 2:4828442 FLAGS
        S: * 1 FETCH (UID 2 FLAGS (\Flagged))
        S: * 2 FETCH (UID 3 FLAGS (\Deleted))
        S: A999 OK UID FETCH completed
    """,
    )


def test_rfc2342_section_5(mary: Dialogue) -> None:
    """NAMESPACE: personal mailboxes alone (example 5.1)."""
    play(
        mary,
        """
        C: A001 NAMESPACE
        S: * NAMESPACE (("" ".")) NIL NIL
        S: A001 OK NAMESPACE completed
    """,
    )


def test_rfc3691_section_2(mary: Dialogue, box: MemoryMailbox) -> None:
    r"""UNSELECT: nothing is expunged."""
    mary.send(b"a SELECT Box\r\n")
    play(mary, "C: A202 UNSELECT\nS: A202 OK UNSELECT completed")
    assert box.counts().messages == 3


def test_rfc4315_section_3(mary: Dialogue, box: MemoryMailbox) -> None:
    """APPENDUID and COPYUID; TRYCREATE and nothing copied where there is no target."""
    mary.send(b"a SELECT Box\r\n")
    play(
        mary,
        r"""
        C: A003 APPEND Sent (\Seen) {5+}
        C: hello
        S: A003 OK [APPENDUID 1002 1] APPEND completed
        C: A004 COPY 1:2 Sent
        S: A004 OK [COPYUID 1002 1:2 2:3] COPY completed
        C: A005 UID COPY 500:600 Sent
        S: A005 OK UID COPY completed
        C: A006 COPY 1:2 funny
        S: A006 NO [TRYCREATE] No mailbox has this name
    """,
    )


def test_rfc8438_section_3(mary: Dialogue, box: MemoryMailbox) -> None:
    """STATUS=SIZE: the sum of all RFC822.SIZE."""
    size = sum(message.size for message in box.messages())
    said = mary.send(b"A042 STATUS Box (UIDNEXT MESSAGES SIZE)\r\n")
    assert said.startswith(b'* STATUS "Box" (UIDNEXT 4 MESSAGES 3 SIZE %d)\r\n' % size)
