"""The reasons of connections that ended: readers of the record depend on each text."""

import pytest

from mailauth.login.ended import Ended, Ending, cause_of, with_bytes

ENDINGS = [
    (Ending(Ended.NO_ATTEMPT), "no-attempt"),
    (Ending(Ended.NO_ATTEMPT, "CAPABILITY, LOGOUT"), "no-attempt (CAPABILITY, LOGOUT)"),
    (Ending(Ended.TIMEOUT), "timeout"),
    (
        Ending(Ended.TIMEOUT, "still waiting for the TLS handshake"),
        "timeout: still waiting for the TLS handshake",
    ),
    (
        Ending(Ended.PROXY_HEADER_MALFORMED, "version 1: not the form of a header"),
        "proxy-header-malformed: version 1: not the form of a header",
    ),
    (Ending(Ended.TLS_ON_CLEARTEXT_PORT), "tls-on-cleartext-port"),
    (Ending(Ended.CLEARTEXT_ON_TLS_PORT), "cleartext-on-tls-port"),
    (Ending(Ended.CLEARTEXT_IN_HANDSHAKE), "cleartext-in-handshake"),
    (with_bytes(Ended.CLEARTEXT_IN_HANDSHAKE, 7), "cleartext-in-handshake (7 bytes)"),
    (
        Ending(Ended.TLS_HANDSHAKE_FAILED, "tlsv1 alert unknown ca"),
        "tls-handshake-failed: tlsv1 alert unknown ca",
    ),
    (Ending(Ended.TLS_FAILED, "bad record type (23)"), "tls-failed: bad record type (23)"),
    (with_bytes(Ended.PIPELINED_BEHIND_STARTTLS, 19), "pipelined-behind-starttls (19 bytes)"),
    (Ending(Ended.HTTP_ON_SMTP_PORT), "http-on-smtp-port"),
    (Ending(Ended.HTTP_ON_IMAP_PORT), "http-on-imap-port"),
    (Ending(Ended.HTTP_ON_POP3_PORT), "http-on-pop3-port"),
    (Ending(Ended.LINE_TOO_LONG), "line-too-long"),
    (Ending(Ended.MALFORMED_REQUEST), "malformed-request"),
    (
        Ending(Ended.WENT_ON_BEHIND_PREAUTH, "SELECT"),
        "went on in the clear behind PREAUTH: SELECT",
    ),
    (
        Ending(Ended.TOOK_A_CLEARTEXT_REPLY),
        "took a reply sent in the clear for an answer inside TLS",
    ),
    (Ending(Ended.REPEATED), "repeated"),
]


@pytest.mark.parametrize(("ending", "reason"), ENDINGS)
def test_the_record_says_in_these_words_how_a_connection_ended(ending: Ending, reason: str) -> None:
    assert ending.reason == reason
    assert cause_of(reason) is ending.cause


def test_every_cause_has_its_text() -> None:
    assert {ending.cause for ending, _ in ENDINGS} == set(Ended)


@pytest.mark.parametrize("reason", [None, "", "made-up", "no-attempts", "timeouts: at all"])
def test_what_is_not_known_has_no_cause(reason: str | None) -> None:
    assert cause_of(reason) is None
