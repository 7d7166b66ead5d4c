"""Signing in to the console by its form, and out again (DESIGN 4)."""

import pytest

from mailauth.login.accounts import Account
from mailauth.login.event import Result
from mailauth.login.policy import Cleartext
from mailauth.login.secrets import PlaintextSecret
from mailauth.web.session.sessions import LIFETIME_SECONDS
from tests.web.browser import TLS, Browser, Server


def test_the_start_page_of_a_visitor_is_the_form(browser: Browser) -> None:
    page = browser.get("/")
    assert page.status == 200
    assert 'type="password"' in page.text


def test_a_sign_in_is_a_login_recorded_before_the_answer(server: Server, browser: Browser) -> None:
    """DESIGN 2.5, 4: signing in on the plain port writes `[HTTP] {UNSECURE}`."""
    answer = browser.sign_in()
    assert (answer.status, answer.fields["location"]) == (303, "/")
    [login] = server.recorder.logins
    assert (login.user, login.secure, login.mechanism) == ("mary@mydomain.com", False, "HTTP-FORM")
    assert login.exposed is True
    page = browser.get("/")
    assert page.status == 200
    assert "mary@mydomain.com" in page.text
    assert len(server.recorder.events) == 1


def test_a_sign_in_over_tls_is_secure(server: Server) -> None:
    """DESIGN 4: on the TLS port the same writes `[HTTP] {SECURE}`."""
    browser = Browser(server, hop=TLS)
    assert browser.sign_in().status == 303
    [login] = server.recorder.logins
    assert (login.secure, login.exposed, login.tls_version) == (True, False, "TLSv1.3")


