"""USER, PASS, APOP and AUTH: what is said, and what is recorded (RFC 1939, RFC 5034, RFC 3206)."""

import hashlib
from pathlib import Path

import pytest

from mailauth.login.accounts import Account, Accounts
from mailauth.login.authority import Authority
from mailauth.login.event import LoginEvent, Result, Service
from mailauth.login.hop import Security
from mailauth.login.outcome import Answer
from mailauth.login.policy import Cleartext
from mailauth.login.secrets import PlaintextSecret
from mailauth.mailbox.maildir import MaildirStore
from mailauth.pop3.maildrop import Maildrop
from mailauth.pop3.replies import login_refused
from mailauth.pop3.server import Pop3Server
from mailauth.sasl.apop import apop
from mailauth.testing import Dialogue, MemoryRecorder, play, session_for
from tests.pop3.conftest import Connect
from tests.support.mail import welcome


def results(recorder: MemoryRecorder) -> list[Result | None]:
    return [event.result for event in recorder.attempts]


def only(recorder: MemoryRecorder) -> LoginEvent:
    (event,) = recorder.attempts
    return event


def test_user_and_pass_log_in(pop3: Dialogue, recorder: MemoryRecorder) -> None:
    """RFC 1939 §7: the name alone is never refused, so that nobody learns which exist."""
    play(
        pop3,
        """
        S: +OK localhost ready
        C: USER nobody
        S: +OK Send the password
        C: user MARY@mydomain.com
        S: +OK Send the password
        C: pass secret
        S: +OK Logged in, 1 messages (35 octets)
        C: STAT
        S: +OK 1 35
    """,
    )
    event = only(recorder)
    assert (event.result, event.mechanism, event.user, event.authcid) == (
        Result.SUCCESS,
        "USER-PASS",
        "mary@mydomain.com",
        "MARY@mydomain.com",
    )
    assert event.security is Security.CLEARTEXT
    assert event.exposed


def test_a_password_may_have_spaces_in_it(connect: Connect, recorder: MemoryRecorder) -> None:
    """RFC 1939 §7: a server may treat spaces in the argument of PASS as part of the password."""
    pop3 = connect()
    pop3.connect()
    assert pop3.send(b"USER mary\r\nPASS  secret\r\n").endswith(
        b"-ERR [AUTH] Authentication failed\r\n"
    )
    assert only(recorder).result is Result.BAD_CREDENTIALS


def test_a_wrong_password_needs_user_again(pop3: Dialogue, recorder: MemoryRecorder) -> None:
    """RFC 1939 §7: PASS comes behind a successful USER and nowhere else."""
    play(
        pop3,
        """
        S: …
        C: PASS secret
        S: -ERR Send USER first
        C: USER mary
        S: +OK …
        C: PASS wrong
        S: -ERR [AUTH] Authentication failed
        C: PASS secret
        S: -ERR Send USER first
        C: USER
        S: -ERR USER requires a name
    """,
    )
    assert results(recorder) == [Result.BAD_CREDENTIALS]


def test_pass_without_a_password_is_malformed(connect: Connect, recorder: MemoryRecorder) -> None:
    pop3 = connect()
    pop3.connect()
    assert pop3.send(b"USER mary\r\nPASS\r\n").endswith(
        b"-ERR Malformed authentication exchange\r\n"
    )
    assert (only(recorder).result, only(recorder).mechanism) == (Result.MALFORMED, "USER-PASS")


def test_auth_with_and_without_an_initial_response(
    pop3: Dialogue, connect: Connect, recorder: MemoryRecorder
) -> None:
    """RFC 5034 §4."""
    play(
        pop3,
        """
        S: …
        C: AUTH PLAIN
        S: +…
        C: b64(\0mary\0secret)
        S: +OK Logged in, 1 messages (35 octets)
        C: QUIT
        S: +OK Bye
        <closed>
    """,
    )
    pop3.lose()
    play(
        connect(),
        """
        S: …
        C: auth plain b64(\0mary\0secret)
        S: +OK …
    """,
    )
    assert results(recorder) == [Result.SUCCESS, Result.SUCCESS]


def test_auth_login(pop3: Dialogue, recorder: MemoryRecorder) -> None:
    play(
        pop3,
        """
        S: …
        C: AUTH LOGIN
        S: + b64(Username:)
        C: b64(mary)
        S: + b64(Password:)
        C: b64(secret)
        S: +OK …
    """,
    )
    assert only(recorder).mechanism == "LOGIN"


def test_auth_that_goes_wrong(pop3: Dialogue, recorder: MemoryRecorder) -> None:
    """The rows of the table that a client can reach on its own."""
    play(
        pop3,
        """
        S: …
        C: AUTH PLAIN
        S: +…
        C: *
        S: -ERR Login cancelled
        C: AUTH PLAIN =
        S: -ERR Malformed authentication exchange
        C: AUTH PLAIN b64(\0mary\0secret) b64(\0mary\0secret)
        S: -ERR Malformed authentication exchange
        C: AUTH PLAIN
        S: +…
        C: no base64!
        S: -ERR Malformed authentication exchange
        C: AUTH NO-SUCH
        S: -ERR This mechanism is not offered
        C: AUTH PLAIN b64(bob\0mary\0secret)
        S: -ERR [AUTH] You are not authorized to act for this user
        C: NOOP
        S: -ERR This command is not allowed in the current state
    """,
    )
    assert results(recorder) == [
        Result.CANCELLED,
        Result.MALFORMED,
        Result.MALFORMED,
        Result.MALFORMED,
        Result.MECHANISM_UNKNOWN,
        Result.DENIED,
    ]


