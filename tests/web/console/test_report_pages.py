"""The console's pages on the reports."""

import csv
import html
import re
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from mailauth.login.event import Kind, Result
from mailauth.login.policy import Cleartext, Policy
from mailauth.report.period import Unit
from mailauth.report.rows import Share
from mailauth.web.console.overview import TIMES, period_of, timeline, unit_of
from tests.support.writing import BOB, Story
from tests.web.browser import MX1, Browser, Server

HOSTILE = '"><img src=x onerror=alert(1)>\u202e'
MARY = "mary@mydomain.com"
REPORT_PAGES = [
    "/",
    "/cases",
    "/insecure",
    "/exposures",
    "/cutoff",
    "/logins",
    "/countries",
]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "logs"


@pytest.fixture
def story(logs: Path) -> Story:
    return Story(logs)


@pytest.fixture
def server(logs: Path) -> Server:
    return Server(logs=logs)


@pytest.fixture
def operator(server: Server) -> Browser:
    """Whoever started the server, by the link."""
    browser = Browser(server, ip="127.0.0.1")
    browser.get(server.site.admin_link())
    return browser


def shown(page: str) -> str:
    """The text of a page's main part."""
    main = page[page.index("<main") : page.index("</main>")]
    main = re.sub(r"</?(bdi|time|strong)\b[^>]*>", "", main)
    return " ".join(re.sub(r"<[^>]*>", " ", main).split())


@pytest.mark.parametrize("path", REPORT_PAGES)
def test_without_a_log_every_page_says_that_there_is_nothing(operator: Browser, path: str) -> None:
    answer = operator.get(path)
    assert answer.status == 200
    assert re.search("Nobody|nobody|No password|no case", shown(answer.text))


@pytest.mark.parametrize("path", REPORT_PAGES)
def test_hostile_names_are_text(story: Story, operator: Browser, path: str) -> None:
    """An account and a client may call themselves what they like: it stays apart and is escaped."""
    story.login(HOSTILE, client_name=HOSTILE, client_version="<b>1</b>", exposed=True)
    page = operator.get(path).text
    assert "<img" not in page.replace('<img src="/static', "")
    assert "<b>1" not in page
    assert "&lt;img src=x" in page
    for tag, text in re.findall(r"<([^>]*)>([^<]*)", page):
        assert tag == "bdi" or "\u202e" not in text


def test_the_overview_says_how_things_stand_and_what_to_do(story: Story, operator: Browser) -> None:
    for _ in range(3):
        story.login(client_name="Thunderbird", client_version="153")
    story.login(MARY, secure=True)
    story.login(MARY, "SMTP")
    story.login(MARY, "SMTP", secure=True)
    page = operator.get("/").text
    text = shown(page)
    assert "6 logins of 2 accounts" in text
    assert "33.3 % of logins SECURE 4 UNSECURE" in text
    assert "1 open case 1 fixed" in text
    assert "2 passwords exposed" in text
    assert "bob@mydomain.com: IMAP in the clear on port 2143 from 10.11.12.102, 3 times" in text
    assert "client Thunderbird 153; change to port 2993, SSL/TLS; password exposed" in text
    assert page.count('<svg class="chart ') == 4  # over time, by service, by country, by mechanism


def test_charts_have_neither_script_nor_style_of_their_own(story: Story, operator: Browser) -> None:
    """The content security policy would refuse them."""
    story.login(mechanism="<script>alert(1)</script>", origin="<style>")
    charts = re.findall(r"<svg.*?</svg>", operator.get("/").text, re.DOTALL)
    assert charts
    for chart in charts:
        assert not re.search(r"<script|<style|style=|\bon[a-z]+=|xlink", chart)
        assert all(target.startswith("/logins?") for target in re.findall(r'href="([^"]*)', chart))


def test_a_bar_leads_to_the_logins_that_it_counts(story: Story, operator: Browser) -> None:
    """Each part of it to those of its verdict; in the table of the numbers, too."""
    story.login(mechanism="LOGIN")
    story.login(secure=True, origin="Côte d'Ivoire")
    story.login(MARY, "SMTP", secure=True)
    story.wait(hours=3)
    story.login(MARY, "SMTP")
    page = operator.get("/").text
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    led = [re.findall(r'<a href="([^"]*)"[^>]*aria-label="([^"]*)"', each) for each in charts]
    assert sum(map(len, led)) >= 8
    for target, label in (link for chart in led for link in chart):
        count = re.search(r": (\d+) (UNSECURE|SECURE)$", label)
        assert count is not None
        found = operator.get(html.unescape(target)).text
        assert f"1–{count[1]} of {count[1]}" in shown(found), (target, label)
        assert f'href="{target}"' in page.split("</svg>", 1)[1]
    (empty,) = {
        share.label
        for share in timeline(Unit.HOUR, [], datetime(2026, 11, 23, 10), datetime(2026, 11, 23, 10))
    }
    assert f"{empty}: 0 UNSECURE" in charts[0]
    assert operator.get("/").text.count('tabindex="-1"') == sum(map(len, led))


