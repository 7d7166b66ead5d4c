"""EHLO, AUTH and STARTTLS: what is said, and what is recorded (RFC 5321, RFC 4954, RFC 3207)."""

import pytest

from mailauth.login.authority import Authority
from mailauth.login.event import LoginEvent, Result
from mailauth.login.hop import Security
from mailauth.login.outcome import Answer
from mailauth.login.policy import Cleartext
from mailauth.smtp.replies import login_refused
from mailauth.testing import Dialogue, MemoryRecorder, play
from tests.smtp.conftest import Connect


def results(recorder: MemoryRecorder) -> list[Result | None]:
    return [event.result for event in recorder.attempts]


def only(recorder: MemoryRecorder) -> LoginEvent:
    (event,) = recorder.attempts
    return event


def test_ehlo_says_what_can_be_done(smtp: Dialogue) -> None:
    play(
        smtp,
        """
        S: 220 localhost ESMTP mailauth ready
        C: EHLO client.example
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
        C: HELO client.example
        S: 250 localhost
        C: EHLO
        S: 501 5.5.4 The client's domain or address literal is missing
        C: QUIT
        S: 221 2.0.0 Bye
        <closed>
    """,
    )


def test_auth_with_an_initial_response(greeted: Dialogue, recorder: MemoryRecorder) -> None:
    """RFC 4954 §4."""
    play(
        greeted,
        """
        C: auth plain b64(\0mary\0secret)
        S: 235 2.7.0 Logged in
        C: EHLO client.example
        S: 250-localhost
        S: 250-PIPELINING
        S: 250-SIZE 10000
        S: 250-8BITMIME
        S: 250-SMTPUTF8
        S: 250-CHUNKING
        S: 250-ENHANCEDSTATUSCODES
        S: 250-DSN
        S: 250 HELP
        C: STARTTLS
        S: 503 5.5.1 Already logged in
    """,
    )
    event = only(recorder)
    assert (event.result, event.mechanism, event.user, event.client_name) == (
        Result.SUCCESS,
        "PLAIN",
        "mary@mydomain.com",
        "client.example",
    )
    assert event.exposed


def test_auth_login_by_challenges(greeted: Dialogue, recorder: MemoryRecorder) -> None:
    play(
        greeted,
        """
        C: AUTH LOGIN
        S: 334 b64(Username:)
        C: b64(mary)
        S: 334 b64(Password:)
        C: b64(secret)
        S: 235 2.7.0 Logged in
    """,
    )
    assert only(recorder).mechanism == "LOGIN"


def test_auth_that_goes_wrong(greeted: Dialogue, recorder: MemoryRecorder) -> None:
    """The rows of the table that a client can reach on its own."""
    play(
        greeted,
        """
        C: AUTH
        S: 501 5.5.4 AUTH requires a mechanism
        C: AUTH PLAIN
        S: 334…
        C: *
        S: 501 5.7.0 Login cancelled
        C: AUTH PLAIN =
        S: 501 5.5.2 Malformed authentication exchange
        C: AUTH PLAIN
        S: 334…
        C: no base64!
        S: 501 5.5.2 Malformed authentication exchange
        C: AUTH NO-SUCH
        S: 504 5.5.4 This mechanism is not offered
        C: AUTH PLAIN b64(bob\0mary\0secret)
        S: 535 5.7.8 You are not authorized to act for this user
        C: AUTH PLAIN b64(\0mary\0wrong)
        S: 535 5.7.8 Authentication failed
        C: AUTH PLAIN b64(\0mary\0secret)
        S: 235 2.7.0 Logged in
        C: AUTH PLAIN b64(\0bob\0secret)
        S: 503 5.5.1 Already logged in
    """,
    )
    assert results(recorder) == [
        Result.CANCELLED,
        Result.MALFORMED,
        Result.MALFORMED,
        Result.MECHANISM_UNKNOWN,
        Result.DENIED,
        Result.BAD_CREDENTIALS,
        Result.SUCCESS,
        Result.MALFORMED,
    ]


def test_auth_waits_for_the_end_of_a_transaction(
    connect: Connect, recorder: MemoryRecorder
) -> None:
    """RFC 4954 §4: not permitted during a mail transaction; a secret that came is exposed."""
    smtp = connect(authentication_required=False)
    smtp.connect()
    smtp.send(b"EHLO client.example\r\n")
    play(
        smtp,
        """
        C: MAIL FROM:<>
        S: 250 2.1.0 Sender accepted
        C: AUTH PLAIN b64(\0mary\0secret)
        S: 503 5.5.1 AUTH is not allowed during a mail transaction
        C: RSET
        S: 250 2.0.0 Forgotten
        C: AUTH PLAIN b64(\0mary\0secret)
        S: 235 2.7.0 Logged in
    """,
    )
    refused, accepted = recorder.attempts
    assert (refused.result, refused.reason, refused.user, refused.exposed) == (
        Result.MALFORMED,
        "AUTH during a mail transaction",
        "mary@mydomain.com",
        True,
    )
    assert accepted.result is Result.SUCCESS