@pytest.mark.parametrize(
    ("hop", "name", "attributes"),
    [
        (None, "mailauth", {"Path=/", "HttpOnly", "SameSite=Lax"}),
        (TLS, "__Host-mailauth", {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"}),
    ],
)
def test_the_session_cookie(server: Server, hop: object, name: str, attributes: set[str]) -> None:
    browser = Browser(server, hop=TLS) if hop else Browser(server)
    [cookie] = browser.sign_in().cookies
    pair, *rest = cookie.split("; ")
    assert pair.partition("=")[0] == name
    assert set(rest) == attributes


def test_a_session_is_valid_on_its_own_kind_of_port_alone(server: Server) -> None:
    """DESIGN 4: neither kind of cookie is valid on the other kind of port, under either name."""
    plain, tls = Browser(server), Browser(server, hop=TLS)
    plain.sign_in()
    tls.sign_in()
    value, tls_value = plain.cookies["mailauth"], tls.cookies["__Host-mailauth"]
    for name in ("mailauth", "__Host-mailauth"):
        tls.cookies = {name: value}
        assert 'type="password"' in tls.get("/").text
        plain.cookies = {name: tls_value}
        assert 'type="password"' in plain.get("/").text


@pytest.mark.parametrize(("name", "password"), [("mary", "wrong"), ("nobody", "secret"), ("", "")])
def test_a_wrong_sign_in_is_403_with_the_form_again(
    server: Server, browser: Browser, name: str, password: str
) -> None:
    answer = browser.sign_in(name, password)
    assert answer.status == 403
    assert 'type="password"' in answer.text
    assert "mailauth" not in browser.cookies
    assert server.recorder.logins == []
    [attempt] = server.recorder.attempts
    assert attempt.result is Result.BAD_CREDENTIALS


def test_blocked_and_disabled_look_like_a_wrong_password(server: Server) -> None:
    """DESIGN 2.6, 4: the right password of a blocked client is answered just like a wrong one."""
    server.replace(Account(name="off@x", secret=PlaintextSecret(b"secret"), disabled=True))
    wrong = Browser(server, ip="192.0.2.1").sign_in("sue", "wrong")
    disabled = Browser(server, ip="192.0.2.2").sign_in("off@x", "secret")
    for _ in range(6):
        Browser(server, ip="192.0.2.3").sign_in("sue", "wrong")
    blocked = Browser(server, ip="192.0.2.3").sign_in("sue", "secret")
    assert wrong.status == disabled.status == blocked.status == 403
    assert server.recorder.attempts[-1].result is Result.BLOCKED
    assert server.recorder.logins == []
    alert = 'role="alert">The name or the password is wrong.'
    assert alert in wrong.text
    assert alert in disabled.text
    assert alert in blocked.text


def test_a_name_is_shown_again_escaped(browser: Browser) -> None:
    answer = browser.sign_in('"><script>alert(1)</script>', "wrong")
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text


@pytest.mark.parametrize("token", [None, "", "0" * 64, "\u00e9"])
def test_a_form_that_is_not_ours_is_not_tried(
    server: Server, browser: Browser, token: str | None
) -> None:
    """CSRF; the password that came with it is exposed all the same."""
    browser.get("/sign-in")
    values = {"username": "mary", "password": "secret"}
    answer = browser.post("/sign-in", values | ({} if token is None else {"csrf_token": token}))
    assert answer.status == 400
    assert 'type="password"' in answer.text
    assert server.recorder.logins == []
    [attempt] = server.recorder.attempts
    assert (attempt.result, attempt.exposed) == (Result.MALFORMED, True)


def test_a_token_of_another_visitor_is_worth_nothing(server: Server) -> None:
    page = Browser(server).get("/sign-in")
    other = Browser(server)
    other.get("/sign-in")
    answer = other.submit(page, "/sign-in", username="mary", password="secret")
    assert answer.status == 400


def test_cleartext_refused_is_403_and_recorded_as_such() -> None:
    """DESIGN 6; whether a login is permitted does not change the verdict."""
    server = Server(cleartext=Cleartext.REFUSE)
    answer = Browser(server).sign_in()
    assert answer.status == 403
    assert "https" in answer.text
    [attempt] = server.recorder.attempts
    assert (attempt.result, attempt.exposed) == (Result.CLEARTEXT_REFUSED, True)
    assert Browser(server, hop=TLS).sign_in().status == 303


def test_a_login_that_cannot_be_recorded_is_503(server: Server, browser: Browser) -> None:
    """DESIGN 2.5: fail closed."""
    server.recorder.failing = True
    assert browser.sign_in().status == 503
    assert "mailauth" not in browser.cookies


def test_the_answer_waits_for_the_record(server: Server, browser: Browser) -> None:
    """DESIGN 2.5: the record is written before the client is told."""
    page = browser.get("/sign-in")
    server.recorder.slow = True
    connection = browser.connection
    token = page.text.split('name="csrf_token" value="')[1][:64]
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    body = f"username=mary&password=secret&csrf_token={token}".encode()
    head = (
        "POST /sign-in HTTP/1.1\r\n"
        "Host: [::]\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Cookie: {cookie}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    assert connection.send(head.encode() + body) == b""
    server.recorder.release()
    assert connection.transport.value().startswith(b"HTTP/1.1 303 See Other\r\n")


def test_a_client_that_leaves_while_its_login_is_recorded(server: Server) -> None:
    """The record stands; nobody is answered."""
    browser = Browser(server)
    page = browser.get("/sign-in")
    server.recorder.slow = True
    with pytest.raises(Exception, match=r"."):
        browser.submit(page, "/sign-in", username="mary", password="secret")
    browser.connection.lose()
    server.recorder.release()
    assert len(server.recorder.logins) == 1


def test_signing_out_ends_the_session(server: Server, browser: Browser) -> None:
    browser.sign_in()
    kept = dict(browser.cookies)
    page = browser.get("/")
    assert browser.submit(page, "/sign-out").status == 303
    assert "mailauth" not in browser.cookies
    browser.cookies = kept
    assert 'type="password"' in browser.get("/").text


def test_signing_out_takes_the_form_of_the_session(browser: Browser) -> None:
    browser.sign_in()
    assert browser.post("/sign-out", {}).status == 403
    assert 'action="/sign-out"' in browser.get("/").text


def test_a_new_sign_in_has_a_new_session(browser: Browser) -> None:
    """No session that somebody else may have planted is taken over."""
    browser.sign_in()
    first = browser.cookies["mailauth"]
    browser.sign_in("bob")
    assert browser.cookies["mailauth"] != first
    browser.cookies["mailauth"] = first
    assert 'type="password"' in browser.get("/").text


@pytest.mark.parametrize(
    ("changed", "stands"),
    [
        (Account(name="mary@mydomain.com", secret=PlaintextSecret(b"secret")), True),
        (Account(name="mary@mydomain.com", secret=PlaintextSecret(b"changed")), False),
        (
            Account(name="mary@mydomain.com", secret=PlaintextSecret(b"secret"), disabled=True),
            False,
        ),
    ],
)
def test_a_changed_password_or_a_disabled_account_ends_its_sessions(
    server: Server, browser: Browser, changed: Account, stands: bool
) -> None:
    browser.sign_in()
    server.replace(changed)
    assert ('action="/sign-out"' in browser.get("/").text) is stands


def test_a_session_lapses_when_it_is_not_used(server: Server, browser: Browser) -> None:
    browser.sign_in()
    server.now.advance(LIFETIME_SECONDS - 1)
    assert 'action="/sign-out"' in browser.get("/").text
    server.now.advance(LIFETIME_SECONDS + 1)
    assert 'type="password"' in browser.get("/").text


def test_the_wanted_page_is_shown_after_the_sign_in(browser: Browser) -> None:
    page = browser.get("/sign-in?next=/setup%3Fmode%3Dplain")
    answer = browser.submit(page, "/sign-in", username="mary", password="secret")
    assert answer.fields["location"] == "/setup?mode=plain"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "evil", "/a b", "/a\r\nX: y"],
)
def test_nobody_is_sent_elsewhere(browser: Browser, elsewhere: str) -> None:
    page = browser.get("/sign-in")
    answer = browser.submit(page, "/sign-in", username="mary", password="secret", next=elsewhere)
    assert answer.fields["location"] == "/"


def test_the_client_is_named_by_its_user_agent(server: Server, browser: Browser) -> None:
    browser.connection.request(
        "POST",
        "/sign-in",
        {
            "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Content-Type": "application/x-www-form-urlencoded",
        },
        b"username=mary&password=secret",
    )
    [attempt] = server.recorder.attempts
    assert (attempt.client_name, attempt.client_version) == ("Firefox", "140.0")


def test_a_password_typed_into_the_name_field_is_not_recorded(
    server: Server, browser: Browser
) -> None:
    """DESIGN 2.2."""
    browser.sign_in("hunter2", "hunter2")
    assert server.recorder.attempts[0].authcid == "*"


def test_ten_failures_end_the_connection(server: Server) -> None:
    """DESIGN 2.6."""
    server.authority.blocking.befriend([])
    browser = Browser(server)
    for _ in range(9):
        assert "connection" not in browser.sign_in("sue", "wrong").fields
    assert browser.sign_in("sue", "wrong").fields["connection"] == "close"
    assert browser.connection.closed