def test_the_overview_of_a_period(story: Story, server: Server) -> None:
    """The period is of whole days in the log's zone."""
    story.login()
    server.now.seconds = datetime.fromisoformat("2026-11-24T12:00+00:00").timestamp()
    operator = Browser(server, ip="127.0.0.1")
    operator.get(server.site.admin_link())
    assert "1 login of 1 account" in shown(operator.get("/?days=2").text)
    assert "Nobody logged in during this time." in shown(operator.get("/?days=1").text)
    assert operator.get("/?days=0").status == operator.get("/?days=x").status == 400


def test_cases_with_their_advice_and_their_time_to_fix(story: Story, operator: Browser) -> None:
    story.login(client_name="mutt")
    story.login(MARY)
    story.wait(hours=2)
    story.login(MARY, secure=True)
    text = shown(operator.get("/cases").text)
    assert text.index("bob@mydomain.com IMAP open") < text.index("mary@mydomain.com IMAP fixed")
    assert "client mutt; change to port 2993, SSL/TLS; password exposed, change it" in text
    assert "2 h 1 min" in text
    assert MARY not in shown(operator.get("/cases?user=BOB@mydomain.com").text)
    assert "No case matches." in shown(operator.get("/cases?protocol=SMTP").text)
    assert operator.get("/cases?protocol=x").status == 400
    assert operator.get("/cases?since=yesterday").status == 400


@pytest.mark.parametrize("page", ["/cases", "/insecure"])
def test_users_of_another_server_are_told_its_ports(
    story: Story, server: Server, operator: Browser, page: str
) -> None:
    """A login that a reporter has recorded is not one on our listeners."""
    server.operations.reporting = [MX1]
    story.login()
    story.login(MARY, listener="mx1", source="dovecot-policy", local_port=143)
    text = shown(operator.get(page).text)
    advised = re.findall(r"(bob|mary)@\S+ [^;]*; change to port (\d+)", text)
    assert sorted(advised) == [("bob", "2993"), ("mary", "993")]


def test_insecure_clients_each_with_a_sentence(story: Story, operator: Browser) -> None:
    story.login(client_name="mutt")
    story.login(client_name="K-9", ip="10.11.12.103")
    text = shown(operator.get("/insecure").text)
    assert "from 10.11.12.102, once, 23 Nov 2026 09:00; client mutt; change to" in text
    assert "from 10.11.12.103, once, 23 Nov 2026 09:01; client K-9; change to" in text


def test_an_exposed_password_is_marked_as_changed(
    story: Story, server: Server, operator: Browser
) -> None:
    """The mark is a record of the journal, which closes the exposure."""
    story.login(origin="Germany")
    story.login(MARY, result=Result.CLEARTEXT_REFUSED)
    page = operator.get("/exposures")
    assert re.search("bob@mydomain.com Internet .* mary@mydomain.com LAN", shown(page.text))
    asked = operator.submit(page, "/password-changed")
    assert "Mark the password as changed?" in shown(asked.text)
    assert BOB in shown(asked.text)
    assert [one for one in server.recorder.events if one.kind is Kind.ACCOUNT] == []
    assert operator.submit(asked, "/password-changed").fields["location"] == "/exposures"
    [change] = [one for one in server.recorder.events if one.kind is Kind.ACCOUNT]
    assert (change.reason, change.user) == ("password-changed", BOB)
    story.event(Kind.ACCOUNT, user=BOB, reason="password-changed")
    text = shown(operator.get("/exposures").text)
    assert BOB not in text
    assert MARY in text


def test_a_cut_off_is_rehearsed_tried_and_taken_back(
    story: Story, server: Server, operator: Browser
) -> None:
    """Whoever was repointed does not count; what it is tried on says so until it is taken back."""
    story.login()
    story.login(MARY)
    story.login(MARY, secure=True)
    page = operator.get("/cutoff")
    assert "1 account of 2 would break" in shown(page.text)
    assert "imap port 2143 1 account would break." in shown(page.text)
    assert MARY not in shown(page.text)
    assert operator.submit(page, "/cleartext").fields["location"] == "/cutoff"
    assert server.policy == Policy(cleartext=Cleartext.REFUSE)
    page = operator.get("/cutoff")
    assert "cleartext refused" in shown(page.text)
    operator.submit(page, "/cleartext")
    assert server.policy == Policy()
    assert "cleartext refused" not in shown(operator.get("/cutoff").text)


