"""Asking a report by parts of what its rows say."""

import msgspec
import pytest

from mailauth.report.opening import opened_logs
from mailauth.report.period import Expected, Wanted
from mailauth.report.rows import ROWS, Absent, Case, Cutoff, Exposure, Insecure, Login, Row
from mailauth.report.sources import sources_of_directory
from tests.support.asking import NOW, of_directory
from tests.support.writing import BOB, Story

MARY = "mary@mydomain.com"


@pytest.fixture
def told(story: Story) -> Story:
    """Two accounts, with clients and addresses of their own."""
    story.login(client_name="Thunderbird", client_version="153")
    story.login(MARY, "SMTP", client_name="swaks", ip="203.0.113.7", origin="Germany")
    return story


@pytest.mark.parametrize("kind", [Login, Case, Insecure, Exposure, Cutoff])
@pytest.mark.parametrize(
    ("wanted", "account"),
    [
        (Wanted(account_part="BOB@"), BOB),
        (Wanted(account_part="ary"), MARY),
        (Wanted(client="thunder"), BOB),
        (Wanted(client="SWAKS"), MARY),
        (Wanted(address="203.0.113."), MARY),
        (Wanted(listener="ubmiss"), MARY),
        (Wanted(listener="imap", client="153"), BOB),
    ],
)
def test_rows_are_found_by_parts(
    told: Story, kind: type[Row], wanted: Wanted, account: str
) -> None:
    """In any letter case; several filters hold together."""
    rows = of_directory(kind, told.lines.parent, wanted)
    assert [row.account for row in rows] == [account]  # type: ignore[attr-defined]


@pytest.mark.parametrize("part", ["%", "_", "'", "*", "nobody", "\x00"])
def test_a_part_means_nothing_but_itself(told: Story, part: str) -> None:
    """No pattern, and no SQL; the underscore stands in no name here."""
    for name in ("account_part", "client", "address", "listener"):
        wanted = msgspec.structs.replace(Wanted(), **{name: part})
        assert of_directory(Login, told.lines.parent, wanted) == []


def test_a_case_that_another_client_closed_is_not_opened_by_a_filter(told: Story) -> None:
    """What is left out is rows, not the logins that they are made of."""
    told.login(secure=True, client_name="mutt")
    [case] = of_directory(Case, told.lines.parent, Wanted(client="Thunderbird"))
    assert not case.open


def test_who_is_absent_is_found_by_the_name(told: Story) -> None:
    """Those who never logged in, too."""
    expected = Expected(now=NOW, accounts=(BOB, MARY, "sue@mydomain.com"))
    for wanted in (Wanted(account="sue@mydomain.com"), Wanted(account_part="SUE")):
        rows = of_directory(Absent, told.lines.parent, wanted, expected)
        assert [row.account for row in rows] == ["sue@mydomain.com"]


def test_a_report_is_counted_as_it_is_asked(told: Story) -> None:
    """The count is that of the rows, for every report and filter."""
    expected = Expected(now=NOW, accounts=(BOB, "sue@mydomain.com"))
    with opened_logs(sources_of_directory(told.lines.parent)) as opened:
        for kind in ROWS:
            for wanted in (Wanted(), Wanted(account=BOB), Wanted(account_part="mary")):
                rows = opened.logs.rows(kind, wanted, expected=expected)
                assert opened.logs.count(kind, wanted, expected=expected) == len(rows)


def test_totals_and_shares_are_of_the_accounts_that_are_asked_for(told: Story) -> None:
    with opened_logs(sources_of_directory(told.lines.parent)) as opened:
        assert opened.logs.totals(Wanted(account_part="bob")).logins == 1
