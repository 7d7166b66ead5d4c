"""The one-time link that opens the console for its operator (DESIGN 4)."""

import pytest

from mailauth.web.session.admin_link import LIFETIME_SECONDS
from tests.web.browser import TLS, Browser, Connection, Server


def test_the_link_opens_the_console_without_a_login(server: Server) -> None:
    browser = Browser(server, ip="127.0.0.1")
    answer = browser.get(server.site.admin_link())
    assert (answer.status, answer.fields["location"]) == (303, "/")
    assert answer.fields["referrer-policy"] == "no-referrer"
    assert "operator" in browser.get("/").text
    assert server.recorder.events == []


def test_the_link_works_once(server: Server) -> None:
    link = server.site.admin_link()
    assert Browser(server, ip="::1").get(link).status == 303
    again = Browser(server, ip="::1")
    assert again.get(link).status == 403
    assert 'type="password"' in again.get("/").text


def test_the_link_works_for_ten_minutes(server: Server) -> None:
    link = server.site.admin_link()
    server.now.advance(LIFETIME_SECONDS + 1)
    assert Browser(server, ip="127.0.0.1").get(link).status == 403


def test_looking_at_the_link_does_not_use_it(server: Server) -> None:
    link = server.site.admin_link()
    assert Connection(server, ip="127.0.0.1").request("HEAD", link).status == 405
    assert Browser(server, ip="127.0.0.1").get(link).status == 303


def test_nobody_else_opens_it_and_it_stays_good(server: Server) -> None:
    """Loopback peers only: not the clients of a proxy on this machine, whichever it speaks."""
    link = server.site.admin_link()
    assert Browser(server, ip="192.0.2.7").get(link).status == 403
    assert Connection(server, ip="192.0.2.7", peer="127.0.0.1").request("GET", link).status == 403
    assert Connection(server, ip="127.0.0.1", peer="192.0.2.9").request("GET", link).status == 403
    for name in ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "Via", "X-Real-IP"):
        fields = {name: "for=127.0.0.1"}
        assert Connection(server, ip="127.0.0.1").request("GET", link, fields).status == 403
    assert Browser(server, ip="127.0.0.1").get(link).status == 303


@pytest.mark.parametrize("path", ["/open/", "/open/x", "/open/%00"])
def test_a_guess_opens_nothing(server: Server, path: str) -> None:
    server.site.admin_link()
    assert Browser(server, ip="127.0.0.1").get(path).status == 403


def test_the_operator_s_session_ends_nobody_else_s(server: Server) -> None:
    mary = Browser(server, hop=TLS)
    mary.sign_in()
    operator = Browser(server, ip="127.0.0.1")
    operator.get(server.site.admin_link())
    assert "mary@mydomain.com" in mary.get("/").text
