"""Exposures, the cut-off rehearsal, absence, countries, logins: the definitions of DESIGN 4."""

from datetime import timedelta
from pathlib import Path

from mailauth.login.event import AccountChange, Result, Service
from mailauth.report.advice import advice
from mailauth.report.opening import opened_logs
from mailauth.report.period import Expected, Unit, Wanted
from mailauth.report.ports import seen_tls_ports
from mailauth.report.rows import Absent, Case, Country, Cutoff, Exposure, Insecure, Login, Share
from mailauth.report.sources import sources_of_directory
from mailauth.report.summary import summarize
from tests.support.asking import EVERYTHING, of_directory, of_files
from tests.support.writing import BOB, START, Story

GOLDEN = Path(__file__).parents[1] / "golden"
MARY = "mary@mydomain.com"
TODAY = START.replace(tzinfo=None, hour=0)


# Exposures.


def test_a_password_that_crossed_the_wire_is_exposed_until_it_is_changed(story: Story) -> None:
    logs = story.lines.parent
    story.login()
    story.login(secure=True)
    [exposure] = of_directory(Exposure, logs)
    assert (exposure.account, exposure.network, exposure.count) == (BOB, "LAN", 1)
    assert of_directory(Case, logs)[0].exposed is True
    story.account(BOB, AccountChange.PASSWORD_CHANGED)
    assert of_directory(Exposure, logs) == []
    assert of_directory(Case, logs)[0].exposed is False
    story.login()
    assert [exposure.count for exposure in of_directory(Exposure, logs)] == [1]


def test_what_was_refused_has_crossed_the_wire_all_the_same(story: Story) -> None:
    story.login(result=Result.CLEARTEXT_REFUSED)
    story.login(result=Result.BLOCKED, ip="203.0.113.7", origin="Unknown")
    exposures = of_directory(Exposure, story.lines.parent)
    assert [(e.network, e.accepted, e.refused) for e in exposures] == [
        ("Internet", 0, 1),
        ("LAN", 0, 1),
    ]


def test_a_sum_counts_as_what_it_stands_for(story: Story) -> None:
    """Of a password that is exposed again and again, one record says how often."""
    story.login(result=Result.BLOCKED)
    story.login(result=Result.BLOCKED, reason="repeated", count=40)
    story.login()
    [exposure] = of_directory(Exposure, story.lines.parent)
    assert (exposure.count, exposure.accepted, exposure.refused) == (42, 1, 41)


def test_a_challenge_a_wrong_password_and_an_unknown_account_expose_nothing(story: Story) -> None:
    story.login(mechanism="CRAM-MD5", exposed=False)
    story.login(result=Result.BAD_CREDENTIALS, exposed=False)
    story.login(result=Result.BLOCKED, exposed=None)
    assert of_directory(Exposure, story.lines.parent) == []


def test_a_disabled_account_has_nothing_to_lose_until_it_is_enabled(story: Story) -> None:
    story.login()
    story.account(BOB, AccountChange.DISABLED)
    assert of_directory(Exposure, story.lines.parent) == []
    story.account(BOB, AccountChange.ENABLED)
    assert len(of_directory(Exposure, story.lines.parent)) == 1


def test_unblocking_an_address_closes_no_exposure(story: Story) -> None:
    story.login()
    story.account(BOB, AccountChange.UNBLOCKED)
    assert len(of_directory(Exposure, story.lines.parent)) == 1


# Cut-off.


def test_the_rehearsal_names_who_breaks_by_listener(story: Story) -> None:
    story.login(client_name="Thunderbird", client_version="153")
    story.login(MARY, secure=True)
    story.login("sue@mydomain.com", service="POP3")
    story.login("sue@mydomain.com", service="POP3", secure=True)
    [cutoff] = of_directory(Cutoff, story.lines.parent)
    assert (cutoff.listener, cutoff.port, cutoff.account) == ("imap", 2143, BOB)
    assert (cutoff.client, cutoff.count) == ("Thunderbird 153", 1)


def test_a_second_client_that_is_secure_does_not_save_the_first(story: Story) -> None:
    story.login(client_name="Outlook", ip="10.0.0.1")
    story.login(client_name="K-9 Mail", ip="10.0.0.2", secure=True)
    assert [cutoff.client for cutoff in of_directory(Cutoff, story.lines.parent)] == ["Outlook"]
    story.login(client_name="Outlook", ip="10.0.0.3", secure=True)
    assert of_directory(Cutoff, story.lines.parent) == []


def test_the_rehearsal_on_the_sample_of_xeams() -> None:
    [cutoff] = of_files(Cutoff, GOLDEN / "xeams-first.log")
    assert (cutoff.account, cutoff.listener, cutoff.address) == (BOB, None, "10.11.12.102")


# Absence.


def test_absent_are_those_never_seen_secure_and_those_not_seen_for_days(story: Story) -> None:
    story.login("old@mydomain.com", secure=True)
    story.wait(days=40)
    story.login()
    story.login(MARY, secure=True)
    now = TODAY + timedelta(days=41)
    expected = Expected(now=now, accounts=("never@mydomain.com", MARY), days=30)
    rows = of_directory(Absent, story.lines.parent, expected=expected)
    assert [(row.account, row.never_secure, row.days) for row in rows] == [
        ("never@mydomain.com", True, None),
        (BOB, True, 1),
        ("old@mydomain.com", False, 41),
    ]


