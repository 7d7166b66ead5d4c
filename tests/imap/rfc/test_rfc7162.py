"""The examples of CONDSTORE, one by one (RFC 7162 §3.1).

Those of QRESYNC (§3.2) are left out, which is not offered; so is example 2, since every mailbox
has mod-sequences, and example 20, which needs SORT. FETCH tells the UID as §3.2.4 has it.
"""

import pytest

from mailauth.mailbox.memory import MemoryAccount, MemoryMailbox
from mailauth.mailbox.message import ANSWERED, DELETED, SEEN, FlagChange, Operation
from mailauth.testing import Dialogue, play
from tests.imap.conftest import Connect
from tests.support.mail import mail_of

FLAGS = r"(\Answered \Flagged \Deleted \Seen \Draft)"


@pytest.fixture
def box(mail: MemoryAccount) -> MemoryMailbox:
    """A mailbox of four messages with the UIDs 4, 6, 7 and 8; HIGHESTMODSEQ is 3."""
    box = mail.create("Box")
    box.append([mail_of(str(number), SEEN) for number in range(1, 9)])
    box.expunge([1, 2, 3, 5])
    box.claim_recent(box.uid_next)
    return box


@pytest.fixture
def selected(mary: Dialogue, box: MemoryMailbox) -> MemoryMailbox:
    """The mailbox that mary has selected."""
    mary.send(b"a SELECT Box\r\n")
    return box


def add(box: MemoryMailbox, uid: int, *flags: str) -> None:
    """Another session adds flags."""
    box.store([uid], FlagChange(Operation.ADD, frozenset(flags)))


@pytest.mark.usefixtures("box")
@pytest.mark.parametrize("parameter", ["", " (CONDSTORE)"])
def test_rfc7162_section_3_1_2_1_and_3_1_8(mary: Dialogue, parameter: str) -> None:
    """Examples 1 and 18: HIGHESTMODSEQ is told whether CONDSTORE is asked for or not."""
    play(
        mary,
        rf"""
        C: A142 SELECT Box{parameter}
        S: * FLAGS {FLAGS}
        S: * OK [PERMANENTFLAGS …] Permanent flags
        S: * 4 EXISTS
        S: * 0 RECENT
        S: * OK [UIDVALIDITY 1006] UIDs are valid
        S: * OK [UIDNEXT 9] Predicted next UID
        S: * OK [HIGHESTMODSEQ 3] Highest mod-sequence
        S: A142 OK [READ-WRITE] SELECT completed
    """,
    )


@pytest.mark.usefixtures("selected")
def test_rfc7162_section_3_1_3_examples_3_to_5(mary: Dialogue) -> None:
    """UNCHANGEDSINCE held: MODSEQ is told in spite of .SILENT, and the first HIGHESTMODSEQ."""
    play(
        mary,
        rf"""
        C: a103 UID STORE 6,4,8 (UNCHANGEDSINCE 3) +FLAGS.SILENT (\Deleted)
        S: * OK [HIGHESTMODSEQ 3] Highest mod-sequence
        S: * 1 FETCH (UID 4 MODSEQ (4))
        S: * 2 FETCH (UID 6 MODSEQ (4))
        S: * 4 FETCH (UID 8 MODSEQ (4))
        S: a103 OK UID STORE completed
        C: a104 STORE * (UNCHANGEDSINCE 4) +FLAGS.SILENT (\Deleted $Processed)
        S: * FLAGS {FLAGS[:-1]} $Processed)
        S: * OK [PERMANENTFLAGS {FLAGS[:-1]} $Processed \*)] Permanent flags
        S: * 4 FETCH (UID 8 MODSEQ (5))
        S: a104 OK STORE completed
        C: c101 STORE 4 (UNCHANGEDSINCE 5) -FLAGS.SILENT (\Deleted)
        S: * 4 FETCH (UID 8 MODSEQ (6))
        S: c101 OK STORE completed
    """,
    )


def test_rfc7162_section_3_1_3_examples_6_and_7(mary: Dialogue, selected: MemoryMailbox) -> None:
    """What failed is MODIFIED, and why is told at once (RFC 3501 §6.4.6)."""
    add(selected, 4, DELETED)
    add(selected, 8, ANSWERED)
    play(
        mary,
        r"""
        C: d105 STORE 1,3,4 (UNCHANGEDSINCE 3) +FLAGS.SILENT (\Deleted)
        S: * OK [HIGHESTMODSEQ 5] Highest mod-sequence
        S: * 3 FETCH (UID 7 MODSEQ (6))
        S: * 1 FETCH (UID 4 FLAGS (\Deleted \Seen) MODSEQ (4))
        S: * 4 FETCH (UID 8 FLAGS (\Answered \Seen) MODSEQ (5))
        S: d105 OK [MODIFIED 1,4] STORE completed
    """,
    )


