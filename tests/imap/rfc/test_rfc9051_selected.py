"""The example dialogues of RFC 9051 in a selected mailbox (§6.4), one by one.

Those of §6.4.4.4, the saved search result, are `test_saved_searches`.
"""

import pytest

from mailauth.mailbox.memory import MemoryAccount, MemoryMailbox
from mailauth.mailbox.message import DELETED, FLAGGED, SEEN, NewMessage
from mailauth.testing import Dialogue, play
from tests.support.mail import NOON, mail_of


@pytest.fixture
def box(rev2: Dialogue, mail: MemoryAccount) -> MemoryMailbox:
    """A selected mailbox of eleven messages, whose UIDs are one more than their numbers."""
    box = mail.create("Box")
    box.append([mail_of(str(number)) for number in range(12)])
    box.expunge([1])
    rev2.send(b"a SELECT Box\r\n")
    return box


def test_rfc9051_section_6_4_1(rev2: Dialogue, box: MemoryMailbox) -> None:
    """CLOSE"""
    rev2.send(b"a STORE 1 +FLAGS.SILENT (\\Deleted)\r\n")
    play(rev2, "C: A341 CLOSE\nS: A341 OK CLOSE completed")
    assert box.counts().messages == 10


def test_rfc9051_section_6_4_2(rev2: Dialogue, box: MemoryMailbox) -> None:
    """UNSELECT"""
    rev2.send(b"a STORE 1 +FLAGS.SILENT (\\Deleted)\r\n")
    play(rev2, "C: A342 UNSELECT\nS: A342 OK UNSELECT completed")
    assert box.counts().messages == 11


@pytest.mark.usefixtures("box")
def test_rfc9051_section_6_4_3(rev2: Dialogue) -> None:
    """EXPUNGE: 3, 4, 7 and 11; ours come from the end."""
    rev2.send(b"a STORE 3,4,7,11 +FLAGS.SILENT (\\Deleted)\r\n")
    play(
        rev2,
        """
        C: A202 EXPUNGE
        S: * 11 EXPUNGE
        S: * 7 EXPUNGE
        S: * 4 EXPUNGE
        S: * 3 EXPUNGE
        S: A202 OK EXPUNGE completed
    """,
    )


def test_rfc9051_section_6_4_4(rev2: Dialogue, mail: MemoryAccount) -> None:
    """SEARCH: 2, 10 and 11 are flagged and not from Smith; 12 holds a word in Russian."""
    flagged = frozenset({FLAGGED})
    smith, jones = (
        NewMessage(f"From: {name}\r\n\r\nx\r\n".encode(), NOON, flagged)
        for name in ("Smith", "Jones")
    )
    word = "Content-Type: text/plain; charset=utf-8\r\n\r\nотпуск\r\n".encode()
    box = mail.create("Box")
    box.append([mail_of("deleted", DELETED, SEEN), jones, smith])
    box.append([mail_of(str(number), SEEN) for number in range(4, 10)])
    box.append([jones, jones, NewMessage(word, NOON)])
    box.expunge([7])
    box.append([mail_of("last")])
    rev2.send(b"a SELECT Box\r\n")
    play(
        rev2,
        """
        C: A282 SEARCH RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
        S: * ESEARCH (TAG "A282") MIN 2 COUNT 3
        S: A282 OK SEARCH completed
        C: A283 SEARCH RETURN () FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
        S: * ESEARCH (TAG "A283") ALL 2,9:10
        S: A283 OK SEARCH completed
        C: A284 SEARCH TEXT "string not in mailbox"
        S: * ESEARCH (TAG "A284")
        S: A284 OK SEARCH completed
        C: A285 SEARCH CHARSET UTF-8 TEXT {12}
        S: + OK
        C: отпуск
        S: * ESEARCH (TAG "A285") ALL 11
        S: A285 OK SEARCH completed
        C: A284 SEARCH RETURN (MIN) UNSEEN
        S: * ESEARCH (TAG "A284") MIN 2
        S: A284 OK SEARCH completed
        C: A285 UID SEARCH RETURN (MIN MAX) 1:5000
        S: * ESEARCH (TAG "A285") UID MIN 1 MAX 13
        S: A285 OK UID SEARCH completed
        C: A286 SEARCH RETURN (COUNT) DELETED
        S: * ESEARCH (TAG "A286") COUNT 1
        S: A286 OK SEARCH completed
    """,
    )


