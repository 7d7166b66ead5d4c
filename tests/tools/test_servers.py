"""`scripts/servers` calls true only what is true, and does what docs/servers/ says."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from mailauth.login.event import Service
from mailauth.report.foreign.verdict import Wire
from tools.servers.all import SERVERS
from tools.servers.comparison import Outcome, Record, compare, leaked
from tools.servers.notes import Answer, Note, Way
from tools.servers.pages import BETTER, PAGES, STRICT, settings

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOTE = Note(
    service=Service.IMAP,
    wire=Wire.STARTTLS,
    source="198.51.100.7",
    client_port=40_000,
    server_port=143,
    account="bob@example.com",
    is_right=True,
    way=Way.PLAIN,
    answer=Answer.IN,
    sent=True,
    mail=False,
    began=NOW,
    answered=NOW,
    tls_version="TLSv1.3",
    client_name="Thunderbird",
)
RECORD = Record(
    at=NOW,
    kind="login",
    result="success",
    protocol="IMAP",
    local_port=143,
    secure=True,
    security="starttls",
    tls_version="TLS1.3",
    mechanism="PLAIN",
    user="bob@example.com",
    ip="198.51.100.7",
    port=40_000,
    exposed=False,
    client_name="Thunderbird",
)
IN_CLEAR = msgspec.structs.replace(NOTE, wire=Wire.CLEARTEXT, tls_version=None)


def outcome(note: Note, *records: Record, tells: bool = True) -> Outcome:
    return compare([note], records, lambda _: tells)


def test_a_record_that_agrees_with_the_notes_is_true() -> None:
    found = outcome(NOTE, RECORD)
    assert (found.true, found.is_good) == (1, True)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("secure", False),
        ("security", "implicit"),
        ("security", "cleartext"),
        ("result", "bad-credentials"),
        ("protocol", "POP3"),
        ("user", "eve@example.com"),
        ("ip", "198.51.100.8"),
        ("port", 1),
        ("local_port", 993),
        ("mechanism", "LOGIN"),
        ("exposed", True),
        ("tls_version", "TLSv1.2"),
        ("client_name", "mutt"),
        ("at", NOW + timedelta(hours=1)),
        ("count", 2),
    ],
)
def test_a_record_that_says_otherwise_is_wrong(key: str, value: object) -> None:
    found = outcome(NOTE, msgspec.structs.replace(RECORD, **{key: value}))
    assert found.wrong
    assert not found.is_good


@pytest.mark.parametrize("key", ["user", "port", "mechanism", "tls_version", "exposed"])
def test_what_a_record_leaves_out_is_not_untrue(key: str) -> None:
    assert outcome(NOTE, msgspec.structs.replace(RECORD, **{key: None})).is_good


def test_a_login_of_which_tls_is_not_told_is_unknown() -> None:
    unknown = msgspec.structs.replace(RECORD, secure=None, security=None)
    found = outcome(NOTE, unknown)
    assert (found.unknown, found.true, found.is_good) == (1, 0, True)


def test_a_login_in_the_clear_must_not_be_called_secure() -> None:
    assert outcome(IN_CLEAR, RECORD).wrong == 1


def test_a_login_without_a_record_is_missing_unless_the_log_does_not_tell_of_it() -> None:
    assert (outcome(NOTE).missing, outcome(NOTE).is_good) == (1, False)
    assert (outcome(NOTE, tells=False).untold, outcome(NOTE, tells=False).is_good) == (1, True)


def test_a_record_of_a_login_that_nobody_made_is_wrong() -> None:
    stranger = msgspec.structs.replace(RECORD, ip="203.0.113.9")
    assert outcome(NOTE, RECORD, stranger).wrong == 1


def test_a_record_that_comes_late_is_not_good() -> None:
    found = outcome(NOTE, RECORD)
    found.slowest = 2.5
    assert not found.is_good
    found.was_busy = True
    assert found.is_good


@pytest.mark.parametrize(
    "text", [b'"user":"x","reason":"=secret"', b"AGJvYkBleGFtcGxlLmNvbQBzZWNyZXQ=", b'"secret"']
)
def test_a_password_in_the_record_is_found(text: bytes) -> None:
    passwords = {"bob@example.com": "secret", "amy@example.com": "other"}
    assert leaked(text, passwords) == ["bob@example.com"]
    assert leaked(b'"user":"bob@example.com","seq":1', passwords) == []


ALWAYS_REFUSES = {"opensmtpd"}
NOTHING_TO_SWITCH_ON = {"courier", "opensmtpd"}


@pytest.mark.parametrize("name", SERVERS)
def test_the_settings_of_a_page_are_those_that_are_tried(name: str) -> None:
    server = SERVERS[name]
    better = settings(server.page, BETTER, server.settings_for)
    strict = settings(server.page, STRICT, server.settings_for)
    assert bool(better) == (server.page not in NOTHING_TO_SWITCH_ON)
    assert bool(strict) == (server.page not in ALWAYS_REFUSES)


PAGES_TRIED = sorted({server.page for server in SERVERS.values()})


@pytest.mark.parametrize("page", PAGES_TRIED)
@pytest.mark.parametrize("section", [BETTER, STRICT])
def test_every_block_of_settings_is_tried(page: str, section: str) -> None:
    """A block that is not would promise what nobody has seen."""
    versions = {server.settings_for for server in SERVERS.values() if server.page == page}
    tried = {
        (each.file, each.text) for version in versions for each in settings(page, section, version)
    }
    text = (PAGES / f"{page}.md").read_text().partition(f"## {section}\n")[2].partition("\n## ")[0]
    assert text.count("\n```") == 2 * len(tried)


@pytest.mark.parametrize("page", PAGES_TRIED)
def test_lines_of_a_page_fit_a_terminal(page: str) -> None:
    assert max(map(len, (PAGES / f"{page}.md").read_text().splitlines())) <= 120
