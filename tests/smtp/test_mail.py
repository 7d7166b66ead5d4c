"""A mail from MAIL to the INBOX (RFC 5321 §3.3, RFC 6409, RFC 3030, RFC 3461)."""

import re

import pytest

from mailauth.mailbox.memory import MemoryStore
from mailauth.testing import Dialogue, play
from tests.smtp.conftest import Connect, Inbox
from tests.support.mail import NOON


def test_mail_is_delivered_behind_a_login(greeted: Dialogue, inbox: Inbox) -> None:
    play(
        greeted,
        """
        C: MAIL FROM:<mary@mydomain.com>
        S: 530 5.7.0 Authentication required
        C: AUTH PLAIN b64(\0mary\0secret)
        S: 235 2.7.0 Logged in
        C: MAIL FROM:<mary@mydomain.com> SIZE=100 BODY=8BITMIME
        S: 250 2.1.0 Sender accepted
        C: DATA
        S: 554 5.5.1 No valid recipients
        C: RCPT TO:<Bob@mydomain.com>
        S: 250 2.1.5 Recipient accepted
        C: DATA
        S: 354 Start mail input; end with <CRLF>.<CRLF>
        C: Subject: Hello
        C:
        C: ..
        C: ...dots
        C: text
        C: .
        S: 250 2.0.0 Delivered
        C: DATA
        S: 503 5.5.1 Send MAIL and RCPT first
    """,
    )
    (message,) = inbox("bob")
    trace, _, content = message.partition(b"Subject")
    assert b"Subject" + content == b"Subject: Hello\r\n\r\n.\r\n..dots\r\ntext\r\n"
    session = greeted.session.client.session
    assert trace.decode() == (
        "Return-Path: <mary@mydomain.com>\r\n"
        "Received: from client.example ([192.0.2.7])\r\n"
        "\tby localhost (mailauth) with ESMTPA\r\n"
        f"\tid {session}.1 for <Bob@mydomain.com>;\r\n"
        "\tTue, 28 Jul 2020 12:00:00 +0000\r\n"
    )


def test_a_port_for_other_servers_takes_mail_from_anybody(mx: Dialogue, inbox: Inbox) -> None:
    play(
        mx,
        """
        C: MAIL FROM:<someone@elsewhere.example>
        S: 250 …
        C: RCPT TO:<bob@mydomain.com>
        S: 250 …
        C: RCPT TO:<bob@MYDOMAIN.com>
        S: 250 …
        C: RCPT TO:<mary@mydomain.com>
        S: 250 …
        C: DATA
        S: 354 …
        C: .
        S: 250 …
    """,
    )
    assert len(inbox("bob")) == len(inbox("mary")) == 1
    assert b" for <" not in inbox("bob")[0]


@pytest.mark.parametrize(
    ("recipient", "reply"),
    [
        (b"nobody@mydomain.com", b"550 5.1.1 The account does not exist"),
        (
            b"bob@elsewhere.example",
            b"550 5.7.1 Relaying denied: this server accepts mail only for its own accounts",
        ),
        (b"nobody@localhost", b"550 5.1.1 The account does not exist"),
        (b"gone@mydomain.com", b"550 5.2.1 This account is disabled"),
        ("jörg@bücher.example".encode(), b"553 5.6.7 This address requires SMTPUTF8"),
        (b"", b"501 5.1.3 RCPT requires an address"),
        (b"bob@", b"501 5.1.3 Malformed: an address must be written <local-part@domain>"),
        (
            b"bob@mydomain.com> <x",
            b"501 5.5.4 A parameter must be written KEYWORD or KEYWORD=value",
        ),
        (
            b"\xff@mydomain.com",
            b"501 5.1.3 Malformed: an address must be ASCII, or UTF-8 with SMTPUTF8",
        ),
        (b"x" * 65 + b"@mydomain.com", b"501 5.1.3 Malformed: a local part has at most 64 octets"),
        (b"x@" + b"y" * 256, b"501 5.1.3 Malformed: a domain has at most 255 octets"),
        (b"x" * 9 + b"@" + b"y" * 250, b"501 5.1.3 Malformed: a path has at most 256 octets"),
    ],
)
def test_who_cannot_be_reached(mx: Dialogue, recipient: bytes, reply: bytes) -> None:
    mx.send(b"MAIL FROM:<>\r\n")
    said = mx.send(b"RCPT TO:<" + recipient + b">\r\n")
    assert said == reply + b"\r\n"


