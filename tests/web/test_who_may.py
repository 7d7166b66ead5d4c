"""Who may have what: every route of the site, by who asks for it."""

import enum
from pathlib import Path
from typing import assert_never

import msgspec
import pytest
from twisted.internet.defer import maybeDeferred

from mailauth.faults import Fault
from mailauth.web.routes import METHODS, Door, OpenRoute, Route, TokenRoute
from tests.support.writing import BOB, Story
from tests.web.browser import Answer, Browser, Connection, Server, basic, bearer

MARY = "mary@mydomain.com"
ROOT = ("root@mydomain.com", "in charge")


class Kind(enum.Enum):
    """What a route is for."""

    OPEN = "anybody"
    START = "the form for visitors, a page for others"
    PAGE = "whoever has a session"
    ADMIN_PAGE = "administrators with a session"
    FORM = "administrators, by a form of ours"
    API = "whoever logs in, or the token"
    ADMIN_API = "administrators who log in, or the token"
    TOKEN = "the token"
    EITHER = "whoever has a session or logs in, or the token"


# What is answered nobody, a user, an administrator, and the token. Whoever has no session is sent
# to the form; a change leads back to its page.
ANSWERS = {
    Kind.OPEN: (200, 200, 200, 200),
    Kind.START: (200, 200, 200, 200),
    Kind.PAGE: (303, 200, 200, 303),
    Kind.ADMIN_PAGE: (303, 403, 200, 303),
    Kind.FORM: (303, 403, 303, 303),
    Kind.API: (401, 200, 200, 200),
    Kind.ADMIN_API: (401, 403, 200, 200),
    Kind.TOKEN: (401, 401, 401, 200),
    Kind.EITHER: (401, 200, 200, 200),
}


class Row(msgspec.Struct, frozen=True):
    """A route, a target that it answers, and the form that it is sent."""

    method: str
    path: str
    kind: Kind
    target: str | None = None
    form: dict[str, str] | None = None


ACCOUNT = {"account": BOB}
SURE = {**ACCOUNT, "confirmed": "yes"}
FAULT = f"/api/v1/listeners/imap/fault/{next(iter(Fault)).value}"

TABLE = [
    Row("GET", "/healthz", Kind.OPEN),
    Row("GET", "/setup", Kind.OPEN),
    Row("GET", "/sign-in", Kind.OPEN),
    Row("GET", "/static/{name}", Kind.OPEN, "/static/console.css"),
    Row("GET", "/", Kind.START),
    Row("GET", "/records/{number}", Kind.PAGE, "/records/1"),
    Row("GET", "/cases", Kind.ADMIN_PAGE),
    Row("GET", "/insecure", Kind.ADMIN_PAGE),
    Row("GET", "/exposures", Kind.ADMIN_PAGE),
    Row("GET", "/cutoff", Kind.ADMIN_PAGE),
    Row("GET", "/logins", Kind.ADMIN_PAGE),
    Row("GET", "/countries", Kind.ADMIN_PAGE),
    Row("GET", "/absent", Kind.ADMIN_PAGE),
    Row("GET", "/account", Kind.ADMIN_PAGE, "/account?name=bob%40mydomain.com"),
    Row("GET", "/live", Kind.ADMIN_PAGE),
    Row("GET", "/accounts", Kind.ADMIN_PAGE),
    Row("GET", "/connections", Kind.ADMIN_PAGE),
    Row("GET", "/listeners", Kind.ADMIN_PAGE),
    Row("GET", "/log", Kind.ADMIN_PAGE),
    Row("POST", "/password-changed", Kind.FORM, form=SURE),
    Row("POST", "/disable", Kind.FORM, form=SURE),
    Row("POST", "/enable", Kind.FORM, form=ACCOUNT),
    Row("POST", "/unblock", Kind.FORM, form={"address": "198.51.100.9"}),
    Row("POST", "/cleartext", Kind.FORM, form={"listener": "imap", "cleartext": "allow"}),
    Row("GET", "/api/v1/openapi.json", Kind.OPEN),
    Row("GET", "/api/v1/me", Kind.API),
    Row("GET", "/api/v1/logins", Kind.API),
    Row("GET", "/api/v1/attempts", Kind.API),
    Row("GET", "/api/v1/cases", Kind.API),
    Row("GET", "/api/v1/insecure", Kind.API),
    Row("GET", "/api/v1/exposures", Kind.API),
    Row("GET", "/api/v1/countries", Kind.API),
    Row("GET", "/api/v1/cutoff", Kind.ADMIN_API),
    Row("GET", "/api/v1/absent", Kind.ADMIN_API),
    Row("GET", "/api/v1/blocks", Kind.ADMIN_API),
    Row("DELETE", "/api/v1/blocks/{address}", Kind.ADMIN_API, "/api/v1/blocks/198.51.100.9"),
    Row("GET", "/api/v1/accounts", Kind.ADMIN_API),
    Row("GET", "/api/v1/listeners", Kind.ADMIN_API),
    Row("GET", "/api/v1/connections", Kind.ADMIN_API),
    Row("POST", "/api/v1/reset", Kind.ADMIN_API),
    Row("PUT", "/api/v1/listeners/{name}/fault/{fault}", Kind.ADMIN_API, FAULT),
    Row("DELETE", "/api/v1/listeners/{name}/fault/{fault}", Kind.ADMIN_API, FAULT),
    Row("DELETE", "/api/v1/listeners/{name}/fault", Kind.ADMIN_API, "/api/v1/listeners/imap/fault"),
    Row("GET", "/metrics", Kind.TOKEN),
    Row("GET", "/events", Kind.EITHER),
]