def test_rfc9051_section_6_4_5(rev2: Dialogue, mail: MemoryAccount) -> None:
    """FETCH: flags, and some fields of the header."""
    fields = b"Date: Tue, 28 Jul 2020 12:00:00 +0000\r\nFrom: Jo <jo@example.org>\r\n"
    message = NewMessage(fields + b"Subject: x\r\n\r\nbody\r\n", NOON)
    mail.create("Box").append([message] * 4)
    rev2.send(b"a SELECT Box\r\n")
    shown = "\n".join(
        f"""
        S: * {number} FETCH (FLAGS (\\Seen) BODY[HEADER.FIELDS (DATE FROM)] {{{len(fields) + 2}}}
        S: Date: Tue, 28 Jul 2020 12:00:00 +0000
        S: From: Jo <jo@example.org>
        S:
        S: )"""
        for number in (2, 3, 4)
    )
    rev2.send(b"a STORE 2:4 FLAGS.SILENT (\\Seen)\r\n")
    play(
        rev2,
        f"""
        C: A654 FETCH 2:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)])
        {shown}
        S: A654 OK FETCH completed
    """,
    )


@pytest.mark.usefixtures("box")
def test_rfc9051_section_6_4_6(rev2: Dialogue) -> None:
    """STORE"""
    rev2.send(b"a STORE 2,4 FLAGS.SILENT (\\Seen)\r\nb STORE 4 +FLAGS.SILENT (\\Flagged)\r\n")
    play(
        rev2,
        r"""
        C: A003 STORE 2:4 +FLAGS (\Deleted)
        S: * 2 FETCH (FLAGS (\Deleted \Seen))
        S: * 3 FETCH (FLAGS (\Deleted))
        S: * 4 FETCH (FLAGS (\Flagged \Deleted \Seen))
        S: A003 OK STORE completed
    """,
    )


@pytest.mark.usefixtures("box")
def test_rfc9051_section_6_4_7(rev2: Dialogue, mail: MemoryAccount) -> None:
    """COPY"""
    mail.create("MEETING")
    play(rev2, "C: A003 COPY 2:4 MEETING\nS: A003 OK [COPYUID 1007 3:5 1:3] COPY completed")


@pytest.mark.usefixtures("box")
def test_rfc9051_section_6_4_8(rev2: Dialogue, mail: MemoryAccount) -> None:
    """UID MOVE: COPYUID comes before what has gone."""
    mail.create("foo")
    play(
        rev2,
        """
        C: a UID MOVE 10:69 foo
        S: * OK [COPYUID 1007 10:12 1:3] Moved
        S: * 11 EXPUNGE
        S: * 10 EXPUNGE
        S: * 9 EXPUNGE
        S: a OK UID MOVE completed
    """,
    )


@pytest.mark.usefixtures("box")
def test_rfc9051_section_6_4_9(rev2: Dialogue) -> None:
    """UID EXPUNGE and UID FETCH: they take UIDs and show message numbers."""
    rev2.send(b"a STORE 3:6 +FLAGS.SILENT (\\Deleted)\r\n")
    play(
        rev2,
        r"""
        C: A003 UID EXPUNGE 4:6
        S: * 5 EXPUNGE
        S: * 4 EXPUNGE
        S: * 3 EXPUNGE
        S: A003 OK UID EXPUNGE completed
        C: A999 UID FETCH 7:8 FLAGS
        S: * 3 FETCH (UID 7 FLAGS (\Deleted))
        S: * 4 FETCH (UID 8 FLAGS ())
        S: A999 OK UID FETCH completed
    """,
    )
