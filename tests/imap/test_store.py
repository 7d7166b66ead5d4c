"""STORE, COPY and MOVE (RFC 9051 §6.4.6 to §6.4.8, RFC 4315, RFC 6851, RFC 2180)."""

import pytest

from mailauth.mailbox.memory import MemoryAccount
from mailauth.mailbox.store import Mailbox
from mailauth.testing import Dialogue, play
from tests.imap.conftest import Connect
from tests.support.mail import mail_of


@pytest.fixture
def box(mail: MemoryAccount) -> Mailbox:
    """A mailbox of four messages with the UIDs 2, 3, 5 and 6."""
    box = mail.create("Box")
    box.append([mail_of(str(number)) for number in range(1, 7)])
    box.expunge([1, 4])
    box.claim_recent(box.uid_next)
    return box


@pytest.mark.usefixtures("box")
def test_rfc3501_section_6_4_6(mary: Dialogue) -> None:
    mary.send(b"a SELECT Box\r\n")
    play(
        mary,
        r"""
        C: A003 STORE 2:4 +FLAGS (\Deleted)
        S: * 2 FETCH (FLAGS (\Deleted))
        S: * 3 FETCH (FLAGS (\Deleted))
        S: * 4 FETCH (FLAGS (\Deleted))
        S: A003 OK STORE completed
        C: b STORE 2 FLAGS \seen \ANSWERED
        S: * 2 FETCH (FLAGS (\Answered \Seen))
        S: b OK STORE completed
        C: c STORE 2,3 -flags.silent (\Seen \Deleted)
        S: c OK STORE completed
        C: d UID STORE 3,4:6,* FLAGS ()
        S: * 2 FETCH (UID 3 FLAGS ())
        S: * 3 FETCH (UID 5 FLAGS ())
        S: * 4 FETCH (UID 6 FLAGS ())
        S: d OK UID STORE completed
        C: e UID STORE 100 +FLAGS (\Seen)
        S: e OK UID STORE completed
        C: f STORE 5 +FLAGS (\Seen)
        S: f BAD A message number is greater than the number of messages
        C: g STORE * +FLAGS (\Recent \Foo)
        S: * 4 FETCH (FLAGS ())
        S: g OK STORE completed
    """,
    )


@pytest.mark.usefixtures("box")
def test_a_new_keyword_is_told_before_it_is_used(log_in: Connect) -> None:
    """RFC 3501 §7.2.6: FLAGS says what there is; other sessions hear of it too."""
    mary, other = log_in(), log_in()
    mary.send(b"a SELECT Box\r\n")
    other.send(b"a SELECT Box\r\n")
    flags = r"\Answered \Flagged \Deleted \Seen \Draft $Work"
    told = (
        f"* FLAGS ({flags})\r\n* OK [PERMANENTFLAGS ({flags} \\*)] Permanent flags\r\n"
    ).encode()
    assert mary.send(b"b STORE 1 +FLAGS ($Work)\r\n") == (
        told + b"* 1 FETCH (FLAGS ($Work))\r\nb OK STORE completed\r\n"
    )
    assert mary.send(b"c STORE 2 +FLAGS.SILENT ($work)\r\n") == b"c OK STORE completed\r\n"
    assert other.send(b"b NOOP\r\n") == (
        told
        + b"* 1 FETCH (UID 2 FLAGS ($Work))\r\n* 2 FETCH (UID 3 FLAGS ($Work))\r\n"
        + b"b OK NOOP completed\r\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        b"",
        b" 1",
        b" 1 FLAGS",
        b" 1 FLAGS ",
        b" 1 FLAG (\\Seen)",
        b" 1 +FLAGS (\\Seen",
        b" 1 +FLAGS.LOUD (\\Seen)",
        b" 0 FLAGS ()",
        b" 1,, FLAGS ()",
        b" 4294967296 FLAGS ()",
        b" 1:2:3 FLAGS ()",
        b" a FLAGS ()",
        b" 1 (UNCHANGEDSINCE) FLAGS ()",
        b" 1 (UNCHANGEDSINCE x) FLAGS ()",
        b" 1 (FOO 1) FLAGS ()",
        b" 1 FLAGS (\\*)",
    ],
)
def test_a_store_that_is_none(log_in: Connect, arguments: bytes) -> None:
    mary = log_in()
    mary.send(b"a SELECT INBOX\r\n")
    assert mary.send(b"b STORE%b\r\n" % arguments).startswith(b"b BAD ")


