"""SELECT, EXAMINE, CLOSE, UNSELECT, EXPUNGE and CHECK (RFC 9051 §6.3.2, §6.4; RFC 3501)."""

from mailauth.mailbox.memory import MemoryAccount
from mailauth.testing import Dialogue, play
from tests.imap.conftest import Connect
from tests.support.mail import mail_of


def test_rfc3501_section_6_3_1(mary: Dialogue, mail: MemoryAccount) -> None:
    """SELECT says how many, which are new, what can be kept, and what holds its UIDs."""
    mail.mailbox("Drafts").append([mail_of("one", "\\Seen"), mail_of("two"), mail_of("three")])
    play(
        mary,
        r"""
        C: A142 SELECT drafts
        S: A142 NO [NONEXISTENT] The mailbox does not exist
        C: A142 SELECT Drafts
        S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft)
        S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] Permanent flags
        S: * 3 EXISTS
        S: * 3 RECENT
        S: * OK [UNSEEN 2] First unseen message
        S: * OK [UIDVALIDITY 1001] UIDs are valid
        S: * OK [UIDNEXT 4] Predicted next UID
        S: * OK [HIGHESTMODSEQ 2] Highest mod-sequence
        S: A142 OK [READ-WRITE] SELECT completed
    """,
    )


def test_rfc3501_section_6_3_2(mary: Dialogue) -> None:
    r"""EXAMINE changes nothing, and takes no \Recent from who SELECTs later."""
    play(
        mary,
        r"""
        C: A932 EXAMINE inbox
        S: * FLAGS (…)
        S: * OK [PERMANENTFLAGS ()] No permanent flags
        S: * 1 EXISTS
        S: * 1 RECENT
        S: * OK [UNSEEN 1] …
        S: * OK [UIDVALIDITY …] …
        S: * OK [UIDNEXT 2] …
        S: * OK [HIGHESTMODSEQ …] …
        S: A932 OK [READ-ONLY] EXAMINE completed
        C: a STORE 1 +FLAGS (\Deleted)
        S: a NO The mailbox is open read-only
        C: b EXPUNGE
        S: b NO The mailbox is open read-only
        C: c FETCH 1 BODY[TEXT]
        S: * 1 FETCH (BODY[TEXT] {8}
        S: Hello.
        S: )
        S: c OK FETCH completed
        C: d MOVE 1 Trash
        S: d NO The mailbox is open read-only
        C: e STATUS INBOX (RECENT UNSEEN)
        S: * STATUS "INBOX" (RECENT 1 UNSEEN 1)
        S: e OK STATUS completed
    """,
    )


def test_a_mailbox_selected_before_is_closed(mary: Dialogue) -> None:
    """RFC 9051 §6.3.2: CLOSED comes first, also where nothing is selected in its place."""
    mary.send(b"a SELECT INBOX\r\n")
    assert mary.send(b"b SELECT Trash\r\n").startswith(b"* OK [CLOSED] ")
    play(
        mary,
        """
        C: c SELECT nowhere
        S: * OK [CLOSED] The previous mailbox is now closed
        S: c NO [NONEXISTENT] The mailbox does not exist
        C: d FETCH 1 FLAGS
        S: d BAD This command is not allowed in the current state
        C: e EXAMINE nowhere
        S: e NO [NONEXISTENT] The mailbox does not exist
    """,
    )


def test_a_select_that_is_none_closes_nothing(mary: Dialogue) -> None:
    """RFC 9051 §6.3.2: only a SELECT that is attempted deselects."""
    mary.send(b"a SELECT INBOX\r\n")
    assert mary.send(b"b SELECT Trash (QRESYNC)\r\n").startswith(b"b BAD ")
    assert mary.send(b"c FETCH 1 UID\r\n") == b"* 1 FETCH (UID 1)\r\nc OK FETCH completed\r\n"


def test_imap4rev2_hears_neither_recent_nor_unseen(mary: Dialogue) -> None:
    """RFC 9051 §6.3.2: SELECT tells LIST in place of them."""
    mary.send(b"a ENABLE IMAP4rev2\r\n")
    said = mary.send(b"A142 SELECT INBOX\r\n")
    assert b'* LIST (\\HasNoChildren) "." "INBOX"\r\n' in said
    assert b"RECENT" not in said
    assert b"UNSEEN" not in said
    assert b"Recent" not in mary.send(b"b FETCH 1 FLAGS\r\n")


def test_rfc3501_section_6_4_2(mary: Dialogue, mail: MemoryAccount) -> None:
    """CLOSE expunges and says nothing of it."""
    play(
        mary,
        r"""
        C: a SELECT INBOX
        S: …
        C: b STORE 1 +FLAGS.SILENT (\Deleted)
        S: b OK STORE completed
        C: A341 CLOSE
        S: A341 OK CLOSE completed
        C: c CLOSE
        S: c BAD This command is not allowed in the current state
    """.replace("S: …", "\n        ".join(["S: …"] * 9)),
    )
    assert list(mail.mailbox("INBOX").uids()) == []


def test_unselect_and_examine_expunge_nothing(log_in: Connect, mail: MemoryAccount) -> None:
    """RFC 3691; RFC 9051 §6.4.1."""
    mary = log_in()
    mary.send(b"a SELECT INBOX\r\nb STORE 1 +FLAGS.SILENT (\\Deleted)\r\n")
    assert mary.send(b"c UNSELECT\r\n") == b"c OK UNSELECT completed\r\n"
    mary.send(b"d EXAMINE INBOX\r\n")
    assert mary.send(b"e CLOSE\r\n") == b"e OK CLOSE completed\r\n"
    assert list(mail.mailbox("INBOX").uids()) == [1]


def test_rfc3501_section_6_4_3(mary: Dialogue, mail: MemoryAccount) -> None:
    """EXPUNGE tells numbers as they are when each is removed; ours come from the end."""
    box = mail.create("Box")
    for number in range(1, 12):
        box.append([mail_of(str(number), *(["\\Deleted"] if number in (3, 4, 7, 11) else []))])
    mary.send(b"a SELECT Box\r\n")
    play(
        mary,
        """
        C: A202 EXPUNGE
        S: * 11 EXPUNGE
        S: * 7 EXPUNGE
        S: * 4 EXPUNGE
        S: * 3 EXPUNGE
        S: A202 OK EXPUNGE completed
    """,
    )


def test_rfc4315_section_2_1(mary: Dialogue, mail: MemoryAccount) -> None:
    r"""UID EXPUNGE removes what has \Deleted and is named, nothing else."""
    box = mail.create("Box")
    box.append([mail_of(str(number), "\\Deleted") for number in range(1, 5)])
    box.append([mail_of("kept")])
    mary.send(b"a SELECT Box\r\n")
    play(
        mary,
        """
        C: A003 UID EXPUNGE 2:3,5,3000:3002
        S: * 3 EXPUNGE
        S: * 2 EXPUNGE
        S: A003 OK UID EXPUNGE completed
        C: b CHECK
        S: b OK CHECK completed
    """,
    )
    assert list(box.uids()) == [1, 4, 5]