@pytest.mark.parametrize(
    ("recipient", "account"),
    [
        (b"<bob>", "bob"),
        (b" <bob@mydomain.com>", "bob"),
        (b"<@a.example,@b.example:bob@mydomain.com>", "bob"),
        (b'<"bob"@mydomain.com>', "bob"),
        (b'<"two\\ words"@mydomain.com>', "two words"),
        (b"<root@localhost>", "root"),
        (b"<Postmaster>", "root"),
        (b"<postmaster@mydomain.com>", "root"),
    ],
)
def test_who_is_reached(mx: Dialogue, inbox: Inbox, recipient: bytes, account: str) -> None:
    """RFC 5321 §4.1.1.3: source routes are dropped; §4.5.1: there is a postmaster."""
    mx.send(b"MAIL FROM:<>\r\n")
    assert mx.send(b"RCPT TO:" + recipient + b"\r\n") == b"250 2.1.5 Recipient accepted\r\n"
    mx.send(b"DATA\r\n")
    assert mx.send(b"\r\n.\r\n") == b"250 2.0.0 Delivered\r\n"
    (message,) = inbox(account)
    assert message.startswith(b"Return-Path: <>\r\n")


def test_smtputf8(mx: Dialogue, inbox: Inbox) -> None:
    """RFC 6531 §3."""
    mx.send(b"MAIL FROM:<> SMTPUTF8\r\n")
    assert mx.send("RCPT TO:<JÖRG@bücher.example>\r\n".encode()).startswith(b"250")
    mx.send(b"DATA\r\n")
    assert mx.send(b".\r\n").startswith(b"250")
    (message,) = inbox("jörg@bücher.example")
    assert b"with UTF8SMTP\r\n" in message
    assert "for <JÖRG@bücher.example>".encode() in message


def test_addresses_that_need_smtputf8(mx: Dialogue) -> None:
    """RFC 6531 §3.5: 550 to MAIL, 553 to RCPT."""
    play(
        mx,
        """
        C: MAIL FROM:<jörg@bücher.example>
        S: 550 5.6.7 This address requires SMTPUTF8
        C: MAIL FROM:<>
        S: 250 2.1.0 Sender accepted
        C: RCPT TO:<jörg@bücher.example>
        S: 553 5.6.7 This address requires SMTPUTF8
    """,
    )


def test_a_domain_may_be_in_a_labels(mx: Dialogue) -> None:
    """RFC 6531 §3.2."""
    play(
        mx,
        """
        C: MAIL FROM:<> SMTPUTF8
        S: 250 2.1.0 Sender accepted
        C: RCPT TO:<jörg@XN--bcher-kva.example>
        S: 250 2.1.5 Recipient accepted
        C: RCPT TO:<anna@xn--bcher-kva.example>
        S: 550 5.1.1 The account does not exist
        C: RCPT TO:<anna@xn--a.example>
        S: 550 5.7.1 Relaying denied: this server accepts mail only for its own accounts
    """,
    )


