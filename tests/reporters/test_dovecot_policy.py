"""What Dovecot's reports become: each of these is one that Debian's Dovecot 2.3.19 has sent."""

import time
from typing import Any

import msgspec
import pytest

from mailauth.login.event import Attempt, Kind, Result, Service
from mailauth.login.hop import Security
from mailauth.reporters.dovecot_policy import MalformedReport, attempt_of, report_of
from mailauth.reporters.verdict import Ports

PORTS = Ports(frozenset({993}), frozenset({143}))
REPORT: dict[str, Any] = {
    "device_id": "",
    "login": "bob@example.com",
    "lport": "143",
    "mech": "PLAIN",
    "original": "BOB@example.com",
    "protocol": "imap",
    "remote": "203.0.113.7",
    "rport": "36612",
    "session_id": "KoQWGw5hBI9/AAAB",
    "success": True,
    "policy_reject": False,
    "tls": False,
}


def attempt(**told: Any) -> Attempt:
    """Judge a report that differs in this."""
    found = attempt_of(report_of(msgspec.json.encode(REPORT | told)), "dovecot", PORTS)
    assert found is not None
    return found


def test_a_login_in_the_clear() -> None:
    found = attempt()
    assert (found.kind, found.result, found.reason) == (Kind.LOGIN, Result.SUCCESS, None)
    assert (found.user, found.authcid) == ("bob@example.com", "BOB@example.com")
    assert (found.mechanism, found.exposed, found.source) == ("PLAIN", True, "dovecot-policy")
    connection = found.connection
    assert (connection.protocol, connection.listener) == (Service.IMAP, "dovecot")
    assert (connection.secure, connection.security) == (False, Security.CLEARTEXT)
    assert (connection.ip, connection.port, connection.local_port) == ("203.0.113.7", 36612, 143)
    assert connection.session == "KoQWGw5hBI9/AAAB"


@pytest.mark.parametrize(
    ("told", "security", "exposed"),
    [
        ({"tls": True}, Security.STARTTLS, False),
        ({"tls": True, "lport": "993"}, Security.IMPLICIT, False),
        ({"tls": True, "lport": 2143}, Security.TLS, False),
        ({"tls": True, "success": False}, Security.STARTTLS, False),
        ({"success": False}, Security.CLEARTEXT, None),
        ({"mech": "CRAM-MD5"}, Security.CLEARTEXT, False),
        ({"mech": ""}, Security.CLEARTEXT, None),
        ({"mech": "CRAM-MD5", "success": False}, Security.CLEARTEXT, False),
        ({"protocol": "submission", "mech": "LOGIN"}, Security.CLEARTEXT, True),
        ({"protocol": "smtp", "lport": "0", "rport": "0", "session_id": ""}, None, None),
    ],
)
def test_the_verdict_and_the_exposure(
    told: dict[str, Any], security: Security | None, exposed: bool | None
) -> None:
    found = attempt(**told)
    assert found.connection.security == security
    expected = None if security is None else security is not Security.CLEARTEXT
    assert found.connection.secure is expected
    assert found.exposed is exposed


def test_a_report_without_tls_is_unknown() -> None:
    without = {key: value for key, value in REPORT.items() if key != "tls"}
    found = attempt_of(report_of(msgspec.json.encode(without)), "dovecot", PORTS)
    assert found is not None
    assert (found.connection.secure, found.connection.security) == (None, None)


@pytest.mark.parametrize(
    ("told", "result", "reason"),
    [
        ({}, Result.BAD_CREDENTIALS, "authentication failed"),
        ({"fail_type": "account"}, Result.BAD_CREDENTIALS, "unknown account"),
        ({"fail_type": "credentials"}, Result.BAD_CREDENTIALS, "wrong credentials"),
        ({"fail_type": "disabled"}, Result.DISABLED, "account disabled"),
        ({"fail_type": "expired"}, Result.DENIED, "password expired"),
        ({"fail_type": "internal"}, Result.UNAVAILABLE, "internal failure"),
        ({"fail_type": "policy"}, Result.DENIED, "refused by a policy"),
        ({"fail_type": "something new"}, Result.BAD_CREDENTIALS, "authentication failed"),
        ({"policy_reject": True}, Result.DENIED, "refused by a policy"),
    ],
)
def test_a_failure_has_a_result_and_a_reason(
    told: dict[str, Any], result: Result, reason: str
) -> None:
    found = attempt(success=False, **told)
    assert (found.result, found.reason) == (result, reason)


