"""LOGIN and AUTHENTICATE: what is said, and what is recorded (RFC 9051 §6.2, RFC 5530)."""

import base64

import pytest

from mailauth.login.event import Attempt, Result
from mailauth.login.hop import Security
from mailauth.login.policy import Cleartext
from mailauth.testing import Dialogue, MemoryRecorder, play
from tests.imap.conftest import Connect

CAPABILITIES = (
    "CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR ID ENABLE LITERAL- STARTTLS AUTH=PLAIN AUTH=LOGIN"
)


def results(recorder: MemoryRecorder) -> list[Result | None]:
    return [event.result for event in recorder.attempts]


def test_the_greeting_and_capability_say_the_same(imap: Dialogue) -> None:
    """RFC 9051 §7.1: a CAPABILITY code in the greeting saves the client a command."""
    play(
        imap,
        f"""
        S: * OK [{CAPABILITIES}] localhost ready
        C: a CAPABILITY
        S: * {CAPABILITIES}
        S: a OK CAPABILITY completed
        C: b NOOP
        S: b OK NOOP completed
        C: c LOGOUT
        S: * BYE Logging out
        S: c OK LOGOUT completed
        <closed>
    """,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        "mary secret",
        '"mary" "secret"',
        "MARY@mydomain.com secret",
        "{4+}\r\nmary {6+}\r\nsecret",
        '"mary" {6+}\r\nsecret',
    ],
)
def test_login_takes_every_kind_of_string(
    connect: Connect, recorder: MemoryRecorder, arguments: str
) -> None:
    imap = connect()
    imap.connect()
    assert imap.send(f"a LOGIN {arguments}\r\n".encode()).startswith(b"a OK [CAPABILITY ")
    assert [event.user for event in recorder.logins] == ["mary@mydomain.com"]
    assert recorder.logins[0].mechanism == "IMAP-LOGIN"


def test_a_quoted_password_may_hold_quotes_and_backslashes(
    imap: Dialogue, recorder: MemoryRecorder
) -> None:
    r"""RFC 9051 §9: in a quoted string only \" and \\ are escapes."""
    imap.connect()
    assert imap.send(b'a LOGIN "o\\\\dd" "s\\"e\\\\c"\r\n').startswith(b"a OK")
    assert imap.send(b'b LOGIN "o\\dd" "x"\r\n').startswith(b"b BAD")
    assert recorder.logins[0].user == "o\\dd"


def test_a_synchronizing_literal_is_asked_for(imap: Dialogue) -> None:
    play(
        imap,
        """
        S: …
        C: a LOGIN {4}
        S: + OK
        C: mary {6}
        S: + OK
        C: secret
        S: a OK [CAPABILITY …] Logged in
    """,
    )


def test_a_literal_too_large_for_a_login_is_not_asked_for(
    imap: Dialogue, recorder: MemoryRecorder
) -> None:
    play(
        imap,
        """
        S: …
        C: a LOGIN {4097}
        S: a BAD The line is too long
        C: b LOGIN mary {1000000000}
        S: b BAD The line is too long
        C: c LOGIN mary secret
        S: c OK …
    """,
    )
    assert results(recorder) == [Result.MALFORMED, Result.MALFORMED, Result.SUCCESS]


def test_a_non_synchronizing_literal_too_large_is_thrown_away(
    connect: Connect, recorder: MemoryRecorder
) -> None:
    """RFC 7888 §5: more than 4,096 octets are refused, and the command's end is still found."""
    imap = connect()
    imap.connect()
    said = imap.send(b"a LOGIN {4097+}\r\n" + b"\r\nb LOGIN mary secret\r\n".ljust(4097, b"x"))
    assert said == b""
    said = imap.send(b" secret\r\nc LOGIN mary secret\r\n")
    assert said.startswith(b"a BAD The line is too long\r\nc OK ")
    assert results(recorder) == [Result.MALFORMED, Result.SUCCESS]


def test_a_huge_non_synchronizing_literal_ends_the_connection(
    connect: Connect, recorder: MemoryRecorder
) -> None:
    imap = connect()
    imap.connect()
    said = imap.send(b"a LOGIN {99999999+}\r\n")
    assert said.endswith(b"* BYE [TOOBIG] The command cannot be skipped\r\n")
    assert imap.closed
    assert recorder.logins == []


def test_wrong_passwords_and_unknown_names_look_the_same(imap: Dialogue) -> None:
    """RFC 9051 §11.7: a failure does not say what was wrong."""
    play(
        imap,
        """
        S: …
        C: a LOGIN mary wrong
        S: a NO [AUTHENTICATIONFAILED] Authentication failed
        C: b LOGIN nobody secret
        S: b NO [AUTHENTICATIONFAILED] Authentication failed
        C: c AUTHENTICATE PLAIN b64(\0mary\0wrong)
        S: c NO [AUTHENTICATIONFAILED] Authentication failed
    """,
    )