def test_auth_alone_lists_the_mechanisms(pop3: Dialogue, recorder: MemoryRecorder) -> None:
    """What clients did before there was CAPA."""
    play(
        pop3,
        """
        S: …
        C: AUTH
        S: +OK The supported mechanisms follow
        S: PLAIN
        S: LOGIN
        S: .
    """,
    )
    assert recorder.attempts == []


def test_a_second_login_is_refused_and_recorded(mary: Dialogue, recorder: MemoryRecorder) -> None:
    """Its password may have been exposed all the same."""
    play(
        mary,
        """
        C: USER bob
        S: -ERR Already logged in
        C: PASS secret
        S: -ERR Already logged in
        C: AUTH PLAIN b64(\0bob\0secret)
        S: -ERR Already logged in
        C: STLS
        S: -ERR This command is not allowed in the current state
        C: STAT
        S: +OK 1 35
    """,
    )
    assert results(recorder) == [Result.SUCCESS, Result.MALFORMED, Result.MALFORMED]
    assert [event.exposed for event in recorder.attempts] == [True, True, True]
    assert [event.user for event in recorder.logins] == ["mary@mydomain.com"]


def test_cleartext_refused_is_one_record_with_its_name(
    connect: Connect, recorder: MemoryRecorder
) -> None:
    """USER is refused and recorded nowhere; a PASS that follows all the same is one login."""
    pop3 = connect(cleartext=Cleartext.REFUSE)
    play(
        pop3,
        """
        S: …
        C: USER mary
        S: -ERR TLS is required to log in
    """,
    )
    assert recorder.events == []
    play(
        pop3,
        """
        C: PASS secret
        S: -ERR TLS is required to log in
        C: AUTH PLAIN
        S: -ERR TLS is required to log in
        C: CAPA
        S: +OK Capability list follows
        S: TOP
        S: UIDL
        S: RESP-CODES
        S: AUTH-RESP-CODE
        S: PIPELINING
        S: EXPIRE NEVER
        S: UTF8 USER
        S: STLS
        S: .
    """,
    )
    first, second = recorder.attempts
    assert (first.result, first.user, first.exposed) == (
        Result.CLEARTEXT_REFUSED,
        "mary@mydomain.com",
        True,
    )
    assert (second.result, second.exposed) == (Result.CLEARTEXT_REFUSED, False)


def test_a_response_sent_in_spite_of_the_refusal_is_an_exposure(
    connect: Connect, recorder: MemoryRecorder
) -> None:
    pop3 = connect(cleartext=Cleartext.REFUSE)
    pop3.connect()
    pop3.send(b"AUTH PLAIN\r\n")
    assert pop3.send(b"AG1hcnkAc2VjcmV0\r\n") == b"-ERR Unknown command\r\n"
    assert [event.exposed for event in recorder.attempts] == [False, True]


def test_apop_answers_the_timestamp_of_the_greeting(
    connect: Connect, recorder: MemoryRecorder
) -> None:
    """RFC 1939 §7: announced only by the timestamp."""
    pop3 = connect(mechanisms=None)
    greeting = pop3.connect()
    timestamp = greeting.split()[-1]
    assert timestamp.startswith(b"<")
    digest = hashlib.md5(timestamp + b"secret").hexdigest().encode()
    assert pop3.send(b"APOP mary " + digest[::-1] + b"\r\n").startswith(b"-ERR [AUTH]")
    assert pop3.send(b"APOP mary\r\n") == b"-ERR Malformed authentication exchange\r\n"
    assert pop3.send(b"APOP mary " + digest + b"\r\n").startswith(b"+OK Logged in")
    assert results(recorder) == [Result.BAD_CREDENTIALS, Result.MALFORMED, Result.SUCCESS]
    assert [event.exposed for event in recorder.attempts] == [False, False, False]


@pytest.mark.parametrize("password", ["pa\u0308ss", "päss"])
def test_apop_takes_the_password_prepared_or_not(password: str) -> None:
    """RFC 6856 §2.2: who announces UTF8 USER and APOP applies SASLprep."""
    known = Accounts([Account(name="jörg", secret=PlaintextSecret("pa\u0308ss".encode()))])
    digest = hashlib.md5(b"<1@localhost>" + password.encode()).hexdigest().encode()
    for name in ("jörg", "jo\u0308rg"):
        assert apop(name.encode(), digest, b"<1@localhost>", known).proven
    assert not apop(b"jorg", digest, b"<1@localhost>", known).proven


