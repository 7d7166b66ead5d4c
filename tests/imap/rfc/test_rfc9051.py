"""The example dialogues of RFC 9051 before a mailbox is selected (§6.1 to §6.3), one by one.

Our mailboxes and our words stand in them. §6.3.9.8 is `test_rfc5258`, §6.4 and what follows are
`test_rfc9051_selected` and `test_rfc9051_responses`.
"""

import msgspec
import pytest

from mailauth.login.accounts import Account
from mailauth.login.authority import Authority
from mailauth.login.event import Result
from mailauth.login.secrets import PlaintextSecret
from mailauth.mailbox.memory import MemoryAccount
from mailauth.mailbox.message import DELETED, SEEN, FlagChange, Operation
from mailauth.testing import Dialogue, MemoryRecorder, accounts, play
from mailauth.testing.transcripts import HANDSHAKE
from tests.imap.conftest import Connect
from tests.support.mail import mail_of

STARTTLS = "CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR ID ENABLE LITERAL- STARTTLS AUTH=PLAIN"
INSIDE_TLS = "CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR ID ENABLE LITERAL- AUTH=PLAIN"
LOGGED_IN = "CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR ID ENABLE LITERAL+ …"
OPENED = "\n        ".join(["S: …"] * 8)
FLAGS = r"(\Answered \Flagged \Deleted \Seen \Draft)"


@pytest.fixture(autouse=True)
def names(shared: Authority) -> None:
    """The accounts of the examples, beside the usual ones."""
    shared.accounts = accounts(
        Account(name="test", secret=PlaintextSecret(b"test")),
        Account(name="SMITH", secret=PlaintextSecret(b"SESAME")),
    )


@pytest.fixture
def plain(imap: Dialogue, connect: Connect) -> Dialogue:
    """A connection where PLAIN is the one mechanism."""
    return connect(imap.segments, mechanisms=("PLAIN",))


def test_rfc9051_section_6_1_1(plain: Dialogue) -> None:
    """CAPABILITY: what it says is another thing behind TLS."""
    play(
        plain,
        f"""
        S: …
        C: abcd CAPABILITY
        S: * {STARTTLS}
        S: abcd OK CAPABILITY completed
        C: efgh STARTTLS
        S: efgh OK Begin TLS negotiation now
        <tls>
        C: ijkl CAPABILITY
        S: * {INSIDE_TLS}
        S: ijkl OK CAPABILITY completed
    """,
    )


def test_rfc9051_section_6_1_2(rev2: Dialogue, mail: MemoryAccount) -> None:
    """NOOP: news come with it, and none of \\Recent."""
    box = mail.create("Box")
    box.append([mail_of("one"), mail_of("two"), mail_of("three")])
    rev2.send(b"a SELECT Box\r\n")
    play(rev2, "C: a002 NOOP\nS: a002 OK NOOP completed")
    box.expunge([2])
    box.append([mail_of("four")])
    box.store([3], FlagChange(Operation.REPLACE, frozenset({SEEN, DELETED})))
    play(
        rev2,
        r"""
        C: a047 NOOP
        S: * 2 EXPUNGE
        S: * 3 EXISTS
        S: * 2 FETCH (UID 3 FLAGS (\Deleted \Seen))
        S: a047 OK NOOP completed
    """,
    )


def test_rfc9051_section_6_1_3(rev2: Dialogue) -> None:
    """LOGOUT"""
    play(
        rev2,
        """
        C: A023 LOGOUT
        S: * BYE Logging out
        S: A023 OK LOGOUT completed
        <closed>
    """,
    )


def test_rfc9051_section_6_2_1(plain: Dialogue, recorder: MemoryRecorder) -> None:
    """STARTTLS, and PLAIN with its initial response behind it; `test` may act for `test`."""
    play(
        plain,
        f"""
        S: …
        C: a001 CAPABILITY
        S: * {STARTTLS}
        S: a001 OK CAPABILITY completed
        C: a002 STARTTLS
        S: a002 OK Begin TLS negotiation now
        <tls>
        C: a003 CAPABILITY
        S: * {INSIDE_TLS}
        S: a003 OK CAPABILITY completed
        C: a004 AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=
        S: a004 OK [{LOGGED_IN}] Logged in
    """,
    )
    assert [event.user for event in recorder.logins] == ["test"]