# What has tests of its own: signing in and out, the one-time link, what sets mail clients up.
ELSEWHERE = {
    ("GET", "/ca.pem"): "test_setup",
    ("GET", "/ca.crt"): "test_setup",
    ("POST", "/sign-in"): "test_sign_in",
    ("POST", "/sign-out"): "test_sign_in",
    ("GET", "/open/{token}"): "test_admin_link",
    ("POST", "/token"): "test_tokens",  # credentials come in the form
    ("POST", "/revoke"): "test_tokens",
}
AUTOCONFIG = "test_autoconfig"

by_route = pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.method} {row.path}")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server with a story in its log, whose first record is mary's and known to the feed."""
    monkeypatch.setattr("mailauth.web.console.log_pages.deferToThread", maybeDeferred)
    story = Story(tmp_path / "logs")
    story.login(MARY, client_name="of-mary")
    story.login(BOB, client_name="of-bob")
    server = Server(logs=tmp_path / "logs")
    Browser(server).sign_in(MARY)
    block(server)
    return server


def block(server: Server) -> None:
    """Block an address, which is a route's to unblock."""
    for _ in range(6):
        server.authority.blocking.failed("198.51.100.9")


def test_every_route_has_its_row(server: Server) -> None:
    """Whoever adds a route says here who may have it."""
    rows = [(row.method, row.path) for row in TABLE]
    known = {(route.method, route.path) for route in server.site.routes}
    elsewhere = {*ELSEWHERE, *(one for one in known if _sets_clients_up(one[1]))}
    assert len(set(rows)) == len(rows)
    assert set(rows) | elsewhere == known
    assert not set(rows) & elsewhere
    for module in {*ELSEWHERE.values(), AUTOCONFIG}:
        assert list(Path(__file__).parent.rglob(f"{module}.py"))


@by_route
def test_nobody_a_user_an_administrator_and_the_token(server: Server, row: Row) -> None:
    nobody, user, admin, token = ANSWERS[row.kind]
    assert _ask(server, row).status == nobody
    assert _as(server, row, MARY, "secret").status == user
    assert _ask(server, row, bearer()).status == token
    block(server)
    assert _as(server, row, *ROOT).status == admin


@by_route
def test_the_kind_is_the_route_s_own(server: Server, row: Row) -> None:
    """The table's kind and the door in the code say the same: none is open by mistake."""
    [route] = [
        one for one in server.site.routes if (one.method, one.path) == (row.method, row.path)
    ]
    match route:
        case OpenRoute():
            assert row.kind is Kind.OPEN
        case TokenRoute():
            assert row.kind is Kind.TOKEN
        case Route(door=door):
            assert (
                row.kind
                in {
                    Door.SESSION: {Kind.START, Kind.PAGE, Kind.ADMIN_PAGE, Kind.FORM},
                    Door.API: {Kind.API, Kind.ADMIN_API},
                    Door.EITHER: {Kind.EITHER},
                }[door]
            )
        case _:
            assert_never(route)


@by_route
def test_a_wrong_method_is_told_the_right_ones(server: Server, row: Row) -> None:
    """RFC 9110 §15.5.6."""
    target = row.target or row.path
    wrong = Connection(server).request("PATCH", target, bearer())
    assert wrong.status == 405
    assert row.method in wrong.fields["allow"].split(", ")
    assert set(wrong.fields["allow"].split(", ")) <= METHODS


@by_route
def test_a_user_who_asks_for_another_s_gets_their_own(server: Server, row: Row) -> None:
    """Bob's account, client and records are not mary's to see, however she asks."""
    if row.method != "GET" or row.kind in (Kind.ADMIN_PAGE, Kind.ADMIN_API, Kind.TOKEN):
        return
    target = f"{row.target or row.path}?user=bob%40mydomain.com"
    mary = _as(server, msgspec.structs.replace(row, target=target), MARY, "secret")
    assert mary.status == 200
    assert b"of-bob" not in mary.body
    assert BOB not in mary.text.replace("bob%40", "")


FORMS = [row for row in TABLE if row.kind is Kind.FORM]


@pytest.mark.parametrize("row", FORMS, ids=lambda row: row.path)
@pytest.mark.parametrize("token", [None, "", "0" * 64])
def test_a_form_that_is_not_ours_changes_nothing(
    server: Server, row: Row, token: str | None
) -> None:
    """An administrator's browser is made to send it by another site (CSRF)."""
    root = Browser(server)
    root.sign_in(*ROOT)
    before = (
        list(server.authority.accounts),
        list(server.operations.listening),
        server.authority.blocking.is_blocked("198.51.100.9"),
        len(server.recorder.events),
    )
    values = dict(row.form or {}) | ({} if token is None else {"csrf_token": token})
    assert root.post(row.path, values).status == 403
    assert before == (
        list(server.authority.accounts),
        list(server.operations.listening),
        server.authority.blocking.is_blocked("198.51.100.9"),
        len(server.recorder.events),
    )


def _ask(server: Server, row: Row, fields: dict[str, str] | None = None) -> Answer:
    method = "HEAD" if row.kind is Kind.EITHER else row.method  # a stream does not end
    return Connection(server).request(method, row.target or row.path, fields)


def _as(server: Server, row: Row, name: str, password: str) -> Answer:
    """Ask as an account: in a session where the route wants one, else with Basic credentials."""
    if row.kind in (Kind.API, Kind.ADMIN_API, Kind.TOKEN, Kind.EITHER):
        return _ask(server, row, basic(name, password))
    browser = Browser(server)
    browser.sign_in(name, password)
    if row.form is None:
        return browser.get(row.target or row.path)
    token = browser.get("/").text.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    return browser.post(row.path, row.form | {"csrf_token": token})


def _sets_clients_up(path: str) -> bool:
    return "autoconfig" in path or "autodiscover" in path.lower() or "config-v1.1" in path
