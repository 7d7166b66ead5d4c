"""The examples of small extensions of IMAP, one by one, with our mailboxes and our words.

The larger ones have modules of their own: `test_rfc5258`, `test_rfc7162`, `test_saved_searches`;
what concerns logins is in `test_rfc_logins`.
"""

from datetime import timedelta

import pytest

from mailauth.mailbox.memory import MemoryAccount, MemoryMailbox
from mailauth.mailbox.message import DELETED, FLAGGED, SEEN, NewMessage
from mailauth.mailbox.store import Limits
from mailauth.testing import Dialogue, play
from tests.support.mail import NOON, mail_of


@pytest.fixture
def box(mail: MemoryAccount) -> MemoryMailbox:
    """A mailbox with three messages."""
    box = mail.create("Box")
    box.append([mail_of("one", SEEN), mail_of("two", FLAGGED), mail_of("three", DELETED)])
    box.claim_recent(4)
    return box


def test_rfc2177_section_3(mary: Dialogue, mail: MemoryAccount) -> None:
    """IDLE: new mail comes by itself, and what happened before it begins comes with it."""
    box = mail.create("Box")
    box.append([mail_of("one"), mail_of("two"), mail_of("three")])
    box.claim_recent(4)
    mary.send(b"A001 SELECT Box\r\n")
    play(mary, "C: A002 IDLE\nS: + idling")
    box.append([mail_of("four")])
    play(
        mary,
        """
        <notified>
        S: * 4 EXISTS
        S: * 1 RECENT
        C: DONE
        S: A002 OK IDLE completed
    """,
    )
    box.expunge([2])
    play(
        mary,
        r"""
        C: A003 FETCH 4 ALL
        S: * 4 FETCH (FLAGS (\Recent) INTERNALDATE … RFC822.SIZE … ENVELOPE …)
        S: A003 OK FETCH completed
        C: A004 IDLE
        S: + idling
        S: * 2 EXPUNGE
    """,
    )
    box.expunge([3])
    play(mary, "<notified>\nS: * 2 EXPUNGE")
    box.append([mail_of("five")])
    play(
        mary,
        r"""
        <notified>
        S: * 3 EXISTS
        S: * 2 RECENT
        C: DONE
        S: A004 OK IDLE completed
        C: A005 FETCH 3 ALL
        S: * 3 FETCH (FLAGS (\Recent) INTERNALDATE … RFC822.SIZE … ENVELOPE …)
        S: A005 OK FETCH completed
        C: A006 IDLE
        S: + idling
    """,
    )


def test_rfc2342_section_5(mary: Dialogue) -> None:
    """NAMESPACE: example 5.1 is ours; a mailbox below INBOX can be made, as in 5.5."""
    play(
        mary,
        """
        C: A001 NAMESPACE
        S: * NAMESPACE (("" ".")) NIL NIL
        S: A001 OK NAMESPACE completed
        C: A002 CREATE "INBOX.Sent Mail"
        S: A002 OK CREATE completed
        C: A002 CREATE "Sent Mail"
        S: A002 OK CREATE completed
    """,
    )


