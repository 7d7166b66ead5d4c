"""The console's pages of what comes, who is there and what is open, and what is changed there."""

import re

import msgspec
import pytest

from mailauth.login.accounts import Account, Accounts
from mailauth.login.event import Attempt, ConnectionFacts, Kind, Result, Service
from mailauth.login.policy import Cleartext
from mailauth.login.secrets import PlaintextSecret
from mailauth.net.open_connections import OpenConnection
from mailauth.web.routes import Door, Route
from tests.support.events import START, event
from tests.web.browser import MX1, Browser, Server

HOSTILE = '"><img src=x onerror=alert(1)>\u202e'


@pytest.fixture
def operator(server: Server) -> Browser:
    """Whoever started the server, by the link."""
    browser = Browser(server, ip="127.0.0.1")
    browser.get(server.site.admin_link())
    return browser


def test_every_page_stands_in_the_menu_and_every_entry_leads_somewhere(
    server: Server, operator: Browser
) -> None:
    menu = operator.get("/").text.split("<nav", 1)[1].split("</nav>")[0]
    linked = set(re.findall(r'href="(/[a-z-]*)"', menu))
    pages = {
        route.path
        for route in server.site.routes
        if isinstance(route, Route)
        and route.door is Door.SESSION
        and route.method == "GET"
        and "{" not in route.path
    } - {"/account"}  # of one that is named
    assert linked == pages | {"/setup"}


def test_the_live_page_and_the_record_say_how_many_attempts_a_sum_stands_for(
    server: Server, operator: Browser
) -> None:
    summed = event(1, result=Result.BLOCKED, reason="repeated", user=None, authcid=None, count=4980)
    server.recorder.feed.publish(summed)
    assert '<span class="soft">4980 times</span>' in operator.get("/live").text
    assert "<dt>count</dt><dd>4980</dd>" in operator.get("/records/1").text


def test_the_live_page_shows_the_newest_first_and_where_to_go_on(
    server: Server, operator: Browser
) -> None:
    server.recorder.feed.publish(event(1))
    server.recorder.feed.publish(
        event(2, user=None, authcid=HOSTILE, result=Result.BAD_CREDENTIALS, secure=True)
    )
    server.recorder.feed.publish(
        event(3, kind=Kind.CONNECTION, result=None, user=None, authcid=None, reason="timeout")
    )
    page = operator.get("/live").text
    assert page.index("/records/3") < page.index("/records/2") < page.index("/records/1")
    assert 'data-stream="/events?after=3"' in page
    assert "<img src=x" not in page
    assert "timeout" in page
    assert "DB-IP" in page
    chosen = operator.get("/live?kind=login&secure=false").text
    assert "/records/1" in chosen
    assert "/records/2" not in chosen
    assert 'data-stream="/events?kind=login&amp;secure=false&amp;after=3"' in chosen


def test_an_account_is_disabled_and_enabled_again(server: Server, operator: Browser) -> None:
    """DESIGN 4: its sessions end; what happened to it is recorded."""
    bob = Browser(server)
    bob.sign_in("bob")
    page = operator.get("/accounts")
    form = next(
        form
        for form in re.findall(r"<form\b.*?</form>", page.text, re.DOTALL)
        if "bob@mydomain.com" in form
    )
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token is not None
    values = {"account": "bob@mydomain.com", "csrf_token": token[1]}
    asked = operator.post("/disable", values)
    assert (asked.status, "Disable the account?" in asked.text) == (200, True)
    assert [one for one in server.recorder.events if one.kind is Kind.ACCOUNT] == []
    assert operator.submit(asked, "/disable").status == 303
    assert 'type="password"' in bob.get("/").text
    assert bob.sign_in("bob").status == 403
    assert "disabled" in operator.get("/accounts").text
    assert operator.post("/enable", values).status == 303
    assert bob.sign_in("bob").status == 303
    changes = [one for one in server.recorder.events if one.kind is Kind.ACCOUNT]
    assert [(one.reason, one.user) for one in changes] == [
        ("disabled", "bob@mydomain.com"),
        ("enabled", "bob@mydomain.com"),
    ]
    values["account"] = "nobody"
    assert operator.post("/disable", values).status == 404
    del values["account"]
    assert operator.post("/disable", values).status == 400


def test_accounts_are_leafed_through_and_found_by_parts(server: Server, operator: Browser) -> None:
    """By an alias, too; a page is never longer than a page."""
    many = [
        Account(name=f"user{number}@example.org", secret=PlaintextSecret(b"x"))
        for number in range(250)
    ]
    boss = Account(name="zoe@example.org", secret=PlaintextSecret(b"x"), aliases=("the-boss",))
    server.authority.accounts = Accounts([*many, boss])
    pages = [operator.get(f"/accounts?page={number}").text for number in (1, 2, 3)]
    assert [page.count('<td class="account">') for page in pages] == [100, 100, 51]
    assert "101–200 of 251" in pages[1]
    assert 'rel="next"' not in pages[2]
    found = operator.get("/accounts?user=BOSS").text
    assert found.count('<td class="account">') == 1
    assert "zoe@example.org" in found
    assert "No account matches." in operator.get("/accounts?user=nobody").text