@pytest.mark.usefixtures("selected")
def test_rfc7162_section_3_1_3_example_8(mary: Dialogue) -> None:
    """UNCHANGEDSINCE 0 always fails, and a keyword that nothing gets is none."""
    play(
        mary,
        """
        C: a102 STORE 2 (UNCHANGEDSINCE 0) +FLAGS.SILENT ($MDNSent)
        S: * OK [HIGHESTMODSEQ 3] Highest mod-sequence
        S: a102 OK [MODIFIED 2] STORE completed
    """,
    )


def test_rfc7162_section_3_1_3_examples_9_and_10(mary: Dialogue, selected: MemoryMailbox) -> None:
    """A client need not poll for why it failed, and may try again with what it was told."""
    add(selected, 6, ANSWERED)
    play(
        mary,
        r"""
        C: a106 STORE 1:3 (UNCHANGEDSINCE 3) +FLAGS.SILENT (\Flagged)
        S: * OK [HIGHESTMODSEQ 4] Highest mod-sequence
        S: * 1 FETCH (UID 4 MODSEQ (5))
        S: * 3 FETCH (UID 7 MODSEQ (5))
        S: * 2 FETCH (UID 6 FLAGS (\Answered \Seen) MODSEQ (4))
        S: a106 OK [MODIFIED 2] STORE completed
        C: b107 NOOP
        S: b107 OK NOOP completed
        C: b108 STORE 2 (UNCHANGEDSINCE 4) +FLAGS.SILENT (\Flagged)
        S: * 2 FETCH (UID 6 MODSEQ (6))
        S: b108 OK STORE completed
    """,
    )


def test_rfc7162_section_3_1_3_example_11(mary: Dialogue, selected: MemoryMailbox) -> None:
    """Some messages have changed, and some have gone, of which the client learns with NOOP."""
    mary.send(b"e ENABLE CONDSTORE\r\n")
    add(selected, 6, DELETED, ANSWERED)
    selected.expunge([7, 8])
    play(
        mary,
        r"""
        C: B001 STORE 1:4 (UNCHANGEDSINCE 3) +FLAGS (\Flagged)
        S: * 1 FETCH (UID 4 FLAGS (\Flagged \Seen) MODSEQ (6))
        S: * 2 FETCH (UID 6 FLAGS (\Answered \Deleted \Seen) MODSEQ (4))
        S: B001 OK [MODIFIED 2] STORE completed
        C: B002 NOOP
        S: * 4 EXPUNGE
        S: * 3 EXPUNGE
        S: B002 OK NOOP completed
        C: b003 STORE 2 (UNCHANGEDSINCE 4) +FLAGS (\Flagged)
        S: * 2 FETCH (UID 6 FLAGS (\Answered \Flagged \Deleted \Seen) MODSEQ (7))
        S: b003 OK STORE completed
    """,
    )


@pytest.mark.usefixtures("selected")
def test_rfc7162_section_3_1_3_told_and_not_told(mary: Dialogue) -> None:
    """MODIFIED of UID STORE has UIDs; MODSEQ is told of what stays, and of any later STORE."""
    play(
        mary,
        r"""
        C: b STORE 1 +FLAGS.SILENT (\Flagged)
        S: b OK STORE completed
        C: c UID STORE 4,6 (UNCHANGEDSINCE 3) -FLAGS.SILENT (\Deleted)
        S: * OK [HIGHESTMODSEQ 4] Highest mod-sequence
        S: * 2 FETCH (UID 6 MODSEQ (2))
        S: c OK [MODIFIED 4] UID STORE completed
        C: d STORE 3 +FLAGS (\Draft)
        S: * 3 FETCH (UID 7 FLAGS (\Seen \Draft) MODSEQ (5))
        S: d OK STORE completed
        C: e STORE 3 -FLAGS.SILENT (\Draft)
        S: * 3 FETCH (UID 7 MODSEQ (6))
        S: e OK STORE completed
    """,
    )


@pytest.mark.usefixtures("selected")
def test_rfc7162_section_3_1_3_a_message_named_twice(mary: Dialogue) -> None:
    """`7,3:9` does not fail for the 7 that it has just changed."""
    play(
        mary,
        r"""
        C: e105 STORE 3,2:4 (UNCHANGEDSINCE 3) +FLAGS.SILENT (\Deleted)
        S: * OK [HIGHESTMODSEQ 3] Highest mod-sequence
        S: * 2 FETCH (UID 6 MODSEQ (4))
        S: * 3 FETCH (UID 7 MODSEQ (4))
        S: * 4 FETCH (UID 8 MODSEQ (4))
        S: e105 OK STORE completed
    """,
    )