def test_rfc3691_section_2(mary: Dialogue, box: MemoryMailbox) -> None:
    r"""UNSELECT: nothing is expunged."""
    mary.send(b"a SELECT Box\r\n")
    play(mary, "C: A341 UNSELECT\nS: A341 OK UNSELECT completed")
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
        S: A006 NO [TRYCREATE] The mailbox does not exist
    """,
    )


def test_rfc4731_section_3_1(mary: Dialogue, mail: MemoryAccount) -> None:
    """ESEARCH: 2, 10 and 11 are flagged and not from Smith, 4 is unseen, as they are there."""
    flagged, seen = frozenset({FLAGGED, SEEN}), frozenset({SEEN})
    messages = [NewMessage(b"From: Jones\r\n\r\n", NOON, seen)] * 12
    messages[1] = messages[9] = messages[10] = NewMessage(b"From: Jones\r\n\r\n", NOON, flagged)
    messages[2] = NewMessage(b"From: Smith\r\n\r\n", NOON, flagged)
    messages[3] = mail_of("unseen", DELETED)
    box = mail.create("Box")
    box.append([mail_of("gone"), *messages])
    box.expunge([1])
    mary.send(b"a SELECT Box\r\n")
    play(
        mary,
        """
        C: A282 SEARCH RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
        S: * ESEARCH (TAG "A282") MIN 2 COUNT 3
        S: A282 OK SEARCH completed
        C: A283 SEARCH RETURN () FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
        S: * ESEARCH (TAG "A283") ALL 2,10:11
        S: A283 OK SEARCH completed
        C: A284 SEARCH RETURN (MIN) UNSEEN
        S: * ESEARCH (TAG "A284") MIN 4
        S: A284 OK SEARCH completed
        C: A285 UID SEARCH RETURN (MIN MAX) 1:5000
        S: * ESEARCH (TAG "A285") UID MIN 2 MAX 13
        S: A285 OK UID SEARCH completed
        C: A286 SEARCH RETURN (COUNT) DELETED
        S: * ESEARCH (TAG "A286") COUNT 1
        S: A286 OK SEARCH completed
    """,
    )


def test_rfc4731_section_3_2(mary: Dialogue, box: MemoryMailbox) -> None:
    """With MODSEQ, the highest of what is told of: of MIN and MAX alone, or of all found."""
    mary.send(b"a SELECT Box (CONDSTORE)\r\n")
    for number in (3, 1, 2):
        mary.send(b"b STORE %d +FLAGS.SILENT (\\Draft)\r\n" % number)
    play(
        mary,
        r"""
        C: a1 SEARCH RETURN (MIN) MODSEQ "/flags/\\draft" all 3
        S: * ESEARCH (TAG "a1") MIN 1 MODSEQ 4
        S: a1 OK SEARCH completed
        C: a2 SEARCH RETURN (MAX) MODSEQ "/flags/\\draft" all 3
        S: * ESEARCH (TAG "a2") MAX 3 MODSEQ 3
        S: a2 OK SEARCH completed
        C: a3 SEARCH RETURN (MIN MAX) MODSEQ "/flags/\\draft" all 3
        S: * ESEARCH (TAG "a3") MIN 1 MAX 3 MODSEQ 4
        S: a3 OK SEARCH completed
        C: a4 SEARCH RETURN (MIN COUNT) MODSEQ "/flags/\\draft" all 3
        S: * ESEARCH (TAG "a4") MIN 1 COUNT 3 MODSEQ 5
        S: a4 OK SEARCH completed
    """,
    )


def test_rfc5032_section_4(mary: Dialogue, mail: MemoryAccount) -> None:
    """YOUNGER: what came within three days, to the second; the response has no tag (a misprint)."""
    within, before = NOON - timedelta(days=3), NOON - timedelta(days=3, seconds=1)
    messages = [
        NewMessage(b"x: y\r\n\r\n", date, frozenset(flags))
        for date, flags in ((before, ()), (within, ()), (NOON, (SEEN,)), (NOON, ()))
    ]
    mail.create("Box").append(messages)
    mary.send(b"a SELECT Box\r\n")
    play(
        mary,
        """
        C: a1 SEARCH UNSEEN YOUNGER 259200
        S: * SEARCH 2 4
        S: a1 OK SEARCH completed
        C: a2 SEARCH UNSEEN OLDER 259200
        S: * SEARCH 1 2
        S: a2 OK SEARCH completed
    """,
    )


def test_rfc6154_section_5_1(mary: Dialogue, mail: MemoryAccount) -> None:
    """A plain LIST shows what mailboxes are for, too."""
    mail.create("ToDo")
    mail.create("Projects.Mine")
    play(
        mary,
        r"""
        C: t1 LIST "" "%"
        S: * LIST (\HasNoChildren) "." "INBOX"
        S: * LIST (\HasNoChildren \Archive) "." "Archive"
        S: * LIST (\HasNoChildren \Drafts) "." "Drafts"
        S: * LIST (\HasNoChildren \Junk) "." "Junk"
        S: * LIST (\HasChildren) "." "Projects"
        S: * LIST (\HasNoChildren \Sent) "." "Sent"
        S: * LIST (\HasNoChildren) "." "ToDo"
        S: * LIST (\HasNoChildren \Trash) "." "Trash"
        S: t1 OK LIST completed
    """,
    )


def test_rfc6154_section_5_2(mary: Dialogue) -> None:
    """SPECIAL-USE is returned, and selects; CREATE takes no USE (§5.3), which is not announced."""
    announced = mary.send(b"t1 CAPABILITY\r\n")
    assert b" SPECIAL-USE " in announced
    assert b"CREATE-SPECIAL-USE" not in announced
    play(
        mary,
        r"""
        C: t2 LIST "" "%" RETURN (SPECIAL-USE)
        S: * LIST (\HasNoChildren) "." "INBOX"
        S: * LIST (\HasNoChildren \Archive) "." "Archive"
        S: * LIST (\HasNoChildren \Drafts) "." "Drafts"
        S: * LIST (\HasNoChildren \Junk) "." "Junk"
        S: * LIST (\HasNoChildren \Sent) "." "Sent"
        S: * LIST (\HasNoChildren \Trash) "." "Trash"
        S: t2 OK LIST completed
        C: t3 LIST (SPECIAL-USE) "" "*"
        S: * LIST (\HasNoChildren \Archive) "." "Archive"
        S: * LIST (\HasNoChildren \Drafts) "." "Drafts"
        S: * LIST (\HasNoChildren \Junk) "." "Junk"
        S: * LIST (\HasNoChildren \Sent) "." "Sent"
        S: * LIST (\HasNoChildren \Trash) "." "Trash"
        S: t3 OK LIST completed
        C: t2 CREATE MySpecial (USE (\Drafts \Sent))
        S: t2 BAD Expected the end of the command
    """,
    )


def test_rfc7889_section_2_and_3_1_and_3_2(mary: Dialogue) -> None:
    """APPENDLIMIT, the same for every mailbox: in CAPABILITY, STATUS and LIST."""
    assert b" APPENDLIMIT=33554432\r\n" in mary.send(b"t1 CAPABILITY\r\n")
    play(
        mary,
        r"""
        C: t1 STATUS INBOX (APPENDLIMIT)
        S: * STATUS "INBOX" (APPENDLIMIT 33554432)
        S: t1 OK STATUS completed
        C: t1 LIST "" I% RETURN (STATUS (APPENDLIMIT))
        S: * LIST (\HasNoChildren) "." "INBOX"
        S: * STATUS "INBOX" (APPENDLIMIT 33554432)
        S: t1 OK LIST completed
    """,
    )


def test_rfc8438_section_3(mary: Dialogue, mail: MemoryAccount) -> None:
    """STATUS=SIZE: the sum of all RFC822.SIZE, in STATUS and in LIST."""
    mail.create("frop").append(
        [NewMessage(b"x" * (size - 2) + b"\r\n", NOON) for size in (3224, 1222, 444)]
    )
    mary.send(b"A02 SELECT frop\r\n")
    play(
        mary,
        r"""
        C: A01 STATUS frop (MESSAGES SIZE UIDNEXT)
        S: * STATUS "frop" (MESSAGES 3 SIZE 4890 UIDNEXT 4)
        S: A01 OK STATUS completed
        C: A03 FETCH 1:* (RFC822.SIZE)
        S: * 1 FETCH (RFC822.SIZE 3224)
        S: * 2 FETCH (RFC822.SIZE 1222)
        S: * 3 FETCH (RFC822.SIZE 444)
        S: A03 OK FETCH completed
        C: A04 LIST "" (INBOX frop) RETURN (STATUS (MESSAGES SIZE))
        S: * LIST (\HasNoChildren) "." "INBOX"
        S: * STATUS "INBOX" (MESSAGES 1 SIZE 47)
        S: * LIST (\HasNoChildren) "." "frop"
        S: * STATUS "frop" (MESSAGES 3 SIZE 4890)
        S: A04 OK LIST completed
    """,
    )


def test_rfc2087_section_4_1_and_4_2_and_4_3(mary: Dialogue) -> None:
    """GETQUOTA and GETQUOTAROOT; SETQUOTA (§4.1) is not there, and QUOTASET not announced."""
    assert b" QUOTASET" not in mary.send(b"A000 CAPABILITY\r\n")
    play(
        mary,
        """
        C: A001 SETQUOTA "" (STORAGE 512)
        S: A001 BAD Unknown command
        C: A003 GETQUOTA ""
        S: * QUOTA "" (STORAGE 1 262144 MESSAGE 1 100000)
        S: A003 OK GETQUOTA completed
        C: A003 GETQUOTAROOT INBOX
        S: * QUOTAROOT "INBOX" ""
        S: * QUOTA "" (STORAGE 1 262144 MESSAGE 1 100000)
        S: A003 OK GETQUOTAROOT completed
    """,
    )


def test_rfc9208_section_4_1_1(mary: Dialogue) -> None:
    """GETQUOTA: there is one root, which has no name; RFC 9208 §4.1.2 is as RFC 2087 §4.3."""
    assert b" QUOTA QUOTA=RES-STORAGE " in mary.send(b"G0000 CAPABILITY\r\n")
    play(
        mary,
        """
        C: G0001 GETQUOTA "!partition/sda4"
        S: G0001 NO [NONEXISTENT] The quota root does not exist
        C: G0001 GETQUOTA ""
        S: * QUOTA "" (STORAGE 1 262144 MESSAGE 1 100000)
        S: G0001 OK GETQUOTA completed
    """,
    )


def test_rfc9208_section_4_1_4(mary: Dialogue, box: MemoryMailbox) -> None:
    """STATUS tells what an EXPUNGE would free, in octets."""
    size = box.messages()[2].size
    play(
        mary,
        f"""
        C: S0003 STATUS Box (MESSAGES DELETED DELETED-STORAGE)
        S: * STATUS "Box" (MESSAGES 3 DELETED 1 DELETED-STORAGE {size})
        S: S0003 OK STATUS completed
    """,
    )


class TestFull:
    """An account that is nearly full."""

    @pytest.fixture
    def limits(self) -> Limits:
        """Room for two messages."""
        return Limits(account_messages=2)

    def test_rfc9208_section_4_3_1(self, mary: Dialogue, mail: MemoryAccount) -> None:
        """OVERQUOTA: of APPEND and COPY, with nothing kept; there is no soft quota here."""
        mail.mailbox("INBOX").append([mail_of("two")])
        mary.send(b"a SELECT INBOX\r\n")
        play(
            mary,
            r"""
            C: A003 APPEND Sent (\Seen) {26}
            S: + OK
            C: Subject: afternoon meeting
            S: A003 NO [OVERQUOTA] …
            C: A004 COPY 1:2 Archive
            S: A004 NO [OVERQUOTA] …
        """,
        )
        assert mail.mailbox("Archive").counts().messages == 0
        assert mail.quota().messages == 2
