"""Lines of real servers that a reader once did not understand, or only in part."""

from datetime import UTC, datetime

import pytest

from mailauth.origin import UNKNOWN
from mailauth.report.foreign.reading import ForeignLog
from mailauth.report.foreign.records import Record


def read(text: str) -> list[Record]:
    modified = datetime(2026, 11, 25, tzinfo=UTC)
    log = ForeignLog(zone=UTC, modified=modified, origin=lambda _: UNKNOWN)
    return [*log.read(text), *log.finish()]


@pytest.mark.parametrize(
    ("said", "user"),
    [
        ("(bob@example.com) [authentication failure]", "bob@example.com"),
        ("(-notset-) [user not found]", None),
    ],
)
def test_a_failed_sasl_login_to_the_pop3_of_cyrus_is_one(said: str, user: str | None) -> None:
    """Cyrus 3.6.1: IMAP says `[SASL(-13): …]`, POP3 only why."""
    [record] = read(f"Nov 24 23:31:50 mail cyrus/pop3[99]: badlogin: [198.51.100.43] PLAIN {said}")
    assert (record.result, record.protocol, record.user) == ("bad-credentials", "POP3", user)


def test_logins_that_dovecot_refused_in_one_session_are_all_counted() -> None:
    """Dovecot 2.3.19, `ssl = required`."""
    [record] = read(
        "Nov 24 23:10:30 mail dovecot: imap-login: Disconnected: Aborted login by logging out "
        "(auth failed, 2 attempts in 0 secs): user=<bob@example.com>, rip=198.51.100.14, "
        "lip=192.0.2.1, lport=143, session=<V0YP0Q1hm+TGM2QO>"
    )
    assert (record.result, record.count) == ("cleartext-refused", 2)


def test_logins_that_postfix_refused_in_one_session_are_all_counted() -> None:
    """Postfix 3.7.11, `smtpd_tls_auth_only = yes`."""
    [record] = read(
        "Nov 24 23:36:27 mail postfix/smtpd[177]: connect from unknown[198.51.100.10]:38909\n"
        "Nov 24 23:36:27 mail postfix/smtpd[177]: disconnect from unknown[198.51.100.10]:38909 "
        "ehlo=1 auth=0/2 quit=1 commands=2/4"
    )
    assert (record.result, record.count, record.port) == ("cleartext-refused", 2, 38909)


@pytest.mark.parametrize(
    ("daemon", "security"), [("MTA", "starttls"), ("TLSMTA", "implicit"), ("Wrapped", "tls")]
)
def test_how_tls_began_is_told_by_a_daemon_whose_name_says_so(daemon: str, security: str) -> None:
    """sendmail 8.17.1: a daemon with M=s logs STARTTLS=server too, and its name is free text."""
    [record] = read(
        "Nov 24 23:37:10 mail sm-mta[61]: STARTTLS=server, relay=[198.51.100.46], "
        "version=TLSv1.3, verify=NO, cipher=TLS_AES_256_GCM_SHA384, bits=256/256\n"
        "Nov 24 23:37:10 mail sm-mta[61]: AUTH=server, relay=[198.51.100.46], "
        "authid=bob@example.com, mech=PLAIN, bits=0\n"
        "Nov 24 23:37:10 mail sm-mta[61]: 6AONbA93000061: [198.51.100.46] did not issue "
        f"MAIL/EXPN/VRFY/ETRN during connection to {daemon}"
    )
    assert (record.secure, record.security) == (True, security)


def test_an_event_of_dovecot_adds_to_the_line_of_its_session_and_is_no_login_by_itself() -> None:
    """Dovecot 2.3.19: a failure's event has an `error`."""
    session = "N8cYhgdh8anAAAIK"
    event = (
        'Nov 24 15:40:04 mail dovecot: stats: {"event":"auth_client_request_finished","fields":'
        '{"error":"Authentication failed","mechanism":"PLAIN","service":"imap","transport":"TLS",'
        f'"session":"{session}","local_port":143,"user":"bob@example.com"}}}}\n'
    )
    line = (
        "Nov 24 15:40:04 mail dovecot: imap-login: {}: user=<bob@example.com>, method=PLAIN, "
        f"rip=192.0.2.10, lip=192.0.2.1, session=<{session}>\n"
    )
    failed = line.format("Disconnected: Connection closed (auth failed, 1 attempts in 2 secs)")
    assert read(event) == read(event.replace('"error":"Authentication failed",', "")) == []
    [record] = read(event + failed)
    assert (record.result, record.security, record.local_port) == (
        "bad-credentials",
        "starttls",
        143,
    )
    [record] = read(event.replace('"TLS"', '"insecure"') + line.format("Login"))
    assert (record.result, record.security) == ("success", "cleartext")
    [record] = read(event.replace(session, "another") + line.format("Login"))
    assert (record.result, record.secure) == ("success", None)