@pytest.mark.parametrize("arguments", ["", " mary", ' mary "secret', " mary secret more", " (a) b"])
def test_a_login_that_is_none_is_malformed(
    connect: Connect, recorder: MemoryRecorder, arguments: str
) -> None:
    imap = connect()
    imap.connect()
    said = imap.send(f"a LOGIN{arguments}\r\n".encode())
    assert said == b"a BAD Malformed authentication exchange\r\n"
    assert results(recorder) == [Result.MALFORMED]
    assert "secret" not in str(recorder.events)


def test_authenticate_with_a_challenge(imap: Dialogue, recorder: MemoryRecorder) -> None:
    play(
        imap,
        """
        S: …
        C: a AUTHENTICATE PLAIN
        S: +\x20
        C: b64(\0mary\0secret)
        S: a OK [CAPABILITY …] Logged in
    """,
    )
    assert recorder.logins[0].mechanism == "PLAIN"


def test_authenticate_with_an_initial_response(imap: Dialogue) -> None:
    """RFC 4959."""
    play(
        imap,
        """
        S: …
        C: a authenticate plain b64(\0mary\0secret)
        S: a OK [CAPABILITY …] Logged in
    """,
    )


def test_an_equals_sign_is_the_empty_initial_response(
    imap: Dialogue, recorder: MemoryRecorder
) -> None:
    """RFC 4959 §3: it is a response, and not one to be challenged for."""
    play(
        imap,
        """
        S: …
        C: a AUTHENTICATE PLAIN =
        S: a BAD Malformed authentication exchange
        C: b AUTHENTICATE LOGIN bWFyeQ==
        S: + UGFzc3dvcmQ6
        C: c2VjcmV0
        S: b OK …
    """,
    )
    assert results(recorder) == [Result.MALFORMED, Result.SUCCESS]


def test_an_exchange_can_be_cancelled(imap: Dialogue, recorder: MemoryRecorder) -> None:
    """RFC 9051 §6.2.2: a single * cancels, and the answer is BAD."""
    play(
        imap,
        """
        S: …
        C: a AUTHENTICATE LOGIN
        S: + VXNlcm5hbWU6
        C: *
        S: a BAD Login cancelled
        C: b NOOP
        S: b OK NOOP completed
    """,
    )
    assert results(recorder) == [Result.CANCELLED]


def test_what_is_no_base64_is_malformed(imap: Dialogue, recorder: MemoryRecorder) -> None:
    play(
        imap,
        """
        S: …
        C: a AUTHENTICATE PLAIN
        S: +\x20
        C: not base64!
        S: a BAD Malformed authentication exchange
        C: b AUTHENTICATE PLAIN AG1hcnk
        S: b BAD Malformed authentication exchange
        C: c NOOP
        S: c OK NOOP completed
    """,
    )
    assert results(recorder) == [Result.MALFORMED, Result.MALFORMED]


def test_a_mechanism_that_is_not_offered(imap: Dialogue, recorder: MemoryRecorder) -> None:
    play(
        imap,
        """
        S: …
        C: a AUTHENTICATE GSSAPI
        S: a NO [CANNOT] This mechanism is not offered
    """,
    )
    assert results(recorder) == [Result.MECHANISM_UNKNOWN]


def test_acting_for_another_account_is_denied(imap: Dialogue, recorder: MemoryRecorder) -> None:
    play(
        imap,
        """
        S: …
        C: a AUTHENTICATE PLAIN b64(sue\0mary\0secret)
        S: a NO [AUTHORIZATIONFAILED] You are not authorized to act for this user
    """,
    )
    assert results(recorder) == [Result.DENIED]


def test_a_second_login_is_refused_and_still_looked_at(
    imap: Dialogue, recorder: MemoryRecorder
) -> None:
    """A password that crosses in the clear is exposed, whatever becomes of the login."""
    play(
        imap,
        """
        S: …
        C: a LOGIN mary secret
        S: a OK …
        C: b LOGIN sue secret
        S: b BAD Already logged in
        C: c AUTHENTICATE PLAIN b64(\0sue\0secret)
        S: c BAD Already logged in
        C: d STARTTLS
        S: d BAD Already logged in
    """,
    )
    assert results(recorder) == [Result.SUCCESS, Result.MALFORMED, Result.MALFORMED]
    assert [event.exposed for event in recorder.attempts] == [True, True, True]
    assert recorder.attempts[1].reason == "already authenticated"