@pytest.mark.parametrize("before", ["", "HELO client.example\r\n", "EHLO x\r\nHELO x\r\n"])
@pytest.mark.parametrize(
    ("commands", "mechanism", "result", "reason", "exposed"),
    [
        ("AUTH PLAIN AG1hcnkAc2VjcmV0\r\n", "PLAIN", Result.MALFORMED, "AUTH before EHLO", True),
        ("AUTH PLAIN AG1hcnkAd3Jvbmc=\r\n", "PLAIN", Result.MALFORMED, "AUTH before EHLO", False),
        ("AUTH PLAIN no-base64\r\n", "PLAIN", Result.MALFORMED, "AUTH before EHLO", None),
        ("AUTH LOGIN\r\n", "LOGIN", Result.MALFORMED, "AUTH before EHLO", False),
        ("AUTH XYZ AAAA\r\n", "XYZ", Result.MECHANISM_UNKNOWN, "mechanism unknown", None),
    ],
)
def test_auth_is_an_extension_that_ehlo_begins(
    connect: Connect,
    recorder: MemoryRecorder,
    before: str,
    commands: str,
    mechanism: str,
    result: Result,
    reason: str,
    exposed: bool | None,
) -> None:
    """RFC 4954 §4; what was sent all the same is recorded."""
    smtp = connect()
    smtp.connect()
    smtp.send(before.encode())
    assert smtp.send(commands.encode()) == b"503 5.5.1 Send EHLO first\r\n"
    event = only(recorder)
    assert (event.mechanism, event.result, event.reason, event.exposed) == (
        mechanism,
        result,
        reason,
        exposed,
    )
    smtp.send(b"EHLO client.example\r\n")
    assert smtp.send(b"AUTH PLAIN AG1hcnkAc2VjcmV0\r\n") == b"235 2.7.0 Logged in\r\n"


def test_a_response_to_an_auth_out_of_turn_is_recorded(
    connect: Connect, recorder: MemoryRecorder
) -> None:
    """Where the client does not wait for the answer to AUTH."""
    smtp = connect()
    smtp.connect()
    said = smtp.send(b"AUTH PLAIN\r\nAG1hcnkAc2VjcmV0\r\n")
    assert said == b"503 5.5.1 Send EHLO first\r\n500 5.5.1 Unknown command\r\n"
    assert [event.exposed for event in recorder.attempts] == [False, True]


def test_auth_out_of_turn_is_not_tried_for_ever(connect: Connect, recorder: MemoryRecorder) -> None:
    smtp = connect()
    smtp.connect()
    said = smtp.send(b"AUTH PLAIN AG1hcnkAd3Jvbmc=\r\n" * 1000)
    assert said == b"503 5.5.1 Send EHLO first\r\n" * 10 + b"421 4.7.0 Too many failed logins\r\n"
    assert smtp.closed
    assert len(recorder.attempts) == 10


def test_cleartext_refused(connect: Connect, recorder: MemoryRecorder) -> None:
    """Refused at once, without a challenge; a response that is sent anyway is an exposure."""
    smtp = connect(cleartext=Cleartext.REFUSE)
    smtp.connect()
    said = smtp.send(b"EHLO client.example\r\n")
    assert b"AUTH" not in said
    assert b"STARTTLS" in said
    refusal = b"538 5.7.11 TLS is required to log in\r\n"
    assert smtp.send(b"AUTH PLAIN AG1hcnkAc2VjcmV0\r\n") == refusal
    assert smtp.send(b"AUTH PLAIN\r\n") == refusal
    assert smtp.send(b"AG1hcnkAc2VjcmV0\r\n") == b"500 5.5.1 Unknown command\r\n"
    assert smtp.send(b"AUTH SCRAM-SHA-256\r\n") == refusal
    assert (
        smtp.send(b"MAIL FROM:<mary@mydomain.com>\r\n")
        == b"530 5.7.0 Authentication required: send STARTTLS, then AUTH\r\n"
    )
    assert results(recorder) == [Result.CLEARTEXT_REFUSED] * 4
    assert [event.exposed for event in recorder.attempts] == [True, False, True, False]


