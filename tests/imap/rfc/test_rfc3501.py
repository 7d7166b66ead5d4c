"""The example dialogues of RFC 3501 that are told nowhere else, with our mailboxes and our words.

Those about one command stand beside its other tests: SELECT, LIST, STORE and so on.
"""

import pytest

from mailauth.imap.reader import BEFORE_LOGIN
from mailauth.login.accounts import Account, Accounts
from mailauth.login.authority import Authority
from mailauth.login.hop import Security
from mailauth.login.policy import Cleartext
from mailauth.login.secrets import PlaintextSecret
from mailauth.mailbox.memory import MemoryAccount, MemoryMailbox
from mailauth.mailbox.message import DELETED, FLAGGED, SEEN, FlagChange, NewMessage, Operation
from mailauth.testing import Dialogue, MemoryRecorder, play
from tests.imap.conftest import Connect
from tests.support.mail import NOON, mail_of


@pytest.fixture
def box(mail: MemoryAccount) -> MemoryMailbox:
    """A mailbox with three messages."""
    box = mail.create("Box")
    box.append([mail_of("one", SEEN), mail_of("two", FLAGGED), mail_of("three", DELETED)])
    box.claim_recent(4)
    return box


@pytest.fixture
def joe(shared: Authority) -> None:
    """The accounts of the examples."""
    shared.accounts = Accounts(
        Account(name=name, secret=PlaintextSecret(password))
        for name, password in (
            ("joe", b"password"),
            ("SMITH", b"SESAME"),
            ("FRED FOOBAR", b"fat man"),
        )
    )


def test_rfc3501_section_6_1_1(imap: Dialogue) -> None:
    """CAPABILITY: STARTTLS is announced until it is done."""
    play(
        imap,
        """
        S: …
        C: abcd CAPABILITY
        S: * CAPABILITY IMAP4rev1 … STARTTLS AUTH=PLAIN AUTH=LOGIN
        S: abcd OK CAPABILITY completed
        C: efgh STARTTLS
        S: efgh OK Begin TLS negotiation now
        <tls>
        C: ijkl CAPABILITY
        S: * CAPABILITY IMAP4rev1 … LITERAL- AUTH=PLAIN AUTH=LOGIN
        S: ijkl OK CAPABILITY completed
    """,
    )


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


@pytest.mark.usefixtures("joe")
def test_rfc3501_section_6_2_1(imap: Dialogue, connect: Connect, recorder: MemoryRecorder) -> None:
    """STARTTLS where logins need TLS; RFC 2595 §3.1 has the same example."""
    play(
        connect(imap.segments, cleartext=Cleartext.REFUSE),
        """
        S: …
        C: a001 CAPABILITY
        S: * CAPABILITY IMAP4rev1 … STARTTLS LOGINDISABLED
        S: a001 OK CAPABILITY completed
        C: a002 STARTTLS
        S: a002 OK Begin TLS negotiation now
        <tls>
        C: a003 CAPABILITY
        S: * CAPABILITY IMAP4rev1 … LITERAL- AUTH=PLAIN AUTH=LOGIN
        S: a003 OK CAPABILITY completed
        C: a004 LOGIN joe password
        S: a004 OK [CAPABILITY …] Logged in
    """,
    )
    assert [event.security for event in recorder.logins] == [Security.STARTTLS]


@pytest.mark.usefixtures("joe")
def test_rfc3501_section_6_2_3(imap: Dialogue) -> None:
    """LOGIN"""
    play(
        imap,
        """
        S: …
        C: a001 LOGIN SMITH SESAME
        S: a001 OK [CAPABILITY …] Logged in
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


def test_rfc3501_section_6_5_1(mary: Dialogue) -> None:
    """No experimental command is known here, nor announced."""
    assert b" X" not in mary.send(b"a441 CAPABILITY\r\n")
    play(mary, "C: A442 XPIG-LATIN\nS: A442 BAD Unknown command")


def test_rfc3501_section_7_1_3(imap: Dialogue) -> None:
    """BAD without a tag: a line too long, and an empty one."""
    imap.connect()
    assert imap.send(b"x" * (BEFORE_LOGIN.line + 1)) == b"* BAD The line is too long\r\n"
    assert imap.send(b"\r\n") == b""
    play(imap, "C:\nS: * BAD A command must begin with a tag and a space")


@pytest.mark.usefixtures("joe")
def test_rfc3501_section_7_5(imap: Dialogue) -> None:
    """Literals that are asked for, one that is not."""
    play(
        imap,
        """
        S: …
        C: A001 LOGIN {11}
        S: + OK
        C: FRED FOOBAR {7}
        S: + OK
        C: fat man
        S: A001 OK [CAPABILITY …] Logged in
        C: A044 BLURDYBLOOP {102856}
        S: A044 BAD [TOOBIG] The literal is too long
    """,
    )
