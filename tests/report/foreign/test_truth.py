"""Genuine logs of other servers, made by logins of a known kind: what is read is what was done.

The tables are of what the driver did and of what the server can tell of it: `bob@example.com` with
the right password or a wrong one, in the clear, after STARTTLS or inside TLS, from 192.0.2.10,
2001:db8::10 or the server's own host (192.0.2.1).
"""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailauth.origin import UNKNOWN
from mailauth.report.foreign.reading import ForeignLog
from mailauth.report.foreign.records import Record

LOGS = Path(__file__).parent / "logs"

# protocol, result, security, exposed: how many
Truth = dict[tuple[str, str | None, str | None, bool | None], int]

OK, BAD, REFUSED = "success", "bad-credentials", "cleartext-refused"

DOVECOT_2_3: Truth = {
    ("IMAP", OK, "cleartext", True): 5,  # two of them from the same host: "secured" is not TLS
    ("IMAP", OK, "tls", False): 4,
    ("IMAP", BAD, "cleartext", None): 4,
    ("IMAP", BAD, "tls", False): 4,
    ("POP3", OK, "cleartext", True): 1,
    ("POP3", OK, "tls", False): 2,
    ("POP3", BAD, "cleartext", None): 1,
    ("POP3", BAD, "tls", False): 2,
    ("SMTP", OK, "cleartext", True): 2,
    ("SMTP", OK, "tls", False): 2,
    ("SMTP", BAD, "cleartext", None): 2,
    ("SMTP", BAD, "tls", False): 4,  # one session of three attempts
}
DOVECOT_2_4: Truth = {
    ("IMAP", OK, "cleartext", True): 4,
    ("IMAP", OK, "tls", False): 4,
    ("IMAP", BAD, "cleartext", None): 2,
    ("IMAP", BAD, "tls", False): 3,
    ("POP3", OK, "cleartext", True): 1,
    ("POP3", OK, "tls", False): 2,
    ("POP3", BAD, "cleartext", None): 1,
    ("POP3", BAD, "tls", False): 2,
    ("SMTP", OK, "cleartext", True): 2,
    ("SMTP", OK, "tls", False): 2,
}
POSTFIX: Truth = {
    ("SMTP", OK, "cleartext", True): 2,
    ("SMTP", OK, "cleartext", None): 2,  # without a mail no mechanism is logged
    ("SMTP", OK, "starttls", False): 4,
    ("SMTP", OK, "implicit", False): 2,
    ("SMTP", BAD, "cleartext", None): 4,
    ("SMTP", BAD, "starttls", False): 8,
    ("SMTP", BAD, "implicit", False): 6,
}
TRUTHS: dict[str, Truth] = {
    "dovecot-2.3.19-default.log": DOVECOT_2_3,
    "dovecot-2.3.19-elements-idlog-events.log": {
        ("IMAP", REFUSED, "cleartext", None): 4,
        ("IMAP", OK, "starttls", False): 1,
        ("IMAP", BAD, "starttls", False): 1,
        ("IMAP", OK, "implicit", False): 2,
        ("IMAP", BAD, "implicit", False): 2,
    },
    "dovecot-2.4.1-default.log": DOVECOT_2_4,
    "dovecot-2.4.1-elements-events.log": {
        ("IMAP", REFUSED, "cleartext", None): 4,
        ("IMAP", OK, "starttls", False): 1,
        ("IMAP", BAD, "starttls", False): 1,
    },
    "postfix-3.7.11-loglevel0.log": POSTFIX,
    "postfix-3.7.11-loglevel1-ipv6-authonly.log": {
        ("SMTP", OK, "cleartext", True): 2,
        ("SMTP", OK, "cleartext", None): 2,
        ("SMTP", OK, "starttls", False): 6,
        ("SMTP", OK, "implicit", False): 2,
        ("SMTP", REFUSED, "cleartext", None): 3,
    },
    "exim-4.96-default.log": {  # of logins only those that sent a mail
        ("SMTP", OK, "cleartext", True): 2,
        ("SMTP", OK, "tls", False): 3,
        ("SMTP", BAD, None, None): 14,
    },
    "exim-4.96-default.rejectlog": {("SMTP", BAD, None, None): 14},
    "exim-4.96-selectors.log": {
        ("SMTP", REFUSED, "cleartext", None): 4,
        ("SMTP", OK, "starttls", False): 4,
        ("SMTP", OK, "implicit", False): 2,
    },
    "cyrus-3.6.log": {
        ("IMAP", OK, "cleartext", True): 2,
        ("IMAP", OK, "starttls", False): 1,
        ("IMAP", OK, "implicit", False): 2,
        ("IMAP", BAD, "cleartext", None): 2,
        ("IMAP", BAD, "starttls", False): 1,
        ("IMAP", BAD, "implicit", False): 2,
        ("POP3", OK, "cleartext", True): 1,
        ("POP3", OK, "starttls", False): 1,
        ("POP3", OK, "implicit", False): 1,
        ("POP3", BAD, "cleartext", None): 1,
        ("POP3", BAD, "starttls", False): 1,
        ("POP3", BAD, "implicit", False): 1,
    },
    "sendmail-8.17.log": {
        ("SMTP", OK, "cleartext", True): 4,
        ("SMTP", OK, "starttls", False): 4,
        ("SMTP", OK, "implicit", False): 2,
        ("SMTP", BAD, "cleartext", None): 4,
        ("SMTP", BAD, "starttls", False): 8,
        ("SMTP", BAD, "implicit", False): 6,
    },
    "courier-imap-5.0.13-logins.log": {  # no mechanism is logged: exposed is not known
        ("IMAP", OK, "cleartext", None): 2,
        ("IMAP", OK, "starttls", False): 1,
        ("IMAP", OK, "implicit", False): 2,
        ("POP3", OK, "cleartext", None): 1,
        ("POP3", OK, "starttls", False): 1,
        ("POP3", OK, "implicit", False): 1,
    },
    "courier-imap-5.0.13-failures.log": {
        ("IMAP", BAD, None, None): 3,
        ("IMAP", BAD, "implicit", False): 2,
        ("POP3", BAD, None, None): 2,
        ("POP3", BAD, "implicit", False): 1,
    },
    "courier-imap-5.2.11-pop3.log": {
        ("POP3", OK, "cleartext", None): 1,
        ("POP3", OK, "starttls", False): 1,
        ("POP3", OK, "implicit", False): 1,
    },
    "nginx-mail-1.22.log": {
        ("POP3", OK, "cleartext", None): 1,
        ("POP3", OK, "starttls", False): 1,
        ("POP3", BAD, "cleartext", None): 1,
        ("POP3", BAD, "starttls", False): 1,
        ("SMTP", OK, "cleartext", None): 2,
        ("SMTP", OK, "starttls", False): 2,
        ("SMTP", OK, "implicit", False): 2,
        ("SMTP", BAD, "cleartext", None): 2,
        ("SMTP", BAD, "starttls", False): 2,
        ("SMTP", BAD, "implicit", False): 2,
    },
    "opensmtpd-6.8-cleartext-refused.log": {("SMTP", REFUSED, "cleartext", None): 8},
    "opensmtpd-7.6.log": {
        ("SMTP", REFUSED, "cleartext", None): 8,
        ("SMTP", OK, "tls", False): 6,
        ("SMTP", BAD, "tls", False): 10,
    },
}