def test_a_login_behind_starttls_is_secure_and_the_greeting_forgotten(
    smtp: Dialogue, recorder: MemoryRecorder
) -> None:
    """RFC 3207 §4.2: the server must discard what it knows of the client."""
    play(
        smtp,
        """
        S: …
        C: HELO clear.example
        S: …
        C: STARTTLS
        S: 220 2.0.0 Begin TLS negotiation
        <tls>
        C: MAIL FROM:<mary@mydomain.com>
        S: 503 5.5.1 Send EHLO or HELO first
        C: STARTTLS
        S: 503 5.5.1 TLS is already active
        C: AUTH PLAIN b64(\0mary\0secret)
        S: 503 5.5.1 Send EHLO first
        C: EHLO tls.example
        S: 250-localhost
        S: 250-PIPELINING
        S: 250-SIZE 10000
        S: 250-8BITMIME
        S: 250-SMTPUTF8
        S: 250-CHUNKING
        S: 250-ENHANCEDSTATUSCODES
        S: 250-DSN
        S: 250-HELP
        S: 250 AUTH PLAIN LOGIN
        C: AUTH PLAIN b64(\0mary\0secret)
        S: 235 2.7.0 Logged in
    """,
    )
    early, event = recorder.attempts
    assert (early.result, early.client_name) == (Result.MALFORMED, None)
    assert (event.security, event.exposed) == (Security.STARTTLS, False)
    assert event.client_name == "tls.example"


@pytest.mark.parametrize(
    ("pipelined", "count"),
    [
        (b"AUTH PLAIN AG1hcnkAc2VjcmV0\r\n", 29),
        (b"AUTH PL", 7),
        (b"\x16\x03\x01", 3),
        (b"\r\n", 2),
    ],
)
def test_what_is_pipelined_behind_starttls_is_never_executed(
    connect: Connect, recorder: MemoryRecorder, pipelined: bytes, count: int
) -> None:
    smtp = connect()
    smtp.connect()
    said = smtp.send(b"STARTTLS\r\n" + pipelined)
    assert (
        said == b"501 5.5.1 Commands were sent in the clear after STARTTLS; wait for its reply\r\n"
    )
    assert smtp.closed
    assert recorder.attempts == []
    assert [event.reason for event in recorder.connections] == [
        f"pipelined-behind-starttls ({count} bytes)"
    ]


def test_starttls_needs_a_listener_that_can(connect: Connect) -> None:
    play(
        connect(tls_available=False),
        """
        S: …
        C: STARTTLS
        S: 502 5.5.1 TLS is not available on this port
        C: STARTTLS now
        S: 501 5.5.4 STARTTLS takes no argument
    """,
    )


def test_ten_failed_logins_end_the_connection(connect: Connect, recorder: MemoryRecorder) -> None:
    smtp = connect()
    smtp.connect()
    smtp.send(b"EHLO client.example\r\n")
    said = smtp.send(b"AUTH PLAIN AG1hcnkAd3Jvbmc=\r\n" * 11)
    failed = b"535 5.7.8 Authentication failed\r\n"
    assert said == failed * 10 + b"421 4.7.0 Too many failed logins\r\n"
    assert smtp.closed
    assert len(recorder.attempts) == 10


def test_a_login_that_cannot_be_recorded_is_refused(
    connect: Connect, recorder: MemoryRecorder
) -> None:
    smtp = connect()
    smtp.connect()
    smtp.send(b"EHLO client.example\r\n")
    recorder.failing = True
    unavailable = b"454 4.7.0 Login is temporarily unavailable; try again later\r\n"
    assert smtp.send(b"AUTH PLAIN AG1hcnkAc2VjcmV0\r\n") == unavailable
    recorder.failing = False
    assert smtp.send(b"AUTH PLAIN AG1hcnkAc2VjcmV0\r\n") == b"235 2.7.0 Logged in\r\n"


def test_commands_behind_a_pending_login_keep_their_order(
    connect: Connect, recorder: MemoryRecorder
) -> None:
    recorder.slow = True
    smtp = connect()
    smtp.connect()
    smtp.send(b"EHLO client.example\r\n")
    assert smtp.send(b"AUTH PLAIN AG1hcnkAc2VjcmV0\r\nNOOP\r\n") == b""
    assert smtp.waiting
    assert smtp.send(b"QUIT\r\n") == b""
    recorder.release()
    assert smtp.output() == (b"235 2.7.0 Logged in\r\n250 2.0.0 Nothing done\r\n221 2.0.0 Bye\r\n")


def test_blocked_looks_like_a_wrong_password(
    connect: Connect, shared: Authority, recorder: MemoryRecorder
) -> None:
    for _ in range(6):
        shared.blocking.failed("192.0.2.7")
    smtp = connect()
    smtp.connect()
    smtp.send(b"EHLO client.example\r\n")
    said = smtp.send(b"AUTH PLAIN AG1hcnkAc2VjcmV0\r\n")
    assert said == b"535 5.7.8 Authentication failed\r\n"
    assert only(recorder).result is Result.BLOCKED


def test_every_answer_has_its_words() -> None:
    for answer in Answer:
        if answer is not Answer.SUCCESS:
            assert login_refused(answer).code >= 400