def test_a_name_that_dovecot_does_not_accept_is_what_the_client_sent() -> None:
    found = attempt(login="", original='no"body\r\n', success=False)
    assert (found.user, found.authcid) == (None, 'no"body\r\n')


def test_a_master_user_logs_in_to_an_account_of_another() -> None:
    found = attempt(login="bob@example.com", original="boss")
    assert (found.user, found.authcid) == ("bob@example.com", "boss")


@pytest.mark.parametrize(
    ("device_id", "name", "version"),
    [
        (r'"name" "Thun\"der" "version" "115, x=y"', 'Thun"der', "115, x=y"),
        ('"NAME" "Mail" "version" NIL', "Mail", None),
        ('"vendor" "x" "name"', None, None),
        ('"name" "cut of', "cut of", None),
        ("nonsense", None, None),
    ],
)
def test_the_client_is_known_by_its_id(
    device_id: str, name: str | None, version: str | None
) -> None:
    found = attempt(device_id=device_id)
    assert (found.client_name, found.client_version) == (name, version)


@pytest.mark.parametrize("said", ["", "0", "65536", "-1", "x", "1" * 5_000])
def test_what_is_not_a_port_is_none(said: str) -> None:
    assert attempt(rport=said, lport=said).connection.port is None


@pytest.mark.parametrize("said", ["", "localhost", "1.2.3", "<script>"])
def test_what_is_not_an_address_is_none(said: str) -> None:
    assert attempt(remote=said).connection.ip is None


def test_a_mapped_address_is_one_of_ipv4() -> None:
    assert attempt(remote="::ffff:203.0.113.7").connection.ip == "203.0.113.7"


def test_other_services_are_not_recorded() -> None:
    assert (
        attempt_of(report_of(msgspec.json.encode(REPORT | {"protocol": "sieve"})), "d", PORTS)
        is None
    )


def test_the_hash_of_the_password_and_unknown_keys_are_passed_over() -> None:
    found = attempt(pwhash="CANARY", fail=[{"deep": "CANARY"}])
    assert found == attempt()
    assert "CANARY" not in repr(report_of(msgspec.json.encode(REPORT | {"pwhash": "CANARY"})))


def test_a_name_that_is_not_utf8_does_not_keep_a_login_from_being_recorded() -> None:
    content = msgspec.json.encode(REPORT).replace(b"BOB", b"B\xff\xc3B")
    found = attempt_of(report_of(content), "dovecot", PORTS)
    assert found is not None
    assert found.authcid == "B\ufffd\ufffdB@example.com"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"success": 1, "protocol": "imap"}',
        b'{"success": true, "protocol": null}',
        b'{"success": true, "protocol": "imap", "tls": "yes"}',
        b'{"success": true, "protocol": "imap", "login": "\\ud800"}',
        b'{"x": ' + b"[" * 16_000,
        b"\xff\xfe",
    ],
)
def test_what_is_not_a_report_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedReport):
        report_of(content)


@pytest.mark.parametrize("text", ['"' * 16_000, '\\"' * 8_000, '"\\' * 8_000, "\u0001" * 2_700])
def test_the_longest_texts_cost_little_time_and_room(text: str) -> None:
    begun = time.process_time()
    found = attempt(device_id=text, login=text, original=text, session_id=text, mech=text)
    assert time.process_time() - begun < 0.1
    assert len(msgspec.json.encode(found)) < 4_000
