"""The example dialogues of RFC 3030, 3461, 6152 and 6531, one by one, with our texts.

BINARYMIME (RFC 3030 §4.2) is not offered. Where a message is relayed on (RFC 3461 §10.2 and
§10.3) a server hears the same as in §10.1.
"""

import pytest

from mailauth.testing import Dialogue, play
from tests.smtp.conftest import Connect, Inbox


@pytest.mark.usefixtures("foo_com")
def test_rfc6152_section_4(mx: Dialogue, inbox: Inbox) -> None:
    """8BITMIME: what has eight bits is kept as it is."""
    play(
        mx,
        """
        C: MAIL FROM:<ned@ymir.claremont.edu> BODY=8BITMIME
        S: 250 2.1.0 Sender accepted
        C: RCPT TO:<mrose@dbc.mtview.ca.us>
        S: 250 2.1.5 Recipient accepted
        C: DATA
        S: 354 …
        C: Grüße
        C: .
        S: 250 2.0.0 Delivered
        C: QUIT
        S: 221 2.0.0 Bye
        <closed>
    """,
    )
    (message,) = inbox("mrose@dbc.mtview.ca.us")
    assert message.endswith("\r\nGrüße\r\n".encode())


def test_rfc6531_section_3(mx: Dialogue, inbox: Inbox) -> None:
    """SMTPUTF8: an address that is no ASCII needs it (§3.5), and VRFY may carry it (§3.7.4.2)."""
    play(
        mx,
        """
        C: VRFY jörg@bücher.example SMTPUTF8
        S: 252 2.5.0 Cannot verify the account; send mail to it to find out
        C: MAIL FROM:<jörg@bücher.example>
        S: 550 5.6.7 This address requires SMTPUTF8
        C: MAIL FROM:<mary@mydomain.com>
        S: 250 2.1.0 Sender accepted
        C: RCPT TO:<jörg@bücher.example>
        S: 553 5.6.7 This address requires SMTPUTF8
        C: RSET
        S: 250 …
        C: MAIL FROM:<jörg@bücher.example> BODY=8BITMIME SMTPUTF8
        S: 250 2.1.0 Sender accepted
        C: RCPT TO:<jörg@bücher.example>
        S: 250 2.1.5 Recipient accepted
        C: DATA
        S: 354 …
        C: Subject: Grüße
        C:
        C: .
        S: 250 2.0.0 Delivered
    """,
    )
    (message,) = inbox("jörg@bücher.example")
    assert message.startswith("Return-Path: <jörg@bücher.example>\r\n".encode())
    assert b"with UTF8SMTP\r\n" in message


@pytest.mark.usefixtures("foo_com")
def test_rfc3030_section_4_1(mx: Dialogue, inbox: Inbox) -> None:
    """A message without a body in one chunk, which needs no dot at its end."""
    content = b"To: Ned@innosoft.com\r\nFrom: Sam@random.com\r\nSubject: a bodyless test\r\n"
    assert mx.send(b"MAIL FROM:<Sam@Random.com>\r\n").startswith(b"250")
    assert mx.send(b"RCPT TO:<ned@innosoft.com>\r\n").startswith(b"250")
    assert mx.send(b"BDAT %d LAST\r\n%b" % (len(content), content)).startswith(b"250")
    assert mx.send(b"QUIT\r\n").startswith(b"221")
    (message,) = inbox("ned@innosoft.com")
    assert message.endswith(content)


@pytest.mark.usefixtures("foo_com")
def test_rfc3030_section_4_2(mx: Dialogue, inbox: Inbox) -> None:
    """BDAT pipelined with all that goes before it."""
    first = b"To: Susan\r\nFrom: Sam\r\nSubject: This is a bodyless chunk\r\n"
    second = b"\r\n.\r\nafter a dot\r\n"
    said = mx.send(
        b"MAIL FROM:<sam@random.com>\r\nRCPT TO:<ned@innosoft.com>\r\n"
        + b"BDAT %d\r\n" % len(first)
        + first
        + b"BDAT %d\r\n" % len(second)
        + second
        + b"BDAT 0 LAST\r\nQUIT\r\n"
    )
    assert [line[:3] for line in said.split(b"\r\n")[:-1]] == [b"250"] * 5 + [b"221"]
    (message,) = inbox("ned@innosoft.com")
    assert message.endswith(first + second)


def test_rfc3461_section_10_1(connect: Connect) -> None:
    """Every parameter of DSN; our recipients' addresses are their own."""
    smtp = connect(authentication_required=False)
    smtp.connect()
    smtp.send(b"EHLO Example.ORG\r\n")
    play(
        smtp,
        """
        C: MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159
        S: 250 …
        C: RCPT TO:<Bob@mydomain.com> NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM
        S: 250 …
        C: RCPT TO:<mary@mydomain.com> NOTIFY=FAILURE ORCPT=rfc822;Carol@Ivory.EDU
        S: 250 …
        C: RCPT TO:<sue@mydomain.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Dana@Ivory.EDU
        S: 250 …
        C: RCPT TO:<derek@mydomain.com> NOTIFY=NEVER
        S: 250 …
    """,
    )


def test_rfc3461_section_10_4(connect: Connect, inbox: Inbox) -> None:
    """What a server without DSN hears: HELO, and a transaction for each sort of recipient."""
    play(
        connect(authentication_required=False),
        """
        S: 220 …
        C: RSET
        S: 250 …
        C: HELO Example.ORG
        S: 250 …
        C: MAIL FROM:<Alice@Example.ORG>
        S: 250 …
        C: RCPT TO:<derek@mydomain.com>
        S: 250 …
        C: DATA
        S: 354 …
        C: text
        C: .
        S: 250 …
        C: MAIL FROM:<>
        S: 250 …
        C: RCPT TO:<sue@mydomain.com>
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
    assert len(inbox("derek")) == len(inbox("sue")) == 1


def test_rfc3461_section_10_6(mx: Dialogue, inbox: Inbox) -> None:
    """The notification for whom it was asked for."""
    play(
        mx,
        """
        C: MAIL FROM:<mary@mydomain.com> RET=HDRS ENVID=QQ314159
        S: 250 …
        C: RCPT TO:<bob@mydomain.com> NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM
        S: 250 …
        C: DATA
        S: 354 …
        C: Subject: Hello
        C:
        C: text
        C: .
        S: 250 …
    """,
    )
    (report,) = inbox("mary")
    assert (
        "\r\n\r\nReporting-MTA: dns; localhost\r\nOriginal-Envelope-Id: QQ314159\r\n"
        "Arrival-Date: Tue, 28 Jul 2020 12:00:00 +0000\r\n\r\n"
        "Original-Recipient: rfc822;Bob@Example.COM\r\n"
        "Final-Recipient: rfc822; bob@mydomain.com\r\n"
        "Action: delivered\r\nStatus: 2.0.0\r\n\r\n--"
    ) in report.decode()