@pytest.mark.usefixtures("box")
def test_rfc3501_section_6_4_7(mary: Dialogue, mail: MemoryAccount) -> None:
    """COPY keeps flags and date; RFC 4315 §3 says where the copies are."""
    mary.send(b"a SELECT Box\r\nb STORE 2 +FLAGS.SILENT (\\Seen $Work)\r\n")
    play(
        mary,
        """
        C: A003 COPY 2:4 MEETING
        S: A003 NO [TRYCREATE] The mailbox does not exist
        C: b CREATE MEETING
        S: b OK CREATE completed
        C: A004 COPY 2:4 MEETING
        S: A004 OK [COPYUID 1007 3,5:6 1:3] COPY completed
        C: A005 UID COPY 2,3:4 MEETING
        S: A005 OK [COPYUID 1007 2:3 4:5] UID COPY completed
        C: A006 UID COPY 100 MEETING
        S: A006 OK UID COPY completed
        C: A007 COPY 7 MEETING
        S: A007 BAD A message number is greater than the number of messages
    """,
    )
    messages = mail.mailbox("MEETING").messages()
    originals = [mail.mailbox("Box").get(uid) for uid in (3, 5, 6, 2, 3)]
    assert [one.content for one in messages] == [one.content for one in originals if one]
    assert messages[0].flags == {"\\Seen", "$Work"}


@pytest.mark.usefixtures("box")
def test_copying_into_the_selected_mailbox_is_seen(log_in: Connect) -> None:
    mary = log_in()
    mary.send(b"a SELECT Box\r\n")
    assert mary.send(b"b COPY 1 Box\r\n") == (
        b"* 5 EXISTS\r\n* 1 RECENT\r\nb OK [COPYUID 1006 2 7] COPY completed\r\n"
    )


def test_rfc6851_section_3_3(mary: Dialogue, box: Mailbox, mail: MemoryAccount) -> None:
    """MOVE says where to, then what has gone, and then OK."""
    mary.send(b"a SELECT Box\r\n")
    play(
        mary,
        """
        C: a UID MOVE 3:5 foo
        S: a NO [TRYCREATE] The mailbox does not exist
        C: b UID MOVE 3:5 Trash
        S: * OK [COPYUID 1003 3,5 1:2] Moved
        S: * 3 EXPUNGE
        S: * 2 EXPUNGE
        S: b OK UID MOVE completed
        C: c MOVE 1 Trash
        S: * OK [COPYUID 1003 2 3] Moved
        S: * 1 EXPUNGE
        S: c OK MOVE completed
        C: d UID MOVE 42 Trash
        S: d OK UID MOVE completed
        C: e MOVE 1 Box
        S: * OK [COPYUID 1006 6 7] Moved
        S: * 1 EXPUNGE
        S: * 1 EXISTS
        S: * 1 RECENT
        S: e OK MOVE completed
    """,
    )
    assert list(box.uids()) == [7]


@pytest.mark.usefixtures("box")
def test_rfc2180_section_4(log_in: Connect) -> None:
    """Numbers stand still until a client is told; what is gone cannot be changed or shown."""
    mary, other = log_in(), log_in()
    mary.send(b"a SELECT Box\r\n")
    other.send(b"a SELECT Box\r\nb STORE 2 +FLAGS (\\Deleted)\r\nc EXPUNGE\r\n")
    assert mary.send(b"b FETCH 1:3 UID\r\n") == (
        b"* 1 FETCH (UID 2)\r\n* 3 FETCH (UID 5)\r\nb OK [EXPUNGEISSUED] FETCH completed\r\n"
    )
    assert mary.send(b"c STORE 1:3 +FLAGS (\\Seen)\r\n") == (
        b"* 1 FETCH (FLAGS (\\Seen))\r\n* 3 FETCH (FLAGS (\\Seen))\r\n"
        b"c OK [EXPUNGEISSUED] STORE completed\r\n"
    )
    assert mary.send(b"d SEARCH ALL\r\n") == b"* SEARCH 1 3 4\r\nd OK SEARCH completed\r\n"
    assert mary.send(b"e COPY 1:3 Trash\r\n") == (
        b"* 2 EXPUNGE\r\ne OK [COPYUID 1003 2,5 1:2] COPY completed\r\n"
    )
    assert mary.send(b"f FETCH 2 UID\r\n") == b"* 2 FETCH (UID 5)\r\nf OK FETCH completed\r\n"


@pytest.mark.usefixtures("box")
def test_a_uid_command_may_tell_of_removals(log_in: Connect) -> None:
    """RFC 9051 §7.5.1: EXPUNGE may be sent in answer to UID commands, which use no numbers."""
    mary, other = log_in(), log_in()
    mary.send(b"a SELECT Box\r\n")
    other.send(b"a SELECT Box\r\nb STORE 1 +FLAGS (\\Deleted)\r\nc EXPUNGE\r\n")
    assert mary.send(b"b UID SEARCH ALL\r\n") == (
        b"* SEARCH 3 5 6\r\n* 1 EXPUNGE\r\nb OK UID SEARCH completed\r\n"
    )