def test_a_cut_off_leads_back_to_pages_of_ours_only(operator: Browser) -> None:
    page = operator.get("/listeners")
    for back in ("//evil.example/", "https://evil.example/", "/\\evil"):
        answer = operator.submit(page, "/cleartext", listener="imap", cleartext="allow", back=back)
        assert answer.fields["location"] == "/"


def test_logins_are_filtered_and_leafed_through(story: Story, operator: Browser) -> None:
    for number in range(102):
        story.login(ip=f"10.0.0.{number}")
    story.login(MARY, "SMTP", secure=True)
    page = operator.get("/logins").text
    assert page.index("mary@mydomain.com</bdi>") < page.index("10.0.0.101 ")
    assert "10.0.0.1 " not in page
    assert 'href="/logins?page=2"' in page
    older = operator.get("/logins?page=2").text
    assert "10.0.0.1 " in older
    assert 'rel="next"' not in older
    assert BOB not in shown(operator.get("/logins?secure=true").text)
    assert MARY not in shown(operator.get("/logins?protocol=IMAP").text)
    assert "No login matches." in shown(operator.get("/logins?until=2026-11-23").text)
    assert "No login matches." in shown(operator.get("/logins?user=sue").text)
    assert "10.0.0.0 " in operator.get("/logins?until=2026-11-23T09:01&user=&protocol=").text


def test_sixty_days_have_a_bar_each(story: Story, operator: Browser) -> None:
    story.login()
    story.wait(days=59)
    story.login()
    chart = re.findall(r"<svg.*?</svg>", operator.get("/").text, re.DOTALL)[0]
    assert chart.count("UNSECURE</title>") == 60