def test_rfc9051_section_6_2_2(connect: Connect, recorder: MemoryRecorder) -> None:
    """AUTHENTICATE, the examples after that of GSSAPI, which is not offered.

    Without STARTTLS; without an initial response; and EXTERNAL with an empty one.
    """
    play(
        connect(mechanisms=("PLAIN",)),
        f"""
        S: * OK [{STARTTLS}] localhost ready
        C: A001 AUTHENTICATE GSSAPI
        S: A001 NO [CANNOT] This mechanism is not offered
        C: A01 STARTTLS
        S: A01 OK Begin TLS negotiation now
        <tls>
        C: A02 CAPABILITY
        S: * {INSIDE_TLS}
        S: A02 OK CAPABILITY completed
        C: A03 AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=
        S: A03 OK [{LOGGED_IN}] Logged in
    """,
    )
    play(
        connect(mechanisms=("PLAIN",)),
        f"""
        <tls>
        S: …
        C: C01 CAPABILITY
        S: * {INSIDE_TLS}
        S: C01 OK CAPABILITY completed
        C: A01 AUTHENTICATE PLAIN
        S: +\x20
        C: dGVzdAB0ZXN0AHRlc3Q=
        S: A01 OK [{LOGGED_IN}] Logged in
    """,
    )
    external = connect(mechanisms=("PLAIN", "EXTERNAL"))
    external.handshake = msgspec.structs.replace(HANDSHAKE, certificate_names=("test",))
    play(
        external,
        f"""
        <tls>
        S: …
        C: C01 CAPABILITY
        S: * {INSIDE_TLS} AUTH=EXTERNAL
        S: C01 OK CAPABILITY completed
        C: A01 AUTHENTICATE EXTERNAL =
        S: A01 OK [{LOGGED_IN}] Logged in
    """,
    )
    assert [event.result for event in recorder.attempts] == [
        Result.MECHANISM_UNKNOWN,
        Result.SUCCESS,
        Result.SUCCESS,
        Result.SUCCESS,
    ]


def test_rfc9051_section_6_2_3(imap: Dialogue) -> None:
    """LOGIN"""
    play(
        imap,
        """
        S: …
        C: a001 LOGIN SMITH SESAME
        S: a001 OK [CAPABILITY …] Logged in
    """,
    )


def test_rfc9051_section_6_3_1(mary: Dialogue) -> None:
    """ENABLE: what is not known is passed over, and CAPABILITY stays as it was."""
    before = mary.send(b"t1 CAPABILITY\r\n")
    play(
        mary,
        """
        C: t2 ENABLE CONDSTORE X-GOOD-IDEA
        S: * ENABLED CONDSTORE
        S: t2 OK ENABLE completed
        C: a1 ENABLE CONDSTORE
        S: * ENABLED CONDSTORE
        S: a1 OK ENABLE completed
    """,
    )
    assert mary.send(b"t1 CAPABILITY\r\n") == before


def test_rfc9051_section_6_3_2(rev2: Dialogue, mail: MemoryAccount) -> None:
    """SELECT: no RECENT and no UNSEEN, but LIST; and CLOSED where another was selected."""
    mail.mailbox("Drafts").append([mail_of(str(number)) for number in range(5)])
    play(
        rev2,
        rf"""
        C: A142 SELECT INBOX
        S: * FLAGS {FLAGS}
        S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] Permanent flags
        S: * 1 EXISTS
        S: * LIST (\HasNoChildren) "." "INBOX"
        S: * OK [UIDVALIDITY 1000] UIDs are valid
        S: * OK [UIDNEXT 2] Predicted next UID
        S: * OK [HIGHESTMODSEQ 2] Highest mod-sequence
        S: A142 OK [READ-WRITE] SELECT completed
        C: A143 SELECT Drafts
        S: * OK [CLOSED] The previous mailbox is now closed
        S: * FLAGS {FLAGS}
        S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] Permanent flags
        S: * 5 EXISTS
        S: * LIST (\HasNoChildren \Drafts) "." "Drafts"
        S: * OK [UIDVALIDITY 1001] UIDs are valid
        S: * OK [UIDNEXT 6] Predicted next UID
        S: * OK [HIGHESTMODSEQ 2] Highest mod-sequence
        S: A143 OK [READ-WRITE] SELECT completed
    """,
    )


def test_rfc9051_section_6_3_3(rev2: Dialogue, mail: MemoryAccount) -> None:
    """EXAMINE"""
    mail.create("blurdybloop").append([mail_of(str(number)) for number in range(17)])
    play(
        rev2,
        rf"""
        C: A932 EXAMINE blurdybloop
        S: * FLAGS {FLAGS}
        S: * OK [PERMANENTFLAGS ()] No permanent flags
        S: * 17 EXISTS
        S: * LIST (\HasNoChildren) "." "blurdybloop"
        S: * OK [UIDVALIDITY 1006] UIDs are valid
        S: * OK [UIDNEXT 18] Predicted next UID
        S: * OK [HIGHESTMODSEQ 2] Highest mod-sequence
        S: A932 OK [READ-ONLY] EXAMINE completed
    """,
    )


