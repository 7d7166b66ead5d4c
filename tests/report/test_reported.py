"""A home where a reporter records another server's logins among those of our own listeners."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from mailauth.login.event import Kind, Result, Service
from mailauth.report.home import HomeLogs
from mailauth.report.opening import opened_logs
from mailauth.report.ports import seen_tls_ports
from mailauth.report.rows import Case, Insecure, Login, Row
from mailauth.report.sources import sources_of_directory
from mailauth.setup.services import WELL_KNOWN_TLS_PORTS
from tests.support.asking import EVERYTHING, of_directory
from tests.support.writing import BOB, Story

R = TypeVar("R", bound=Row)
Ask = Callable[[type[R]], list[R]]

SUE = "sue@mydomain.com"


@pytest.fixture(params=["console", "command"])
def ask(request: pytest.FixtureRequest, story: Story, tmp_path: Path) -> Iterator[Ask[Row]]:
    """Ask as the console does, whose tables are read on, or as a command does."""
    logs = story.lines.parent
    with HomeLogs(logs, tmp_path / "state") as console:
        if request.param == "command":
            yield lambda kind: of_directory(kind, logs)
        else:
            yield lambda kind: console.rows(kind, EVERYTHING)


def report(
    story: Story, account: str | None = SUE, *, secure: bool | None = False, client: str = "Mail"
) -> None:
    """Have Dovecot report a login; an incomplete report has no line."""
    story.event(
        Kind.LOGIN,
        line=secure is not None and account is not None,
        result=Result.SUCCESS,
        user=account,
        authcid=account,
        protocol=Service.IMAP,
        listener="dovecot-policy",
        local_port=993 if secure else 143,
        secure=secure,
        security={True: "implicit", False: "cleartext", None: None}[secure],
        ip="192.0.2.7",
        origin="Unknown",
        mechanism="PLAIN",
        exposed=secure is False,
        client_name=client,
        source="dovecot-policy",
    )


def test_own_and_reported_logins_are_counted_once_each_in_their_order(
    story: Story, ask: Callable[[type[Login]], list[Login]]
) -> None:
    story.login()
    report(story)
    assert [(each.account, each.verdict) for each in ask(Login)] == [
        (BOB, "UNSECURE"),
        (SUE, "UNSECURE"),
    ]
    report(story, secure=None)
    story.login(secure=True)
    report(story, None)
    report(story, secure=True)
    expected = [
        (BOB, "UNSECURE"),
        (SUE, "UNSECURE"),
        (SUE, "UNKNOWN"),
        (BOB, "SECURE"),
        ("", "UNSECURE"),
        (SUE, "SECURE"),
    ]
    assert [(each.account, each.verdict) for each in ask(Login)] == expected
    assert len(ask(Login)) == len(expected)


def test_a_reported_login_has_its_evidence(
    story: Story, ask: Callable[[type[Insecure]], list[Insecure]]
) -> None:
    report(story, client="Some Mail")
    [row] = ask(Insecure)
    assert (row.client, row.listener, row.exposed) == ("Some Mail", "dovecot-policy", True)


def test_a_reported_case_is_fixed_by_a_reported_login(
    story: Story, ask: Callable[[type[Case]], list[Case]]
) -> None:
    report(story)
    report(story, secure=None)
    [case] = ask(Case)
    assert (case.open, case.unsecure, case.unknown) == (True, 1, 1)
    report(story, secure=True)
    [case] = ask(Case)
    assert (case.open, case.time_to_fix) == (False, 120)


def test_older_logs_without_reports_still_count(
    story: Story, ask: Callable[[type[Login]], list[Login]]
) -> None:
    story.login()
    for file in (story.lines, story.journal):
        file.rename(file.with_name(f"{file.stem}.2026-01-01{file.suffix}"))
        file.touch()
    report(story)
    report(story, secure=None)
    assert [each.account for each in ask(Login)] == [BOB, SUE, SUE]


def test_without_the_text_log_the_journal_tells_all(
    story: Story, ask: Callable[[type[Login]], list[Login]]
) -> None:
    story.login()
    report(story)
    report(story, secure=None)
    story.lines.unlink()
    assert [each.verdict for each in ask(Login)] == ["UNSECURE", "UNSECURE", "UNKNOWN"]


@pytest.mark.parametrize("running", [None, {Service.IMAP: 4993}])
def test_each_is_told_the_ports_of_its_own_server(
    story: Story, running: dict[Service, int] | None
) -> None:
    """Dovecot's 993 is not told to users of our listeners, nor our ports to Dovecot's users."""
    story.login()
    story.login("mary", secure=True, local_port=2993)
    report(story)
    report(story, "derek", secure=True)
    with opened_logs(sources_of_directory(story.lines.parent)) as opened:
        ports_of = seen_tls_ports(opened.tables, opened.sources, running)
        found = {case.account: ports_of(case) for case in opened.logs.rows(Case, EVERYTHING)}
        assert opened.findings.unmatched == 0
    assert found == {
        BOB: {Service.IMAP: 2993} if running is None else running,
        SUE: WELL_KNOWN_TLS_PORTS,
    }