@pytest.mark.parametrize("options", [{}, {"mechanisms": None, "cleartext": Cleartext.REFUSE}])
def test_apop_is_not_announced_where_it_is_refused(
    connect: Connect, options: dict[str, Cleartext]
) -> None:
    pop3 = connect(**options)
    assert pop3.connect() == b"+OK localhost ready\r\n"
    assert pop3.send(b"APOP mary 0\r\n") == b"-ERR APOP is not offered\r\n"


def test_ten_failed_logins_end_the_connection(connect: Connect, recorder: MemoryRecorder) -> None:
    pop3 = connect()
    pop3.connect()
    said = pop3.send(b"AUTH PLAIN AG1hcnkAd3Jvbmc=\r\n" * 11)
    assert (
        said == b"-ERR [AUTH] Authentication failed\r\n" * 10 + b"-ERR Too many failed logins\r\n"
    )
    assert pop3.closed
    assert len(recorder.attempts) == 10


def test_a_login_that_cannot_be_recorded_is_refused_and_leaves_the_maildrop_free(
    connect: Connect, recorder: MemoryRecorder
) -> None:
    """The record comes first; without it nobody is let in."""
    pop3 = connect()
    pop3.connect()
    recorder.failing = True
    unavailable = b"-ERR [SYS/TEMP] Login is temporarily unavailable; try again later\r\n"
    assert pop3.send(b"AUTH PLAIN AG1hcnkAc2VjcmV0\r\n") == unavailable
    assert pop3.send(b"STAT\r\n") == b"-ERR This command is not allowed in the current state\r\n"
    recorder.failing = False
    assert pop3.send(b"AUTH PLAIN AG1hcnkAc2VjcmV0\r\n").startswith(b"+OK")


@pytest.mark.parametrize(("damaged", "how"), [("cur", "gone"), ("mailauth.lock", "a directory")])
def test_a_login_to_a_store_that_fails_has_one_reason_whatever_the_store_says(
    shared: Authority, recorder: MemoryRecorder, tmp_path: Path, damaged: str, how: str
) -> None:
    """The password was correct, so it is exposed; afterwards the maildrop is free."""
    store = MaildirStore(tmp_path, lambda: 1, welcome)
    store.account("mary@mydomain.com")
    maildrop = Maildrop(store)
    login = session_for(Service.POP3, shared, mechanisms=("PLAIN",), admission=maildrop)
    pop3 = Dialogue(Pop3Server(login, maildrop, tls_available=True), login)
    pop3.connect()
    path, aside = tmp_path / "mary@mydomain.com" / damaged, tmp_path / "aside"
    path.rename(aside)
    if how == "a directory":
        path.mkdir()
    unavailable = b"-ERR [SYS/TEMP] Login is temporarily unavailable; try again later\r\n"
    assert pop3.send(b"AUTH PLAIN AG1hcnkAc2VjcmV0\r\n") == unavailable
    attempt = only(recorder)
    assert attempt.result is Result.UNAVAILABLE
    assert attempt.reason == "mail store unavailable"
    assert attempt.exposed
    if how == "a directory":
        path.rmdir()
    aside.rename(path)
    assert pop3.send(b"AUTH PLAIN AG1hcnkAc2VjcmV0\r\n").startswith(b"+OK")


def test_commands_behind_a_pending_login_keep_their_order(
    connect: Connect, recorder: MemoryRecorder
) -> None:
    """What is pipelined neither overtakes the login nor is lost (RFC 2449 §6.6)."""
    recorder.slow = True
    pop3 = connect()
    pop3.connect()
    assert pop3.send(b"USER mary\r\nPASS secret\r\nSTAT\r\n") == b"+OK Send the password\r\n"
    assert pop3.waiting
    assert pop3.send(b"QUIT\r\n") == b""
    recorder.release()
    assert pop3.output() == b"+OK Logged in, 1 messages (35 octets)\r\n+OK 1 35\r\n+OK Bye\r\n"


def test_a_client_that_leaves_before_its_login_is_done_does_not_keep_the_maildrop(
    connect: Connect, recorder: MemoryRecorder
) -> None:
    recorder.slow = True
    first = connect()
    first.connect()
    first.send(b"AUTH PLAIN AG1hcnkAc2VjcmV0\r\n")
    first.lose()
    recorder.release()
    recorder.slow = False
    second = connect()
    second.connect()
    assert second.send(b"AUTH PLAIN AG1hcnkAc2VjcmV0\r\n").startswith(b"+OK")


def test_blocked_and_disabled_look_like_a_wrong_password(
    connect: Connect, shared: Authority, recorder: MemoryRecorder
) -> None:
    for _ in range(6):
        shared.blocking.failed("192.0.2.7")
    pop3 = connect()
    pop3.connect()
    said = pop3.send(b"AUTH PLAIN AG1hcnkAc2VjcmV0\r\n")
    assert said == b"-ERR [AUTH] Authentication failed\r\n"
    assert only(recorder).result is Result.BLOCKED


def test_every_answer_has_its_words() -> None:
    for answer in Answer:
        if answer is not Answer.SUCCESS:
            assert login_refused(answer).data.startswith(b"-ERR ")