def test_rfc9051_section_6_3_4(rev2: Dialogue) -> None:
    """CREATE; a name that is no Net-Unicode is rejected, where the example converts it."""
    play(
        rev2,
        """
        C: A003 CREATE owatagusiam.
        S: A003 OK CREATE completed
        C: A004 CREATE owatagusiam.blurdybloop
        S: A004 OK CREATE completed
        C: A005 CREATE "e\u0301"
        S: A005 NO [CANNOT] The name is not in Unicode Normalization Form C
    """,
    )


def test_rfc9051_section_6_3_5(rev2: Dialogue, mail: MemoryAccount) -> None:
    """DELETE of a mailbox with others below it: as in the second example, its name is left."""
    for name in ("blurdybloop", "foo", "foo.bar"):
        mail.create(name)
    play(
        rev2,
        r"""
        C: A82 LIST "" (blurdybloop foo*)
        S: * LIST (\HasNoChildren) "." "blurdybloop"
        S: * LIST (\HasChildren) "." "foo"
        S: * LIST (\HasNoChildren) "." "foo.bar"
        S: A82 OK LIST completed
        C: A83 DELETE blurdybloop
        S: A83 OK DELETE completed
        C: A84 DELETE foo
        S: A84 OK DELETE completed
        C: A85 LIST "" (blurdybloop foo*)
        S: * LIST (\HasNoChildren) "." "foo.bar"
        S: A85 OK LIST completed
        C: A86 LIST "" f%
        S: * LIST (\Noselect \HasChildren) "." "foo"
        S: A86 OK LIST completed
        C: A685 DELETE foo.bar
        S: A685 OK DELETE completed
        C: A686 LIST "" (blurdybloop foo*)
        S: A686 OK LIST completed
    """,
    )


def test_rfc9051_section_6_3_6(rev2: Dialogue, mail: MemoryAccount) -> None:
    """RENAME, of what has others below it and of INBOX; and the pipelined one."""
    for name in ("blurdybloop", "foo.bar", "INBOX.bar", "X"):
        mail.create(name)
    mail.delete("foo")
    play(
        rev2,
        r"""
        C: A683 RENAME blurdybloop sarasoop
        S: A683 OK RENAME completed
        C: A684 RENAME foo zowie
        S: A684 OK RENAME completed
        C: A685 LIST "" (blurdybloop foo* sarasoop zowie*)
        S: * LIST (\HasNoChildren) "." "sarasoop"
        S: * LIST (\HasNoChildren) "." "zowie.bar"
        S: A685 OK LIST completed
        C: Z432 LIST "" (INBOX* old-mail)
        S: * LIST (\HasChildren) "." "INBOX"
        S: * LIST (\HasNoChildren) "." "INBOX.bar"
        S: Z432 OK LIST completed
        C: Z433 RENAME INBOX old-mail
        S: Z433 OK RENAME completed
        C: Z434 LIST "" (INBOX* old-mail)
        S: * LIST (\HasChildren) "." "INBOX"
        S: * LIST (\HasNoChildren) "." "INBOX.bar"
        S: * LIST (\HasNoChildren) "." "old-mail"
        S: Z434 OK LIST completed
        C: 1001 RENAME X Y
        C: 1002 SUBSCRIBE Y
        C: 1003 UNSUBSCRIBE X
        S: 1001 OK RENAME completed
        S: 1002 OK SUBSCRIBE completed
        S: 1003 OK UNSUBSCRIBE completed
    """,
    )
    assert mail.mailbox("old-mail").counts().messages == 1


def test_rfc9051_section_6_3_7_and_8(rev2: Dialogue, mail: MemoryAccount) -> None:
    """SUBSCRIBE and UNSUBSCRIBE, of what need not exist."""
    name = "#news.comp.mail.mime"
    play(rev2, f"C: A002 SUBSCRIBE {name}\nS: A002 OK SUBSCRIBE completed")
    assert name in mail.subscriptions()
    play(rev2, f"C: A002 UNSUBSCRIBE {name}\nS: A002 OK UNSUBSCRIBE completed")
    assert name not in mail.subscriptions()