def test_rfc7162_section_3_1_4_1(mary: Dialogue, selected: MemoryMailbox) -> None:
    """Example 12: CHANGEDSINCE asks for MODSEQ, too; who asks knows of it from then on."""
    add(selected, 6, DELETED)
    mary.send(b"n NOOP\r\n")
    play(
        mary,
        r"""
        C: s100 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 3)
        S: * OK [HIGHESTMODSEQ 4] Highest mod-sequence
        S: * 2 FETCH (UID 6 FLAGS (\Deleted \Seen) MODSEQ (4))
        S: s100 OK UID FETCH completed
    """,
    )


def test_rfc7162_section_3_1_4_2_example_13(mary: Dialogue, selected: MemoryMailbox) -> None:
    """FETCH MODSEQ"""
    add(selected, 6, DELETED)
    mary.send(b"n NOOP\r\n")
    play(
        mary,
        """
        C: a FETCH 1:3 (MODSEQ)
        S: * OK [HIGHESTMODSEQ 4] Highest mod-sequence
        S: * 1 FETCH (MODSEQ (2))
        S: * 2 FETCH (MODSEQ (4))
        S: * 3 FETCH (MODSEQ (2))
        S: a OK FETCH completed
    """,
    )


@pytest.mark.usefixtures("box")
def test_rfc7162_section_3_1_4_2_example_14(mary: Dialogue, log_in: Connect) -> None:
    """Two sessions of one user, which is all there are here: no flag is shared with others."""
    second = log_in(mary.segments)
    for session in (mary, second):
        session.send(b"a SELECT Box (CONDSTORE)\r\n")
    steps = (
        (r"+FLAGS.SILENT (\Deleted)", r"(\Deleted \Seen)", 4),
        (r"+FLAGS.SILENT (\Answered)", r"(\Answered \Deleted \Seen)", 5),
        (r"-FLAGS.SILENT (\Answered \Seen)", r"(\Deleted)", 6),
    )
    for change, flags, modseq in steps:
        play(
            mary,
            rf"""
            C: A160 STORE 3 {change}
            S: * 3 FETCH (UID 7 MODSEQ ({modseq}))
            S: A160 OK STORE completed
        """,
        )
        play(
            second,
            rf"""
            C: C180 NOOP
            S: * 3 FETCH (UID 7 FLAGS {flags} MODSEQ ({modseq}))
            S: C180 OK NOOP completed
        """,
        )


def test_rfc7162_section_3_1_5(mary: Dialogue, selected: MemoryMailbox) -> None:
    """Examples 15 and 16: SEARCH MODSEQ tells the highest of those found; none found has none."""
    add(selected, 6, DELETED)
    mary.send(b"n NOOP\r\n")
    play(
        mary,
        r"""
        C: a SEARCH MODSEQ "/flags/\\draft" all 3
        S: * OK [HIGHESTMODSEQ 4] Highest mod-sequence
        S: * SEARCH 2 (MODSEQ 4)
        S: a OK SEARCH completed
        C: t SEARCH OR NOT MODSEQ 2 LARGER 50000
        S: * SEARCH
        S: t OK SEARCH completed
    """,
    )


@pytest.mark.usefixtures("box")
def test_rfc7162_section_3_1_7(mary: Dialogue) -> None:
    """Example 17: STATUS, after which the client knows of MODSEQ."""
    play(
        mary,
        """
        C: A042 STATUS Box (UIDNEXT MESSAGES HIGHESTMODSEQ)
        S: * STATUS "Box" (UIDNEXT 9 MESSAGES 4 HIGHESTMODSEQ 3)
        S: A042 OK STATUS completed
    """,
    )


def test_rfc7162_section_3_1_10(mary: Dialogue, selected: MemoryMailbox) -> None:
    """Example 19: ESEARCH has MODSEQ, too."""
    add(selected, 8, DELETED)
    mary.send(b"n NOOP\r\n")
    play(
        mary,
        """
        C: a SEARCH RETURN (ALL) MODSEQ 2
        S: * OK [HIGHESTMODSEQ 4] Highest mod-sequence
        S: * ESEARCH (TAG "a") ALL 1:4 MODSEQ 4
        S: a OK SEARCH completed
    """,
    )
