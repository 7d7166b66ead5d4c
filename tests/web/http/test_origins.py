"""Who a request is meant for, and which page sent it (RFC 9110 §7.4, Fetch Metadata)."""

import pytest

from tests.web.browser import Answer, Browser, Connection, Server, basic, bearer, read

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GRANT = b"grant_type=password&username=mary@mydomain.com&password=secret"
ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
    {"Origin": "https://attacker.example"},
    {"Origin": "http://localhost:1"},
    {"Origin": "null"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
]
elsewhere = pytest.mark.parametrize("fields", ELSEWHERE, ids=str)


def ask(
    server: Server, host: str, target: str = "/healthz", fields: dict[str, str] | None = None
) -> Answer:
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in (fields or {}).items()]
    return read(Connection(server).send("\r\n".join([*lines, "", ""]).encode()))


OURS = [
    *("localhost", "localhost:5272", "LOCALHOST.", "console.localhost"),
    *("127.0.0.1", "127.0.0.1:5272", "[::1]:5272", "192.0.2.1", "[2001:db8::1]"),
    *("mail.example", "webmail.mail.example:443", "console.example", "Console.Example:80"),
]
OTHERS = [
    *("attacker.example", "attacker.example:5272", "a b", "", "localhost.attacker.example"),
    *("notlocalhost", "sub.console.example", "127.0.0.1.attacker.example", "user@localhost"),
    *("[localhost]", "::1", "127.0.0.1:x", "localhost, attacker.example", "mailauth"),
]


@pytest.fixture
def named() -> Server:
    """A server with a name and another."""
    return Server(hostname="mail.example", hosts=("console.example",))


@pytest.mark.parametrize("host", OURS)
def test_our_names_and_all_addresses_are_ours(named: Server, host: str) -> None:
    for _ in range(2):
        assert ask(named, host, "/api/v1/me", bearer()).status == 200


@pytest.mark.parametrize("host", OTHERS)
def test_a_name_that_was_pointed_here_is_not(named: Server, host: str) -> None:
    """DNS rebinding: no session, no login and no line, and the link stays good."""
    link = named.site.admin_link()
    for target in ("/", "/sign-in", "/api/v1/me", link, "/nothing", "/static/console.css"):
        answer = ask(named, host, target, basic("mary"))
        assert answer.status == 421
        assert "hosts" in answer.text
    assert named.recorder.events == []
    assert Browser(named, ip="127.0.0.1").get(link).status == 303
    assert ask(named, host).status == 200


def test_the_target_counts_where_it_has_a_name(named: Server) -> None:
    """RFC 9112 §3.2.2."""
    for target, status in (
        ("http://attacker.example/api/v1/me", 421),
        ("http://localhost/api/v1/me", 200),
        ("http://localhost@attacker.example/api/v1/me", 421),
    ):
        assert ask(named, "localhost", target, bearer()).status == status


def test_there_is_one_host(server: Server) -> None:
    """RFC 9112 §3.2."""
    connection = Connection(server)
    said = connection.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 400 ")
    assert connection.closed


def test_a_trusted_proxy_says_what_was_asked_for() -> None:
    server = Server(forwarded_from=["127.0.0.1"])
    said = {"X-Forwarded-Host": "public.example", **bearer()}
    lines = ["GET /api/v1/me HTTP/1.1", "Host: backend", *(f"{n}: {v}" for n, v in said.items())]
    request = "\r\n".join([*lines, "", ""]).encode()
    assert read(Connection(server, ip="127.0.0.1").send(request)).status == 200
    assert read(Connection(server, ip="192.0.2.1").send(request)).status == 421


@pytest.mark.parametrize("prefix", ["", "autoconfig.", "autodiscover."])
def test_mail_clients_find_their_settings_under_their_domain(server: Server, prefix: str) -> None:
    """They tell what `/setup` tells, to anybody; nothing else has these names."""
    path = "/mail/config-v1.1.xml"
    assert ask(server, f"{prefix}mydomain.com", path).status == 200
    assert ask(server, f"{prefix}attacker.example", path).status == 421
    assert ask(server, f"{prefix}mydomain.com", "/sign-in").status == 421


@elsewhere
def test_a_page_of_another_site_cannot_ask_for_a_token(
    server: Server, fields: dict[str, str]
) -> None:
    for path in ("/token", "/revoke"):
        answer = Connection(server).request("POST", path, FORM | fields, GRANT)
        assert answer.status == 403
        assert "another site" in answer.json()["error"]
    assert server.recorder.events == []


@elsewhere
def test_a_page_of_another_site_cannot_sign_anybody_in(
    server: Server, browser: Browser, fields: dict[str, str]
) -> None:
    browser.get("/sign-in")
    for path in ("/sign-in", "/sign-out", "/disable", "/api/v1/reset"):
        assert Connection(server).request("POST", path, FORM | fields, GRANT).status == 403
    assert server.recorder.events == []


@elsewhere
def test_credentials_that_a_browser_remembers_are_not_tried_for_another_site(
    server: Server, fields: dict[str, str]
) -> None:
    answer = Connection(server).request("GET", "/api/v1/me", basic("mary") | fields)
    assert answer.status == 403
    assert server.recorder.events == []


@elsewhere
def test_a_page_of_another_site_may_lead_here(server: Server, fields: dict[str, str]) -> None:
    assert Connection(server).request("GET", "/setup", fields).status == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://of.a.proxy"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost"},
        {"Origin": "HTTP://LOCALHOST:80"},
        {},
    ],
    ids=str,
)
def test_our_own_pages_log_in(server: Server, fields: dict[str, str]) -> None:
    """TLS may have ended at a proxy; where the browser tells whose page it is, that counts."""
    assert Connection(server).request("GET", "/api/v1/me", basic("mary") | fields).status == 200