def test_rfc9051_section_6_3_10(rev2: Dialogue) -> None:
    """NAMESPACE: its first example is ours; one level above what is created comes with it."""
    play(
        rev2,
        r"""
        C: A001 NAMESPACE
        S: * NAMESPACE (("" ".")) NIL NIL
        S: A001 OK NAMESPACE completed
        C: A002 CREATE "INBOX.Sent Mail"
        S: A002 OK CREATE completed
        C: A002 LIST (SPECIAL-USE) "" "*"
        S: * LIST (\HasNoChildren \Archive) "." "Archive"
        S: * LIST (\HasNoChildren \Drafts) "." "Drafts"
        S: * LIST (\HasNoChildren \Junk) "." "Junk"
        S: * LIST (\HasNoChildren \Sent) "." "Sent"
        S: * LIST (\HasNoChildren \Trash) "." "Trash"
        S: A002 OK LIST completed
    """,
    )


def test_rfc9051_section_6_3_11(rev2: Dialogue, mail: MemoryAccount) -> None:
    """STATUS: items in the order asked for, which is free."""
    mail.create("blurdybloop").append([mail_of(str(number)) for number in range(3)])
    play(
        rev2,
        """
        C: A042 STATUS blurdybloop (UIDNEXT MESSAGES)
        S: * STATUS "blurdybloop" (UIDNEXT 4 MESSAGES 3)
        S: A042 OK STATUS completed
    """,
    )


def test_rfc9051_section_6_3_12(rev2: Dialogue, mail: MemoryAccount) -> None:
    """APPEND, with a literal asked for and without; and COPY of some, of none, of one."""
    mail.create("saved-messages").append([mail_of(str(number)) for number in range(3)])
    mail.create("meeting")
    mail.create("funny")
    message = r"""
        C: Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)
        C: From: Fred Foobar <foobar@Blurdybloop.example>
        C: Subject: afternoon meeting
        C: To: mooch@owatagu.siam.edu.example
        C: Message-Id: <B27397-0100000@Blurdybloop.example>
        C: MIME-Version: 1.0
        C: Content-Type: TEXT/PLAIN; CHARSET=US-ASCII
        C:
        C: Hello Joe, do you think we can meet at 3:30 tomorrow?
        C:"""
    play(
        rev2,
        rf"""
        C: A003 APPEND saved-messages (\Seen) {{326}}
        S: + OK
        {message}
        S: A003 OK [APPENDUID 1006 4] APPEND completed
        C: A003 APPEND saved-messages (\Seen) {{326+}}
        {message}
        S: A003 OK [APPENDUID 1006 5] APPEND completed
        C: A001 SELECT saved-messages
        {OPENED}
        C: A004 COPY 2:4 meeting
        S: A004 OK [COPYUID 1007 2:4 1:3] COPY completed
        C: A005 UID COPY 305:310 meeting
        S: A005 OK UID COPY completed
        C: A006 COPY 2 funny
        S: A006 OK [COPYUID 1008 2 1] COPY completed
        C: A007 SELECT funny
        S: * OK [CLOSED] The previous mailbox is now closed
        S: * FLAGS {FLAGS}
        S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] Permanent flags
        S: * 1 EXISTS
        S: * LIST (\HasNoChildren) "." "funny"
        S: * OK [UIDVALIDITY 1008] UIDs are valid
        S: * OK [UIDNEXT 2] Predicted next UID
        S: * OK [HIGHESTMODSEQ 2] Highest mod-sequence
        S: A007 OK [READ-WRITE] SELECT completed
    """,
    )


def test_rfc9051_section_6_3_13(rev2: Dialogue, mail: MemoryAccount) -> None:
    """IDLE: news before it come with it, and FETCH may follow at once."""
    box = mail.create("Box")
    box.append([mail_of("one"), mail_of("two"), mail_of("three")])
    rev2.send(b"A001 SELECT Box\r\n")
    play(rev2, "C: A002 IDLE\nS: + idling")
    box.append([mail_of("four")])
    play(
        rev2,
        """
        <notified>
        S: * 4 EXISTS
        C: DONE
        S: A002 OK IDLE completed
    """,
    )
    play(
        rev2,
        """
        C: A003 FETCH 4 ALL
        S: * 4 FETCH (FLAGS () INTERNALDATE … RFC822.SIZE … ENVELOPE …)
        S: A003 OK FETCH completed
    """,
    )
    box.expunge([2])
    play(
        rev2,
        """
        C: A004 IDLE
        S: + idling
        S: * 2 EXPUNGE
    """,
    )
    box.expunge([3])
    play(rev2, "<notified>\nS: * 2 EXPUNGE")
    box.append([mail_of("five")])
    play(
        rev2,
        """
        <notified>
        S: * 3 EXISTS
        C: DONE
        S: A004 OK IDLE completed
        C: A005 FETCH 3 ALL
        S: * 3 FETCH (FLAGS () INTERNALDATE … RFC822.SIZE … ENVELOPE …)
        S: A005 OK FETCH completed
        C: A006 IDLE
        S: + idling
    """,
    )