@pytest.mark.parametrize(
    ("unit", "label", "since", "until"),
    [
        (Unit.HOUR, "2026-11-24T23:00", "2026-11-24T23:00:00", "2026-11-25T00:00:00"),
        (Unit.DAY, "2026-12-31", "2026-12-31T00:00:00", "2027-01-01T00:00:00"),
        (Unit.MONTH, "2026-02", "2026-02-01T00:00:00", "2026-03-01T00:00:00"),
        (Unit.MONTH, "2026-12", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
    ],
)
def test_a_bar_is_about_a_period(unit: Unit, label: str, since: str, until: str) -> None:
    assert period_of(unit, label) == {"since": since, "until": until}


def test_a_user_sees_their_own_sign_ins_with_advice(story: Story, server: Server) -> None:
    story.login(client_name="Thunderbird")
    story.login(MARY, "SMTP")
    story.login(MARY, "SMTP", secure=True)
    bob, mary = Browser(server), Browser(server)
    bob.sign_in("bob")
    mary.sign_in("mary")
    text = shown(bob.get("/").text)
    assert "change to port 2993, SSL/TLS; password exposed, change it" in text
    assert "It crossed the LAN without TLS once" in text
    assert MARY not in text
    text = shown(mary.get("/").text)
    assert "SMTP was fixed on 23 Nov 2026 09:02, 1 min after it began." in text
    assert BOB not in text
    for path in REPORT_PAGES[1:]:
        assert bob.get(path).status == 403


def test_hours_and_days_and_months_without_logins_are_shown_too() -> None:
    first, last = datetime(2026, 10, 31, 22, 15), datetime(2026, 11, 1, 1, 0)
    shares = [Share(label="2026-10-31T22:00", secure=1, unsecure=0)]
    assert [share.label for share in timeline(Unit.HOUR, shares, first, last)] == [
        "2026-10-31T22:00",
        "2026-10-31T23:00",
        "2026-11-01T00:00",
        "2026-11-01T01:00",
    ]
    assert [share.label for share in timeline(Unit.DAY, [], first, last)] == [
        "2026-10-31",
        "2026-11-01",
    ]
    months = timeline(Unit.MONTH, [], datetime(2025, 12, 31), datetime(2026, 3, 31))
    assert [share.label for share in months] == ["2025-12", "2026-01", "2026-02", "2026-03"]
    assert len(timeline(Unit.MONTH, [], datetime(1, 1, 1), datetime(9999, 12, 31))) == TIMES
    assert timeline(Unit.HOUR, shares, last, first)  # the zone went back between them


@pytest.mark.parametrize(
    ("span", "unit"),
    [
        (timedelta(0), Unit.HOUR),
        (timedelta(hours=47), Unit.HOUR),
        (timedelta(days=2), Unit.DAY),
        (timedelta(days=60), Unit.DAY),
        (timedelta(days=98), Unit.DAY),
        (timedelta(days=99), Unit.MONTH),
    ],
)
def test_the_longer_the_coarser(span: timedelta, unit: Unit) -> None:
    assert unit_of(span) is unit


LISTS = {
    "/cases": 2,
    "/insecure": 2,
    "/exposures": 2,
    "/cutoff": 2,
    "/logins": 2,
    "/countries": 2,
    "/absent": 8,
}


@pytest.mark.parametrize("path", LISTS)
def test_what_a_page_lists_is_had_as_a_file(story: Story, operator: Browser, path: str) -> None:
    """All that its filters let through, also what is on other pages."""
    story.login(client_name="=cmd()")
    story.login(MARY, "SMTP")
    page = operator.get(f"{path}?user=").text
    assert f'href="{path}?format=csv" download' in page
    answer = operator.get(f"{path}?format=json&page=7")
    assert answer.fields["content-type"] == "application/json"
    assert re.fullmatch(
        r'attachment; filename="[a-z]+-\d{8}-\d{6}\.json"', answer.fields["content-disposition"]
    )
    assert len(answer.json()) == LISTS[path]
    answer = operator.get(f"{path}?format=csv&user=mary")
    assert answer.fields["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert [row["account"] for row in rows] == [MARY]
    assert operator.get(f"{path}?format=xml").status == 400


@pytest.mark.parametrize(
    ("query", "account"),
    [
        ("user=BOB", BOB),
        ("user=ob@my", BOB),
        ("client=thunder", BOB),
        ("address=203.0.113", MARY),
        ("listener=sub", MARY),
        ("origin=germany", MARY),
        ("mechanism=LOGIN", MARY),
        ("protocol=IMAP&secure=false", BOB),
        ("since=2026-11-23T09:00:30", MARY),
        ("until=2026-11-23T09:00:30", BOB),
    ],
)
def test_logins_are_found_by_parts(
    story: Story, operator: Browser, query: str, account: str
) -> None:
    """The form shows what was asked, so that it can be asked further."""
    story.login(client_name="Thunderbird")
    story.login(MARY, "SMTP", ip="203.0.113.7", origin="Germany", mechanism="LOGIN")
    page = operator.get(f"/logins?{query}").text
    others = {BOB, MARY} - {account}
    assert account in shown(page)
    assert not others & set(shown(page).split())
    assert "1–1 of 1" in shown(page)


def test_a_whole_name_is_one_account_alone(story: Story, operator: Browser) -> None:
    """Though others have it in theirs; and an alias is the account that it stands for."""
    story.login()
    story.login("jim" + BOB)
    assert "1–1 of 1" in shown(operator.get(f"/logins?user={BOB}").text)
    assert "1–2 of 2" in shown(operator.get("/logins?user=bob").text)


def test_who_is_absent_and_for_how_long(story: Story, operator: Browser) -> None:
    story.login(secure=True)
    story.login(MARY)
    text = shown(operator.get("/absent?days=36000").text)
    assert f"{MARY} never SECURE" in text
    assert "sue@mydomain.com never logged in" in text
    assert BOB not in text
    assert operator.get("/absent?days=-1").status == 400


def test_one_account_has_a_page_with_all_that_is_known(story: Story, operator: Browser) -> None:
    story.login(client_name="mutt", origin="Germany")
    story.login(MARY, "SMTP")
    for _ in range(51):
        story.login(secure=True)
    assert f'href="/account?name={BOB.replace("@", "%40")}"' in operator.get("/logins").text
    text = shown(operator.get(f"/account?name={BOB}").text)
    assert "52 logins, 1 UNSECURE" in text
    assert "Cases IMAP fixed password exposed" in text
    assert "Exposures exposed on the Internet 1 time" in text
    assert "Insecure clients" in text
    assert "mutt IMAP fixed" in text
    assert "All 52 logins" in text
    assert MARY not in text


def test_an_account_may_be_in_the_logs_only(story: Story, operator: Browser) -> None:
    story.login(HOSTILE)
    assert operator.get("/account?name=nobody").status == 404
    assert operator.get("/account").status == 404
    page = operator.get("/account?name=" + quote(HOSTILE))
    assert "it is not an account of this server" in shown(page.text)
    assert "<img src=x" not in page.text


def test_times_say_their_zone_and_logins_their_second(story: Story, operator: Browser) -> None:
    story.login()
    page = operator.get("/logins").text
    assert "23 Nov 2026 09:00:00" in shown(page)
    assert "Times are in UTC." in shown(page)
