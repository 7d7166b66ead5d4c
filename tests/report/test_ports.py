"""Which port is named for a case: only one that its own server was seen on."""

from pathlib import Path

import pytest

from mailauth.login.event import Service
from mailauth.report.opening import opened_logs
from mailauth.report.ports import seen_tls_ports
from mailauth.report.rows import Case
from mailauth.report.sources import Sources, sources_of_directory, sources_of_files
from tests.support.asking import EVERYTHING
from tests.support.writing import BOB, Story

MARY = "mary@mydomain.com"
SUE = "sue@mydomain.com"


def ports(sources: Sources) -> dict[tuple[str, Service], int | None]:
    with opened_logs(sources) as opened:
        ports_of = seen_tls_ports(opened.tables, opened.sources)
        return {
            (case.account, case.service): ports_of(case).get(case.service)
            for case in opened.logs.rows(Case, EVERYTHING)
        }


def test_a_port_is_named_where_the_journal_has_seen_tls_begin_there(story: Story) -> None:
    story.login()
    story.login(BOB, "POP3")
    story.login(MARY, secure=True, local_port=33993)
    assert ports(sources_of_directory(story.lines.parent)) == {
        (BOB, Service.IMAP): 33993,
        (BOB, Service.POP3): None,
    }


def test_the_port_seen_last_counts(story: Story) -> None:
    story.login()
    story.login(MARY, secure=True, local_port=2993)
    story.login(MARY, secure=True, local_port=33993)
    assert ports(sources_of_directory(story.lines.parent)) == {(BOB, Service.IMAP): 33993}


def test_starttls_is_no_evidence_of_a_port_with_implicit_tls(story: Story) -> None:
    story.login()
    story.login(MARY, secure=True, security="starttls", local_port=2143)
    assert ports(sources_of_directory(story.lines.parent)) == {(BOB, Service.IMAP): None}


@pytest.mark.parametrize("newest", ["lines", "journal"])
def test_one_servers_port_is_not_told_to_the_users_of_another(tmp_path: Path, newest: str) -> None:
    """Bob's server has been seen with implicit TLS, Mary's has not, and Sue's is not known."""
    one, other = Story(tmp_path / "one"), Story(tmp_path / "other")
    one.login()
    one.login(BOB, "POP3", secure=True)
    one.login("jimmy@mydomain.com", secure=True, local_port=33993)
    other.wait(hours=1)
    other.login(MARY)
    sue = tmp_path / "xeams.log"
    sue.write_text(f"2026-11-23 12:00:00,000 - [IMAP] {{UNSECURE}} - {SUE} - 10.0.0.1 (LAN)\n")
    files = [one.lines, one.journal, other.lines, other.journal, sue]
    assert ports(sources_of_files(files if newest == "lines" else files[::-1])) == {
        (BOB, Service.IMAP): 33993,
        (MARY, Service.IMAP): None,
        (SUE, Service.IMAP): None,
    }


@pytest.mark.parametrize(
    "older",
    [
        "LoginAttempts.2026-11-23.jsonl",
        "LoginAttempts.2026-11-23.2.jsonl",
        "LoginAttempts.jsonl.1",
        "LoginAttempts.jsonl-20261123",
    ],
)
def test_older_files_of_a_journal_are_the_same_servers(story: Story, older: str) -> None:
    story.login(MARY, secure=True, local_port=33993)
    story.journal.rename(story.journal.with_name(older))
    story.login()
    files = [story.lines, story.journal, story.journal.with_name(older)]
    assert ports(sources_of_files(files)) == {(BOB, Service.IMAP): 33993}


def test_journals_of_other_names_are_other_servers(story: Story, tmp_path: Path) -> None:
    story.login()
    other = Story(tmp_path / "other")
    other.login(MARY, secure=True, local_port=33993)
    beside = story.journal.with_name("other.jsonl")
    other.journal.rename(beside)
    assert ports(sources_of_files([story.journal, beside])) == {(BOB, Service.IMAP): None}