@pytest.mark.parametrize(
    ("parameters", "reply"),
    [
        (b"SIZE=10001", b"552 5.3.4 The message is too big"),
        (b"SIZE=1000000000000", b"552 5.3.4 The message is too big"),
        (b"SIZE=x", b"501 5.5.4 The value of SIZE is not one that it can have"),
        (b"SIZE", b"501 5.5.4 The value of SIZE is not one that it can have"),
        (b"SIZE=1 SIZE=1", b"501 5.5.4 A parameter is given twice"),
        (b"BODY=BINARYMIME", b"501 5.5.4 The value of BODY is not one that it can have"),
        (b"SMTPUTF8=1", b"501 5.5.4 The value of SMTPUTF8 is not one that it can have"),
        (b"FUTURE=1", b"555 5.5.4 A parameter is not recognized"),
        (b"=", b"501 5.5.4 A parameter must be written KEYWORD or KEYWORD=value"),
        (b"ENVID=a+0D+0A", b"501 5.5.4 The value contains control characters"),
        (b"ENVID=" + b"x" * 101, b"501 5.5.4 The value is not xtext of at most 100 octets"),
        (b"RET=SOME", b"501 5.5.4 The value of RET is not one that it can have"),
        (b"AUTH=<> RET=hdrs ENVID=a+20b BODY=7bit SIZE=0", b"250 2.1.0 Sender accepted"),
    ],
)
def test_parameters_of_mail(mx: Dialogue, parameters: bytes, reply: bytes) -> None:
    assert mx.send(b"MAIL FROM:<> " + parameters + b"\r\n") == reply + b"\r\n"


def test_parameters_need_ehlo(connect: Connect) -> None:
    smtp = connect(authentication_required=False)
    smtp.connect()
    smtp.send(b"HELO client.example\r\n")
    assert smtp.send(b"MAIL FROM:<> SIZE=1\r\n") == b"555 5.5.4 Parameters require EHLO\r\n"


@pytest.mark.parametrize("parameter", [b"", b" BODY=8BITMIME", b" body=8bitmime", b" BODY=7BIT"])
def test_eight_bits_are_kept(mx: Dialogue, inbox: Inbox, parameter: bytes) -> None:
    """RFC 6152 §3: every octet of the content arrives as it was sent, whatever was declared."""
    content = bytes(octet for octet in range(256) if octet not in b"\r\n") + b"\r\n"
    mx.send(b"MAIL FROM:<>%b\r\nRCPT TO:<bob@mydomain.com>\r\nDATA\r\n" % parameter)
    assert mx.send(b"\r\n" + content + b".\r\n").startswith(b"250 ")
    (message,) = inbox("bob")
    assert message.endswith(b"\r\n\r\n" + content)


def test_every_reply_has_an_enhanced_code(mx: Dialogue) -> None:
    """RFC 2034 §4: each line of each 2xx, 4xx and 5xx has one of its class, but EHLO and HELO."""
    commands = (
        *(b"NOOP", b"HELP", b"VRFY x", b"VRFY", b"EXPN x", b"FOO", b"", b"RSET", b"RSET x"),
        *(b"DATA", b"BDAT 0", b"RCPT TO:<bob>", b"MAIL", b"MAIL FROM:<a b>", b"MAIL FROM:<> X=1"),
        *(b"MAIL FROM:<>", b"MAIL FROM:<>", b"RCPT TO:<nobody@mydomain.com>", b"RCPT TO:<x@y>"),
        *(b"RCPT TO:<gone@mydomain.com>", b"DATA", b"RCPT TO:<bob>", b"BDAT 0", b"BDAT 0 LAST"),
        *(b"AUTH", b"AUTH X", b"AUTH PLAIN AG1hcnkAeA==", b"AUTH PLAIN AG1hcnkAc2VjcmV0"),
        *(b"AUTH PLAIN AG1hcnkAc2VjcmV0", b"STARTTLS", b"EHLO", b"x" * 600, b"QUIT"),
    )
    for command in commands:
        for line in mx.send(command + b"\r\n").splitlines():
            assert re.match(rb"([245])\d\d[ -]\1\.\d{1,3}\.\d{1,3} ", line), (command, line)


def test_bdat(mx: Dialogue, inbox: Inbox) -> None:
    """RFC 3030 §2 and §4.2: dots are as they are, chunks may be pipelined."""
    assert (
        mx.send(
            b"MAIL FROM:<>\r\nRCPT TO:<bob@mydomain.com>\r\n"
            b"BDAT 5\r\nA: b\rBDAT 6 last\r\n\n\r\n.\r\nNOOP\r\n"
        )
        == b"250 2.1.0 Sender accepted\r\n250 2.1.5 Recipient accepted\r\n"
        b"250 2.0.0 5 octets received\r\n250 2.0.0 Delivered\r\n250 2.0.0 Nothing done\r\n"
    )
    assert inbox("bob")[0].endswith(b"\r\nA: b\r\n\r\n.\r\n")


