"""Lines of Dovecot 2.0 to 2.2, and of a file that Dovecot writes itself (`log_path`)."""

import pytest

from tests.report.foreign.test_truth import records

SYSLOG = "Nov 24 15:38:42 mail dovecot: "
FROM = "rip=192.0.2.10, lip=192.0.2.1"
BOB = f"user=<bob>, method=PLAIN, {FROM}"
OK, BAD, REFUSED = "success", "bad-credentials", "cleartext-refused"


@pytest.mark.parametrize(
    ("said", "result", "security", "count"),
    [
        (f"Login: {BOB}, mpid=1, TLS", OK, "tls", None),
        (f"Login: {BOB}, TLS", OK, "tls", None),
        (f"Login: {BOB}, mpid=1, TLS: Disconnected", OK, "tls", None),
        (f"Login: {BOB}, mpid=1, TSL", OK, "tls", None),
        (f"Login: {BOB}, mpid=1, secured", OK, "cleartext", None),
        (f"Login: {BOB}, mpid=1", OK, "cleartext", None),
        (f"proxy(bob): started proxying to 10.0.0.1:143: {BOB}, TLS", OK, "tls", None),
        (f"Aborted login (auth failed, 2 attempts): {BOB}", BAD, "cleartext", 2),
        (f"Disconnected (auth failed, 1 attempts in 8 secs): {BOB}, TLS", BAD, "tls", None),
        (
            f"Disconnected (tried to use disallowed plaintext auth): user=<>, {FROM}",
            REFUSED,
            "cleartext",
            None,
        ),
        (
            f"Aborted login (tried to use disabled plaintext auth): user=<>, {FROM}",
            REFUSED,
            "cleartext",
            None,
        ),
        (
            f"Disconnected (tried to use disabled plaintext auth): {FROM}",
            REFUSED,
            "cleartext",
            None,
        ),
        (f"Aborted login (no auth attempts): {FROM}", None, "cleartext", None),
    ],
)
@pytest.mark.parametrize("before", ["imap-login: ", "pop3-login: "])
def test_older_forms_are_read(
    before: str, said: str, result: str | None, security: str, count: int | None
) -> None:
    [record] = records(f"{SYSLOG}{before}{said}".encode())
    assert (record.result, record.security, record.count) == (result, security, count)
    assert (record.kind == "login") is (result is not None)
    assert record.ip == "192.0.2.10"
    assert record.user == ("bob" if "user=<bob>" in said else None)


@pytest.mark.parametrize(
    "line",
    [
        f"Aborted login (tried to use disabled plaintext auth): {FROM}, TLS",
        "Aborted login (auth failed, 1 attempts): rip=9.9.9.9, user=<x>: rip=192.0.2.10, TLS",
    ],
)
def test_a_line_without_an_account_makes_no_login(line: str) -> None:
    assert all(record.result != OK for record in records(f"{SYSLOG}imap-login: {line}".encode()))


@pytest.mark.parametrize("stamp", ["Nov 24 15:38:42", "2026-11-24 15:38:42"])
@pytest.mark.parametrize("process", ["imap-login: Info: ", "dovecot: imap-login: Info: "])
def test_a_file_that_dovecot_writes_itself_is_read(stamp: str, process: str) -> None:
    lines = [f"Login: {BOB}, mpid=1, TLS", f"Login: {BOB}, mpid=2", f"Aborted login: {BOB}"]
    text = "".join(f"{stamp} {process}{said}\n" for said in lines)
    found = records(f"{stamp} master: Info: Dovecot v2.2.36 starting up\n{text}".encode())
    assert [(record.user, record.secure) for record in found] == [("bob", True), ("bob", False)]
    assert {record.at.isoformat()[:19] for record in found} == {"2026-11-24T15:38:42"}
