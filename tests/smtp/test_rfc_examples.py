"""The example dialogues of RFC 5321, 1870, 2034 and 2920, one by one, with our texts.

Those of other extensions are `test_rfc_extensions`, those about logins `test_rfc_logins`.
"""

import pytest

from mailauth.mailbox.memory import MemoryStore
from mailauth.testing import Dialogue, play
from tests.smtp.conftest import Connect, Inbox
from tests.support.mail import NOON


@pytest.mark.usefixtures("foo_com")
def test_rfc5321_appendix_d_1(mx: Dialogue, inbox: Inbox) -> None:
    """A typical transaction: one recipient of three is unknown, the others get the message."""
    play(
        mx,
        """
        C: MAIL FROM:<Smith@bar.com>
        S: 250 …
        C: RCPT TO:<Jones@foo.com>
        S: 250 …
        C: RCPT TO:<Green@foo.com>
        S: 550 5.1.1 …
        C: RCPT TO:<Brown@foo.com>
        S: 250 …
        C: DATA
        S: 354 …
        C: Blah blah blah...
        C: ...etc. etc. etc.
        C: .
        S: 250 …
        C: QUIT
        S: 221 …
        <closed>
    """,
    )
    for name in ("Jones@foo.com", "Brown@foo.com"):
        (message,) = inbox(name)
        assert message.endswith(b"\r\nBlah blah blah...\r\n..etc. etc. etc.\r\n")


@pytest.mark.usefixtures("foo_com")
def test_rfc5321_appendix_d_2(mx: Dialogue) -> None:
    """An aborted transaction."""
    play(
        mx,
        """
        C: MAIL FROM:<Smith@bar.com>
        S: 250 …
        C: RCPT TO:<Jones@foo.com>
        S: 250 …
        C: RCPT TO:<Green@foo.com>
        S: 550 5.1.1 …
        C: RSET
        S: 250 …
        C: DATA
        S: 503 …
        C: QUIT
        S: 221 …
        <closed>
    """,
    )


@pytest.mark.usefixtures("foo_com")
def test_rfc5321_appendix_d_3(mx: Dialogue, inbox: Inbox) -> None:
    """The first hop of a relayed message is refused here; the second is delivered."""
    play(
        mx,
        """
        C: EHLO bar.com
        S: 250-localhost
        S: 250-PIPELINING
        S: 250-SIZE 10000
        S: 250-8BITMIME
        S: 250-SMTPUTF8
        S: 250-CHUNKING
        S: 250-ENHANCEDSTATUSCODES
        S: 250-DSN
        S: 250-HELP
        S: 250-STARTTLS
        S: 250 AUTH PLAIN LOGIN
        C: MAIL FROM:<JQP@bar.com>
        S: 250 2.1.0 Sender accepted
        C: RCPT TO:<Jones@elsewhere.example>
        S: 550 5.7.1 Relaying denied: this server accepts mail only for its own accounts
        C: RCPT TO:<Jones@XYZ.COM>
        S: 250 2.1.5 Recipient accepted
        C: DATA
        S: 354 Start mail input; end with <CRLF>.<CRLF>
        C: Received: from bar.com by foo.com ; Thu, 21 May 1998
        C:     05:33:29 -0700
        C: Date: Thu, 21 May 1998 05:33:22 -0700
        C: From: John Q. Public <JQP@bar.com>
        C: Subject:  The Next Meeting of the Board
        C: To: Jones@xyz.com
        C:
        C: Bill:
        C: The next meeting of the board of directors will be
        C: on Tuesday.
        C:                         John.
        C: .
        S: 250 2.0.0 Delivered
        C: QUIT
        S: 221 2.0.0 Bye
        <closed>
    """,
    )
    (message,) = inbox("Jones@XYZ.COM")
    assert message.startswith(b"Return-Path: <JQP@bar.com>\r\nReceived: from bar.com ([")
    assert b"\r\nReceived: from bar.com by foo.com ; Thu, 21 May 1998\r\n    05:33:29" in message


@pytest.mark.usefixtures("foo_com")
def test_rfc5321_appendix_d_4(mx: Dialogue, inbox: Inbox) -> None:
    """VRFY tells nobody's name, and the message is delivered all the same (§7.3)."""
    play(
        mx,
        """
        C: VRFY Crispin
        S: 252 2.5.0 Cannot verify the account; send mail to it to find out
        C: MAIL FROM:<EAK@bar.com>
        S: 250 …
        C: RCPT TO:<Admin.MRC@foo.com>
        S: 250 …
        C: DATA
        S: 354 …
        C: Blah blah blah...
        C: ...etc. etc. etc.
        C: .
        S: 250 …
        C: QUIT
        S: 221 …
        <closed>
    """,
    )
    assert len(inbox("Admin.MRC@foo.com")) == 1


