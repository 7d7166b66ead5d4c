"""Logins of which another server's log does not say whether TLS was used, in the console."""

import re
from pathlib import Path

import pytest

from mailauth.events.selection import Selection
from mailauth.login.event import Kind, Result, Service
from tests.support.writing import BOB, Story
from tests.web.browser import Browser, Server
from tests.web.console.test_report_pages import MARY, shown


def signed_in(server: Server) -> Browser:
    browser = Browser(server, ip="127.0.0.1")
    browser.get(server.site.admin_link())
    return browser


@pytest.fixture
def operator(tmp_path: Path) -> Browser:
    """Signed in to the console of a watched server, with a login of each verdict."""
    story = Story(tmp_path / "logs")
    story.login(BOB, source="courier")
    story.login(BOB, secure=True, source="courier")
    for _ in range(3):
        story.event(
            Kind.LOGIN,
            line=False,
            user=MARY,
            protocol=Service.IMAP,
            listener="imapd",
            result=Result.SUCCESS,
            ip="10.11.12.102",
            origin="LAN",
            source="courier",
        )
    return signed_in(Server(logs=tmp_path / "logs", is_watched=True))


def test_the_overview_counts_and_draws_them(operator: Browser) -> None:
    page = operator.get("/").text
    assert "20 % of logins SECURE 1 UNSECURE, 3 unknown" in shown(page)
    assert '<li class="unknown">UNKNOWN</li>' in page
    assert re.search(r'<rect class="unknown"[^>]*><title>[^<]*: 3 UNKNOWN</title>', page)
    assert "/logins?protocol=IMAP&amp;secure=unknown" in page


@pytest.mark.parametrize(
    ("query", "counted"),
    [("", (1, 1, 3)), ("?secure=unknown", (0, 0, 3)), ("?secure=true", (0, 1, 0))],
)
def test_logins_are_filtered_by_the_third_verdict(
    operator: Browser, query: str, counted: tuple[int, ...]
) -> None:
    page = operator.get(f"/logins{query}").text
    table = page[page.index("<table") : page.index("</table>")]
    verdicts = re.findall(r">(UNSECURE|SECURE|UNKNOWN)<", table)
    assert tuple(map(verdicts.count, ("UNSECURE", "SECURE", "UNKNOWN"))) == counted
    assert '<option value="unknown"' in page


def test_an_account_without_any_known_verdict_is_not_secure(operator: Browser) -> None:
    page = shown(operator.get(f"/account?name={MARY}").text)
    assert "3 logins, 0 UNSECURE, 3 unknown, from" in page
    countries = shown(operator.get("/countries").text)
    assert "3 unknown" in countries


def test_files_name_them(operator: Browser) -> None:
    rows = operator.get("/logins?secure=unknown&format=csv").text.splitlines()
    assert len(rows) == 1 + 3
    assert all("UNKNOWN" in row for row in rows[1:])
    assert operator.get("/logins?secure=perhaps").status == 400


def test_live_shows_only_them(operator: Browser) -> None:
    page = operator.get("/live?kind=login&secure=unknown").text
    assert 'data-stream="/events?kind=login&amp;secure=unknown' in page
    assert re.search(r'secure=unknown" aria-current="page">Unknown<', page)


@pytest.mark.parametrize(
    ("kind", "secure", "wanted"),
    [(Kind.LOGIN, None, True), (Kind.LOGIN, False, False), (Kind.CONNECTION, None, False)],
)
def test_events_are_selected_by_the_third_verdict(
    tmp_path: Path, kind: Kind, secure: bool | None, wanted: bool
) -> None:
    event = Story(tmp_path).event(kind, line=False, secure=secure)
    assert Selection(unknown=True).wants(event) is wanted


def test_a_server_of_ours_does_not_offer_what_it_never_has(tmp_path: Path) -> None:
    Story(tmp_path / "logs").login(BOB)
    browser = signed_in(Server(logs=tmp_path / "logs"))
    page = browser.get("/logins").text
    assert "UNKNOWN" not in page
    assert "UNKNOWN" not in browser.get("/").text