# Countries.


def test_a_country_is_new_where_the_account_had_come_from_elsewhere(story: Story) -> None:
    story.login(secure=True)
    story.login(secure=True, ip="79.80.81.82", origin="France")
    story.login(MARY, secure=True, ip="79.80.81.83", origin="France")
    story.login(MARY, secure=True)
    rows = of_directory(Country, story.lines.parent)
    assert [(row.country, row.country_logins, row.account, row.new) for row in rows] == [
        ("France", 2, BOB, True),
        ("France", 2, MARY, False),
        ("LAN", 2, BOB, False),
        ("LAN", 2, MARY, False),
    ]


# Logins, totals, shares.


def test_since_is_inclusive_and_until_exclusive(story: Story) -> None:
    for _ in range(3):
        story.login()
    first = START.replace(tzinfo=None)
    minute = timedelta(minutes=1)
    wanted = Wanted(since=first + minute, until=first + 2 * minute)
    [login] = of_directory(Login, story.lines.parent, wanted)
    assert login.time == first + minute


def test_logins_are_found_by_account_service_and_verdict(story: Story) -> None:
    story.login()
    story.login(secure=True)
    story.login(service="SMTP")
    story.login(MARY)
    logs = story.lines.parent
    assert len(of_directory(Login, logs, Wanted(account=BOB))) == 3
    assert len(of_directory(Login, logs, Wanted(account=BOB, service=Service.IMAP))) == 2
    assert len(of_directory(Login, logs, Wanted(secure=True))) == 1
    assert len(of_directory(Case, logs, Wanted(account=BOB))) == 2
    assert len(of_directory(Exposure, logs, Wanted(account=MARY))) == 1
    assert len(of_directory(Insecure, logs, Wanted(service=Service.SMTP))) == 1
    newest = of_directory(Login, logs, Wanted(newest_first=True))
    assert [login.account for login in newest] == [MARY, BOB, BOB, BOB]


def test_shares_are_by_time_service_country_and_mechanism(story: Story) -> None:
    """Times in their order; of others the largest share first."""
    story.login(origin="Germany")
    story.login(secure=True, mechanism=None)
    story.wait(days=1)
    story.login(service="SMTP", secure=True)
    with opened_logs(sources_of_directory(story.lines.parent)) as opened:
        shares = opened.logs.shares(Unit.DAY, EVERYTHING)
        months = opened.logs.shares(Unit.MONTH, EVERYTHING).time
        hours = opened.logs.shares(Unit.HOUR, Wanted(account=BOB, service=Service.SMTP)).time
        totals = opened.logs.totals(EVERYTHING)
    assert _counted(shares.time) == [("2026-11-23", 1, 1), ("2026-11-24", 1, 0)]
    assert _counted(shares.service) == [("IMAP", 1, 1), ("SMTP", 1, 0)]
    assert _counted(shares.country) == [("LAN", 2, 0), ("Germany", 0, 1)]
    assert _counted(shares.mechanism) == [("PLAIN", 1, 1), ("unknown", 1, 0)]
    assert _counted(months) == [("2026-11", 2, 1)]
    assert _counted(hours) == [("2026-11-24T09:00", 1, 0)]
    assert (totals.logins, totals.unsecure, totals.accounts) == (3, 1, 1)


def _counted(shares: list[Share]) -> list[tuple[str, int, int]]:
    return [(share.label, share.secure, share.unsecure) for share in shares]


# Summary and advice.


def test_the_summary_says_what_to_do(story: Story) -> None:
    for _ in range(12):
        story.login(client_name="Thunderbird", client_version="153")
    story.login(MARY)
    story.login(MARY, secure=True)
    story.login("sue@mydomain.com", result=Result.CLEARTEXT_REFUSED)
    with opened_logs(sources_of_directory(story.lines.parent)) as opened:
        ports = seen_tls_ports(opened.tables, opened.sources)
        summary = summarize(opened.logs, EVERYTHING, ports)
    assert [advised.advice for advised in summary.open] == [
        f"{BOB}: IMAP in the clear on port 2143 from 10.11.12.102, 12 times since "
        "2026-11-23T09:00:00.000, last 2026-11-23T09:11:00.000; client Thunderbird 153; "
        "change to port 2993, SSL/TLS; password exposed, change it"
    ]
    assert [advised.case.account for advised in summary.fixed] == [MARY]
    assert [exposure.account for exposure in summary.exposed] == ["sue@mydomain.com"]
    assert summary.to_do == (
        "To do: repoint the clients of 1 account and change 3 passwords."
        " Before refusing cleartext, run mailauth report cutoff."
    )


def test_advice_names_no_port_where_none_is_known() -> None:
    [case] = of_files(Case, GOLDEN / "xeams-first.log")
    assert advice(case, {}) == (
        f"{BOB}: IMAP in the clear from 10.11.12.102, once, 2020-07-28T16:12:02.759; "
        "use SSL/TLS; password may be exposed, change it"
    )
    assert "change to port 2993, SSL/TLS" in advice(case, {Service.IMAP: 2993})


def test_there_is_nothing_to_do_where_all_is_secure(story: Story) -> None:
    story.login(secure=True)
    with opened_logs(sources_of_directory(story.lines.parent)) as opened:
        summary = summarize(opened.logs, EVERYTHING, lambda case: {})
    assert (summary.verdict, summary.to_do) == ("all SECURE", "Nothing to do.")