def test_bdat_of_no_octets_ends_a_message(mx: Dialogue, inbox: Inbox) -> None:
    mx.send(b"MAIL FROM:<>\r\nRCPT TO:<bob@mydomain.com>\r\n")
    assert mx.send(b"BDAT 2\r\n\r\n") == b"250 2.0.0 2 octets received\r\n"
    assert (
        mx.send(b"DATA\r\n")
        == b"503 5.5.1 The message was begun with BDAT and must be continued with it\r\n"
    )
    assert (
        mx.send(b"RCPT TO:<mary@mydomain.com>\r\n")
        == b"503 5.5.1 The message has already begun\r\n"
    )
    assert mx.send(b"BDAT 0 LAST\r\n") == b"250 2.0.0 Delivered\r\n"
    assert len(inbox("bob")) == 1


def test_a_chunk_that_is_refused_is_not_taken_for_commands(mx: Dialogue, inbox: Inbox) -> None:
    """RFC 3030 §2: the octets follow, whatever the answer will be."""
    said = mx.send(b"BDAT 14 LAST\r\nMAIL FROM:<>\r\nNOOP\r\n")
    assert said == b"503 5.5.1 Send MAIL and RCPT first\r\n250 2.0.0 Nothing done\r\n"
    mx.send(b"MAIL FROM:<>\r\nRCPT TO:<bob@mydomain.com>\r\nBDAT 9999\r\n" + b"x" * 9999)
    said = mx.send(b"BDAT 10 LAST\r\nQUIT\r\nQUITNOOP\r\n")
    assert said == b"552 5.3.4 The message is too big\r\n250 2.0.0 Nothing done\r\n"
    assert inbox("bob") == []


@pytest.mark.parametrize(
    ("argument", "reply"),
    [
        (b"", b"501 5.5.4 BDAT requires a size"),
        (b"x LAST", b"501 5.5.4 BDAT requires a size"),
        (b"-1", b"501 5.5.4 BDAT requires a size"),
        (b"1 LAST LAST", b"501 5.5.4 BDAT requires a size"),
        (b"1000000000", b"552 5.3.4 The message is too big"),
        (b"1 LAST" + b" " * 520, b"500 5.5.2 The line is too long"),
    ],
)
def test_a_chunk_whose_end_cannot_be_found_ends_the_connection(
    connect: Connect, argument: bytes, reply: bytes
) -> None:
    smtp = connect()
    smtp.connect()
    assert smtp.send(b"BDAT " + argument + b"\r\nMAIL FROM:<>\r\n") == reply + b"\r\n"
    assert smtp.closed


@pytest.mark.parametrize(("more", "reply"), [(0, b"250 2.0.0"), (1, b"552 5.3.4")])
@pytest.mark.parametrize("by", [b"DATA", b"BDAT"])
def test_a_message_of_the_size_announced_is_taken(
    mx: Dialogue, inbox: Inbox, by: bytes, more: int, reply: bytes
) -> None:
    """RFC 1870 §4 and §5: content alone counts, however long its trace becomes."""
    content = b"\r\n" + b"x" * (9_996 + more) + b"\r\n"
    mx.send(b"EHLO " + b"h" * 255 + b"\r\n")
    mx.send(b"MAIL FROM:<%b@%bexample>\r\n" % (b"l" * 64, b"d." * 91))
    assert mx.send(b"RCPT TO:<bob@mydomain.com>\r\n").startswith(b"250 ")
    if by == b"DATA":
        said = mx.send(b"DATA\r\n") + mx.send(content + b".\r\n")
    else:
        said = mx.send(b"BDAT %d LAST\r\n%b" % (len(content), content))
    assert said.splitlines()[-1].startswith(reply)
    assert [len(one) > len(content) + 600 for one in inbox("bob")] == [True] * (1 - more)