def records(text: bytes) -> list[Record]:
    """Read a log of 24 November 2026."""
    log = ForeignLog(
        zone=UTC,
        modified=datetime(2026, 11, 24, 18, tzinfo=UTC),
        origin=lambda _: UNKNOWN,
        sign_seen=frozenset({"dovecot"}),
    )
    return [*log.read(text.decode()), *log.finish()]


def test_every_log_has_its_truth() -> None:
    assert {path.name for path in LOGS.iterdir()} == TRUTHS.keys()


@pytest.mark.parametrize("name", TRUTHS)
def test_what_is_read_is_what_was_done(name: str) -> None:
    found: Counter[tuple[str, str | None, str | None, bool | None]] = Counter()
    for record in records((LOGS / name).read_bytes()):
        if record.kind == "login":
            key = (record.protocol, record.result, record.security, record.exposed)
            found[key] += record.count or 1
            assert record.secure == (
                None if record.security is None else record.security != "cleartext"
            )
            assert record.user in (None, "bob@example.com")
            assert record.ip in ("192.0.2.10", "192.0.2.1", "2001:db8::10")
            assert (record.at.year, record.at.month, record.at.day) == (2026, 11, 24)
    assert dict(found) == TRUTHS[name]


@pytest.mark.parametrize("name", TRUTHS)
def test_reading_twice_makes_the_same_records(name: str) -> None:
    text = (LOGS / name).read_bytes()
    ids = [record.id for record in records(text)]
    assert ids == [record.id for record in records(text)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", TRUTHS)
def test_no_record_holds_the_password(name: str) -> None:
    """Some servers write it in base64 (`\\0bob@example.com\\0secret`)."""
    for record in records((LOGS / name).read_bytes()):
        for value in (getattr(record, field) for field in record.__struct_fields__):
            assert "secret" not in str(value)
            assert "c2VjcmV0" not in str(value)
            assert "AGJvYkBleGFtcGxlLmNvbQBzZWNyZXQ" not in str(value)
