"""The example dialogues of RFC 9051 about responses, and its sample connection (§7 and §8).

Codes that this server never sends are left out: CLIENTBUG, CONTACTADMIN, CORRUPTION, EXPIRED,
HASCHILDREN, INUSE and NOPERM.
"""

import base64

import pytest

from mailauth.imap.reader import BEFORE_LOGIN
from mailauth.login.accounts import Account, Accounts
from mailauth.login.authority import Authority
from mailauth.login.event import Result
from mailauth.login.policy import Cleartext
from mailauth.login.secrets import PlaintextSecret
from mailauth.mailbox.memory import MemoryAccount, MemoryStore
from mailauth.mailbox.message import NewMessage
from mailauth.mailbox.store import Limits
from mailauth.sasl.exchange import ScramKeys
from mailauth.testing import Dialogue, MemoryRecorder, play
from tests.imap.conftest import Connect
from tests.imap.messages import crlf
from tests.support.mail import NOON, mail_of


def test_rfc9051_section_7_1_of_mailboxes(rev2: Dialogue) -> None:
    """ALREADYEXISTS, CANNOT, NONEXISTENT, READ-ONLY, TRYCREATE."""
    play(
        rev2,
        r"""
        C: o356 RENAME Trash Sent
        S: o356 NO [ALREADYEXISTS] A mailbox of this name already exists
        C: l create "///////"
        S: l NO [CANNOT] A mailbox name must not contain %, * or /, or begin with ~
        C: l create "a..b"
        S: l NO [CANNOT] A level of a mailbox name must not be empty
        C: p RENAME this that
        S: p NO [NONEXISTENT] The mailbox does not exist
        C: p APPEND this {3+}
        C: abc
        S: p NO [TRYCREATE] The mailbox does not exist
    """,
    )
    assert rev2.send(b"k1 EXAMINE Sent\r\n").endswith(b"k1 OK [READ-ONLY] EXAMINE completed\r\n")
    play(
        rev2,
        """
        C: k2 status Sent (messages)
        S: * STATUS "Sent" (MESSAGES 0)
        S: k2 OK STATUS completed
    """,
    )


def test_rfc9051_section_7_1_of_logins(
    imap: Dialogue, connect: Connect, recorder: MemoryRecorder
) -> None:
    """AUTHENTICATIONFAILED, AUTHORIZATIONFAILED, UNAVAILABLE, PRIVACYREQUIRED."""
    play(
        imap,
        """
        S: …
        C: b LOGIN "fred" "foo"
        S: b NO [AUTHENTICATIONFAILED] Authentication failed
        C: c1 AUTHENTICATE PLAIN
        S: +\x20
        C: b64(nobody\0mary\0secret)
        S: c1 NO [AUTHORIZATIONFAILED] You are not authorized to act for this user
        C: c2 AUTHENTICATE PLAIN
        S: +\x20
        C: b64(sue\0mary\0secret)
        S: c2 NO [AUTHORIZATIONFAILED] You are not authorized to act for this user
    """,
    )
    recorder.failing = True
    play(
        imap,
        """
        C: a LOGIN "mary" "secret"
        S: a NO [UNAVAILABLE] Login is temporarily unavailable; try again later
    """,
    )
    recorder.failing = False
    play(
        connect(imap.segments, cleartext=Cleartext.REFUSE),
        """
        S: …
        C: d login "fred" "foo"
        S: d NO [PRIVACYREQUIRED] TLS is required to log in
        C: d select inbox
        S: d BAD This command is not allowed in the current state
    """,
    )


def test_rfc9051_section_7_1_expungeissued(log_in: Connect, mail: MemoryAccount) -> None:
    """What a search finds may be gone already."""
    box = mail.create("Box")
    box.append([NewMessage(b"From: maria@example.com\r\n\r\n", NOON)] * 3)
    mary = log_in()
    mary.send(b"e ENABLE IMAP4rev2\r\na SELECT Box\r\n")
    box.expunge([2])
    play(
        mary,
        """
        C: h search from maria@example.com
        S: * ESEARCH (TAG "h") ALL 1,3
        S: h OK SEARCH completed
        C: h FETCH 1:3 UID
        S: * 1 FETCH (UID 1)
        S: * 3 FETCH (UID 3)
        S: h OK [EXPUNGEISSUED] FETCH completed
    """,
    )


class TestFull:
    """An account that is full, and a mailbox without room for keywords."""

    @pytest.fixture
    def limits(self) -> Limits:
        """Room for very little."""
        return Limits(account_messages=5, keywords=32)

    def test_rfc9051_section_7_1_limit_and_overquota(
        self, rev2: Dialogue, mail: MemoryAccount
    ) -> None:
        """LIMIT and OVERQUOTA: all or nothing."""
        mail.mailbox("INBOX").append([mail_of("two"), mail_of("three")])
        rev2.send(b"a SELECT INBOX\r\n")
        flags = " ".join(f"f{number}" for number in range(1, 251))
        play(
            rev2,
            f"""
            C: m STORE 2 FLAGS {flags}
            S: m NO [LIMIT] …
            C: n1 uid copy 1:* Archive
            S: n1 NO [OVERQUOTA] …
        """,
        )
        assert mail.mailbox("Archive").counts().messages == 0