def test_a_message_too_big_is_read_to_its_end(mx: Dialogue, inbox: Inbox) -> None:
    mx.send(b"MAIL FROM:<>\r\nRCPT TO:<bob@mydomain.com>\r\nDATA\r\n")
    for _ in range(101):
        assert mx.send(b"x" * 98 + b"\r\n") == b""
    assert mx.send(b".\r\nNOOP\r\n") == (
        b"552 5.3.4 The message is too big\r\n250 2.0.0 Nothing done\r\n"
    )
    assert inbox("bob") == []


def test_over_quota(mx: Dialogue, store: MemoryStore, inbox: Inbox) -> None:
    """A mailbox that is full says so as early as it can, and nobody else gets the message."""
    bob = store.account("bob@mydomain.com")
    for _ in range(2):
        bob.deliver(b"x" * 9998 + b"\r\n", NOON)
    mx.send(b"MAIL FROM:<>\r\nRCPT TO:<mary@mydomain.com>\r\nRCPT TO:<bob@mydomain.com>\r\n")
    mx.send(b"DATA\r\n")
    assert mx.send(b"y" * 9990 + b"\r\n.\r\n").startswith(b"552 5.")
    assert inbox("mary") == []
    mx.send(b"MAIL FROM:<> SIZE=9999\r\n")
    assert mx.send(b"RCPT TO:<bob@mydomain.com>\r\n").startswith(b"452 4.2.2 ")
    assert mx.send(b"RCPT TO:<mary@mydomain.com>\r\n").startswith(b"250 ")


def test_a_sender_is_told_of_delivery_when_it_asks(mx: Dialogue, inbox: Inbox) -> None:
    """RFC 3461 §5.2.3, RFC 3464 §2."""
    mx.send(b"MAIL FROM:<mary@mydomain.com> ENVID=QQ+2B314 RET=HDRS\r\n")
    mx.send(b"RCPT TO:<bob@mydomain.com> NOTIFY=success,FAILURE ORCPT=rfc822;Bob+3Dx@example\r\n")
    mx.send(b"RCPT TO:<sue@mydomain.com> NOTIFY=NEVER\r\n")
    mx.send(b"RCPT TO:<derek@mydomain.com>\r\n")
    mx.send(b"DATA\r\n")
    assert mx.send(b"Subject: s\r\n\r\nbody\r\n.\r\n").startswith(b"250")
    (report,) = inbox("mary")
    text = report.decode()
    assert text.startswith("Return-Path: <>\r\n")
    assert "Original-Envelope-Id: QQ+314\r\n" in text
    assert (
        "\r\n\r\nOriginal-Recipient: rfc822;Bob=x@example\r\n"
        "Final-Recipient: rfc822; bob@mydomain.com\r\n"
        "Action: delivered\r\nStatus: 2.0.0\r\n" in text
    )
    assert text.count("Final-Recipient") == 1
    assert "\r\n\r\nSubject: s\r\n\r\n--" in text
    assert "body" not in text


@pytest.mark.parametrize("sender", [b"", b"mary@elsewhere.example"])
def test_nobody_is_told_who_cannot_be(mx: Dialogue, inbox: Inbox, sender: bytes) -> None:
    mx.send(b"MAIL FROM:<" + sender + b">\r\n")
    mx.send(b"RCPT TO:<bob@mydomain.com> NOTIFY=SUCCESS\r\nDATA\r\n")
    assert mx.send(b".\r\n").startswith(b"250")
    assert inbox("mary") == []


@pytest.mark.parametrize(
    "parameters",
    [b"NOTIFY=", b"NOTIFY=NEVER,SUCCESS", b"NOTIFY=SUCCESS,SUCCESS", b"ORCPT=x", b"ORCPT", b"A=b"],
)
def test_parameters_of_rcpt_that_are_refused(mx: Dialogue, parameters: bytes) -> None:
    mx.send(b"MAIL FROM:<>\r\n")
    said = mx.send(b"RCPT TO:<bob@mydomain.com> " + parameters + b"\r\n")
    assert said.startswith((b"501 5.5.4", b"555 5.5.4"))