def test_nobody_locks_themselves_out(server: Server) -> None:
    root = Browser(server)
    root.sign_in("root@mydomain.com", "in charge")
    page = root.get("/listeners")
    answer = root.submit(page, "/cleartext", listener="imap", cleartext="refuse")
    assert answer.status == 303
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    values = {"account": "ROOT@mydomain.com", "csrf_token": token[1]}
    assert root.post("/disable", values).status == 403


def test_connections_and_blocks_are_shown_and_a_block_is_lifted(
    server: Server, operator: Browser
) -> None:
    server.operations.open = [
        OpenConnection(
            session="s",
            listener="imap",
            protocol=Service.IMAP,
            ip="192.0.2.200",
            port=4711,
            peer="10.0.0.1",
            secure=False,
            since=START,
            user="bob@mydomain.com",
            client_name=HOSTILE,
        )
    ]
    for _ in range(6):
        server.authority.blocking.failed("2001:db8::5")
    page = operator.get("/connections")
    assert "192.0.2.200" in page.text
    assert "<img src=x" not in page.text
    assert "2001:db8::/64" in page.text
    assert operator.submit(page, "/unblock").status == 303
    assert not server.authority.blocking.is_blocked("2001:db8::5")
    assert "2001:db8::/64" not in operator.get("/connections").text


def test_a_cut_off_is_tried_and_taken_back(server: Server, operator: Browser) -> None:
    page = operator.get("/listeners")
    answer = operator.submit(page, "/cleartext", listener="imap", cleartext="refuse")
    assert answer.status == 303
    assert server.policy.cleartext is Cleartext.REFUSE
    page = operator.get("/listeners")
    assert ">refused</span>" in page.text
    operator.submit(page, "/cleartext", listener="imap", cleartext="allow")
    assert ">refused</span>" not in operator.get("/listeners").text
    assert operator.submit(page, "/cleartext", listener="x", cleartext="allow").status == 404
    assert operator.submit(page, "/cleartext", listener="imap", cleartext="x").status == 400


def test_reporters_are_shown_with_the_listeners(server: Server, operator: Browser) -> None:
    assert "Reporters" not in operator.get("/listeners").text
    server.operations.reporting = [MX1]
    page = operator.get("/listeners").text
    for shown in ("mx1", "dovecot-policy", "5273", "17", "3"):
        assert f">{shown}<" in page.replace("<strong>", "").replace("</strong>", "")


def test_a_record_shows_what_has_told_of_it(server: Server, operator: Browser) -> None:
    facts = ConnectionFacts(protocol=Service.IMAP, ip="192.0.2.7", secure=None)
    told = Attempt(
        kind=Kind.LOGIN,
        result=Result.SUCCESS,
        user="bob",
        connection=facts,
        source="dovecot-policy",
    )
    server.recorder.record(told)
    page = operator.get("/records/1").text
    assert "<dt>source</dt><dd>dovecot-policy</dd>" in page
    assert "UNKNOWN" in page


def test_a_visitor_of_another_account_s_record(server: Server) -> None:
    """DESIGN 4: another user's data is not there at all."""
    sue = Browser(server)
    sue.sign_in("sue")
    bob = Browser(server)
    bob.sign_in("bob")
    assert sue.get("/records/1").status == 200
    assert "HTTP-FORM" in sue.get("/records/1").text
    assert bob.get("/records/1").status == 404
    assert bob.get("/records/2").status == 200
    assert bob.get("/records/99").status == 404
    assert bob.get("/records/0").status == bob.get("/records/x").status == 400


def test_a_record_shows_hostile_names_as_text(server: Server, operator: Browser) -> None:
    server.recorder.events.append(event(1, client_name=HOSTILE, user=HOSTILE))
    server.recorder.feed._newest = 1
    server.recorder.feed.publish(msgspec.structs.replace(server.recorder.events[0]))
    page = operator.get("/records/1").text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_accounts_with_hostile_names(server: Server, operator: Browser) -> None:
    [bob] = [one for one in server.authority.accounts if one.name == "bob@mydomain.com"]
    server.replace(msgspec.structs.replace(bob, name=HOSTILE, aliases=("<i>",)))
    page = operator.get("/accounts").text
    assert "<img src=x" not in page
    assert "<i>" not in page