def test_rfc9051_section_7_1_3(imap: Dialogue) -> None:
    """BAD, untagged where there is no tag: a very long line, and an empty one."""
    imap.connect()
    assert imap.send(b"x" * (BEFORE_LOGIN.line + 1)) == b"* BAD The line is too long\r\n"
    assert imap.send(b"\r\n") == b""
    play(imap, "C:\nS: * BAD A command must begin with a tag and a space")


def test_rfc9051_section_7_2_1(mary: Dialogue) -> None:
    """ENABLED names what was enabled; QRESYNC is not known here."""
    play(
        mary,
        """
        C: a ENABLE CONDSTORE QRESYNC
        S: * ENABLED CONDSTORE
        S: a OK ENABLE completed
    """,
    )


def test_rfc9051_section_7_6(imap: Dialogue, shared: Authority) -> None:
    """A literal is asked for, but not one of a command that there is not."""
    shared.accounts = Accounts([Account(name="FRED FOOBAR", secret=PlaintextSecret(b"fat man"))])
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


class Salted(PlaintextSecret):
    """The secret of RFC 7677's example, and of this one: its salt is given."""

    def scram_keys(self, hash_name: str, salt: bytes) -> ScramKeys:
        """Salt as in the example."""
        return super().scram_keys(hash_name, base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))


MESSAGE = crlf("""\
Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
From: Terry Gray <gray@cac.washington.edu>
Subject: IMAP4rev2 WG mtg summary and minutes
To: imap@cac.washington.edu
cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>
Message-Id: <B27397-0100000@cac.washington.edu>
MIME-Version: 1.0
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

Hello
""")


def test_rfc9051_section_8(
    imap: Dialogue,
    connect: Connect,
    shared: Authority,
    store: MemoryStore,
    recorder: MemoryRecorder,
) -> None:
    """The sample connection, with the example's own messages of SCRAM-SHA-256, to the letter."""
    shared.accounts = Accounts([Account(name="user", secret=Salted(b"pencil"))])
    shared.nonce = lambda: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    inbox = store.account("user").mailbox("INBOX")
    inbox.append([NewMessage(MESSAGE, NOON, frozenset({"\\Seen"}))])
    play(
        connect(imap.segments, cleartext=Cleartext.REFUSE, mechanisms=("SCRAM-SHA-256",)),
        r"""
        S: * OK [CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR ID ENABLE LITERAL- STARTTLS LOGINDISABLED] …
        C: a000 starttls
        S: a000 OK Begin TLS negotiation now
        <tls>
        C: A001 AUTHENTICATE SCRAM-SHA-256 biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=
        S: + cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=
        C: Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ0FmdXhGSWxqKWhObEYkazAscD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ==
        S: + dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==
        C:
        S: A001 OK [CAPABILITY …] Logged in
        C: babc ENABLE IMAP4rev2
        S: * ENABLED IMAP4rev2
        S: babc OK ENABLE completed
        C: a002 select inbox
        S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft)
        S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] Permanent flags
        S: * 2 EXISTS
        S: * LIST (\HasNoChildren) "." "INBOX" ("OLDNAME" ("inbox"))
        S: * OK [UIDVALIDITY 1000] UIDs are valid
        S: * OK [UIDNEXT 3] Predicted next UID
        S: * OK [HIGHESTMODSEQ 3] Highest mod-sequence
        S: a002 OK [READ-WRITE] SELECT completed
        C: a003 fetch 2 full
        S: * 2 FETCH (FLAGS (\Seen) INTERNALDATE "28-Jul-2020 12:00:00 +0000" RFC822.SIZE 349 ENVELOPE ("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL "<B27397-0100000@cac.washington.edu>") BODY ("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 7 1))
        S: a003 OK FETCH completed
        C: a004 fetch 2 body[header]
        S: * 2 FETCH (BODY[HEADER] {342}
        S: Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
        S: From: Terry Gray <gray@cac.washington.edu>
        S: Subject: IMAP4rev2 WG mtg summary and minutes
        S: To: imap@cac.washington.edu
        S: cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>
        S: Message-Id: <B27397-0100000@cac.washington.edu>
        S: MIME-Version: 1.0
        S: Content-Type: TEXT/PLAIN; CHARSET=US-ASCII
        S:
        S: )
        S: a004 OK FETCH completed
        C: a005 store 2 +flags \deleted
        S: * 2 FETCH (FLAGS (\Deleted \Seen))
        S: a005 OK STORE completed
        C: a006 logout
        S: * BYE Logging out
        S: a006 OK LOGOUT completed
        <closed>
    """,  # noqa: E501
    )
    assert [event.result for event in recorder.attempts] == [Result.SUCCESS]