def test_rfc5321_section_3_5_1(mx: Dialogue) -> None:
    """EXPN: there are no lists."""
    for name in ("Example-People", "Executive-Washroom-List"):
        play(mx, f"C: EXPN {name}\nS: 502 5.5.1 Mailing lists are not supported")


@pytest.mark.usefixtures("foo_com")
def test_rfc1870_section_8(mx: Dialogue, store: MemoryStore) -> None:
    """SIZE: too big for anybody, and too big for who has little room left."""
    full = store.account("dan@innosoft.com")
    for _ in range(2):
        full.deliver(b"x" * 9998 + b"\r\n", NOON)
    play(
        mx,
        """
        C: MAIL FROM:<ned@thor.innosoft.com> SIZE=500000
        S: 552 5.3.4 The message is too big
        C: MAIL FROM:<ned@thor.innosoft.com> SIZE=9999
        S: 250 2.1.0 Sender accepted
        C: RCPT TO:<ned@innosoft.com>
        S: 250 2.1.5 Recipient accepted
        C: RCPT TO:<dan@innosoft.com>
        S: 452 4.2.2 …
        C: DATA
        S: 354 …
        C: text
        C: .
        S: 250 2.0.0 Delivered
        C: QUIT
        S: 221 2.0.0 Bye
        <closed>
    """,
    )


@pytest.mark.usefixtures("foo_com")
def test_rfc2034_section_6(mx: Dialogue, inbox: Inbox) -> None:
    """Every reply has an enhanced status code, but 354; who is elsewhere is not told where."""
    play(
        mx,
        """
        C: MAIL FROM:<ned@ymir.claremont.edu>
        S: 250 2.1.0 Sender accepted
        C: RCPT TO:<mrose@dbc.mtview.ca.us>
        S: 250 2.1.5 Recipient accepted
        C: RCPT TO:<nosuchuser@dbc.mtview.ca.us>
        S: 550 5.1.1 The account does not exist
        C: RCPT TO:<remoteuser@isi.edu>
        S: 550 5.7.1 Relaying denied: this server accepts mail only for its own accounts
        C: DATA
        S: 354 Start mail input; end with <CRLF>.<CRLF>
        C: text
        C: .
        S: 250 2.0.0 Delivered
        C: QUIT
        S: 221 2.0.0 Bye
        <closed>
    """,
    )
    assert len(inbox("mrose@dbc.mtview.ca.us")) == 1


@pytest.mark.usefixtures("foo_com")
def test_rfc2920_section_4_without_pipelining(connect: Connect, inbox: Inbox) -> None:
    """HELO, and one command after the other."""
    smtp = connect(authentication_required=False)
    play(
        smtp,
        """
        S: 220 localhost ESMTP mailauth ready
        C: HELO dbc.mtview.ca.us
        S: 250 localhost
        C: MAIL FROM:<mrose@dbc.mtview.ca.us>
        S: 250 …
        C: RCPT TO:<ned@innosoft.com>
        S: 250 …
        C: RCPT TO:<dan@innosoft.com>
        S: 250 …
        C: DATA
        S: 354 …
        C: text
        C: .
        S: 250 …
        C: QUIT
        S: 221 …
        <closed>
    """,
    )
    for name in ("ned@innosoft.com", "dan@innosoft.com"):
        (message,) = inbox(name)
        assert b" with SMTP\r\n" in message


@pytest.mark.usefixtures("foo_com")
def test_rfc2920_section_4(mx: Dialogue) -> None:
    """MAIL, every RCPT and DATA in one segment."""
    play(
        mx,
        """
        C: MAIL FROM:<mrose@dbc.mtview.ca.us>
        C: RCPT TO:<ned@innosoft.com>
        C: RCPT TO:<dan@innosoft.com>
        C: RCPT TO:<kvc@innosoft.com>
        C: DATA
        S: 250 …
        S: 250 …
        S: 250 …
        S: 550 …
        S: 354 …
        C: ...
        C: .
        C: QUIT
        S: 250 …
        S: 221 …
        <closed>
    """,
    )


@pytest.mark.usefixtures("foo_com")
def test_rfc2920_section_4_without_a_valid_recipient(mx: Dialogue) -> None:
    """DATA that was sent ahead is refused, so that the client does not send a message."""
    play(
        mx,
        """
        C: MAIL FROM:<mrose@dbc.mtview.ca.us>
        C: RCPT TO:<nsb@thumper.bellcore.com>
        C: RCPT TO:<galvin@tis.com>
        C: DATA
        S: 250 …
        S: 550 5.7.1 …
        S: 550 5.7.1 …
        S: 554 5.5.1 No valid recipients
        C: QUIT
        S: 221 …
        <closed>
    """,
    )