def test_an_authentication_line_too_long(imap: Dialogue, recorder: MemoryRecorder) -> None:
    """RFC 4954 §4 bounds a response to 12,288 octets; the connection goes on behind it."""
    imap.connect()
    imap.send(b"a AUTHENTICATE PLAIN\r\n")
    send = imap.send_byte_by_byte if imap.segments.value == "byte by byte" else imap.send
    assert send(b"A" * 12_291 + b"\r\n") == b"a BAD The line is too long\r\n"
    assert send(b"b AUTHENTICATE PLAIN " + b"A" * 20_000) == b"b BAD The line is too long\r\n"
    assert send(b"\r\nc NOOP\r\n") == b"c OK NOOP completed\r\n"
    assert results(recorder) == [Result.MALFORMED, Result.MALFORMED]
    assert {event.reason for event in recorder.attempts} == {"line too long"}
    assert {event.mechanism for event in recorder.attempts} == {"PLAIN"}


def test_a_response_of_12288_octets_is_not_too_long(
    connect: Connect, recorder: MemoryRecorder
) -> None:
    imap = connect()
    imap.connect()
    imap.send(b"a AUTHENTICATE PLAIN\r\n")
    response = base64.b64encode(b"\0mary\0" + b"x" * 9210)
    assert len(response) == 12_288
    assert imap.send(response + b"\r\n").startswith(b"a NO [AUTHENTICATIONFAILED]")
    assert results(recorder) == [Result.BAD_CREDENTIALS]


def test_cleartext_logins_can_be_refused(connect: Connect, recorder: MemoryRecorder) -> None:
    """RFC 9051 §6.2.3: LOGINDISABLED is announced, and nothing is asked for."""
    play(
        connect(cleartext=Cleartext.REFUSE),
        """
        S: * OK [CAPABILITY … LITERAL- STARTTLS LOGINDISABLED] localhost ready
        C: a LOGIN mary secret
        S: a NO [PRIVACYREQUIRED] TLS is required to log in
        C: b AUTHENTICATE PLAIN
        S: b NO [PRIVACYREQUIRED] TLS is required to log in
        C: c AUTHENTICATE PLAIN b64(\0mary\0secret)
        S: c NO [PRIVACYREQUIRED] TLS is required to log in
        C: d STARTTLS
        S: d OK Begin TLS negotiation now
        <tls>
        C: e LOGIN mary secret
        S: e OK …
    """,
    )
    assert results(recorder) == [Result.CLEARTEXT_REFUSED] * 3 + [Result.SUCCESS]
    assert [event.exposed for event in recorder.attempts] == [True, False, True, False]
    assert recorder.logins[0].security is Security.STARTTLS


def test_a_response_sent_although_it_was_refused_is_looked_at(
    connect: Connect, recorder: MemoryRecorder
) -> None:
    """Some clients pipeline the response behind AUTHENTICATE: the password is exposed."""
    play(
        connect(cleartext=Cleartext.REFUSE),
        """
        S: …
        C: a AUTHENTICATE PLAIN
        C: b64(\0mary\0secret)
        S: a NO [PRIVACYREQUIRED] TLS is required to log in
        S: * BAD A command must begin with a tag and a space
    """,
    )
    assert [event.exposed for event in recorder.attempts] == [False, True]


def test_commands_behind_a_pending_login_wait_for_it(
    connect: Connect, recorder: MemoryRecorder
) -> None:
    """They neither overtake the login nor are lost."""
    imap = connect()
    imap.connect()
    recorder.slow = True
    assert imap.send(b"a LOGIN mary secret\r\nb NOOP\r\nc LOG") == b""
    assert imap.send(b"OUT\r\n") == b""
    recorder.release()
    said = imap.output().split(b"\r\n")
    assert [line[:4] for line in said] == [b"a OK", b"b OK", b"* BY", b"c OK", b""]


def test_a_login_that_cannot_be_recorded_is_unavailable(
    imap: Dialogue, recorder: MemoryRecorder
) -> None:
    recorder.failing = True
    play(
        imap,
        """
        S: …
        C: a LOGIN mary secret
        S: a NO [UNAVAILABLE] Login is temporarily unavailable; try again later
    """,
    )


def test_ten_failures_end_the_connection(imap: Dialogue, recorder: MemoryRecorder) -> None:
    imap.connect()
    for number in range(9):
        assert b" NO " in imap.send(b"a%d LOGIN mary wrong\r\n" % number)
    assert imap.send(b"z LOGIN mary wrong\r\ny LOGIN mary secret\r\n") == (
        b"z NO [AUTHENTICATIONFAILED] Authentication failed\r\n* BYE Too many failed logins\r\n"
    )
    assert imap.closed
    assert recorder.logins == []


def test_a_bug_of_ours_is_owned_up_to(
    connect: Connect, recorder: MemoryRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 5530 §3: SERVERBUG; with a command in progress, that is answered."""
    imap = connect()
    imap.connect()

    def broken(attempt: Attempt) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(recorder, "record", broken)
        with pytest.raises(ZeroDivisionError):
            imap.send(b"a LOGIN mary secret\r\n")
    assert imap.fail() == (
        b"a NO [SERVERBUG] Internal server error\r\n* BYE [SERVERBUG] Internal server error\r\n"
    )
    assert imap.closed
    assert results(recorder) == [Result.UNAVAILABLE]
