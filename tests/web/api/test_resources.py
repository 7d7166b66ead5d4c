"""The API's other resources, and its description."""

import csv
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from mailauth.login.event import Kind
from mailauth.login.policy import Cleartext
from mailauth.web.routes import Door, Route
from tests.support.writing import Story
from tests.web.browser import Browser, Connection, Server, basic, bearer


def get(server: Server, path: str) -> Any:
    answer = Connection(server).request("GET", f"/api/v1/{path}", bearer())
    assert answer.status == 200
    return answer.json()


def test_blocks_are_listed_and_lifted(server: Server) -> None:
    for ip in ("192.0.2.1", "2001:db8::1"):
        for _ in range(6):
            server.authority.blocking.failed(ip)
    one, six = get(server, "blocks")
    assert (one["address"], one["failures"]) == ("192.0.2.1", 6)
    times = [datetime.fromisoformat(one[name]) for name in ("last_attempt", "until")]
    assert (times[1] - times[0]).total_seconds() == 600
    for address in (one["address"], six["address"]):
        target = f"/api/v1/blocks/{address.replace('/', '%2F')}"
        assert Connection(server).request("DELETE", target, bearer()).status == 200
        assert Connection(server).request("DELETE", target, bearer()).status == 404
    assert get(server, "blocks") == []
    assert [(event.kind, event.reason, event.ip) for event in server.recorder.events] == [
        (Kind.ACCOUNT, "unblocked", "192.0.2.1"),
        (Kind.ACCOUNT, "unblocked", "2001:db8::"),
    ]


def test_a_block_stays_when_lifting_it_cannot_be_recorded(server: Server) -> None:
    for _ in range(6):
        server.authority.blocking.failed("192.0.2.1")
    server.recorder.failing = True
    answer = Connection(server).request("DELETE", "/api/v1/blocks/192.0.2.1", bearer())
    assert answer.status == 503
    assert server.authority.blocking.is_blocked("192.0.2.1")


def test_accounts_are_listed_without_their_secrets(server: Server) -> None:
    accounts = get(server, "accounts")
    assert {
        "name": "bob@mydomain.com",
        "aliases": ["bob"],
        "role": "user",
        "disabled": False,
    } in accounts
    assert "secret" not in str(accounts)


def test_listeners_are_listed_as_they_stand(server: Server) -> None:
    change = server.operations.set_cleartext("pop3", Cleartext.REFUSE)
    assert Deferred.fromCoroutine(change).called
    [pop3] = [one for one in get(server, "listeners") if one["name"] == "pop3"]
    assert pop3 == {
        "name": "pop3",
        "protocol": "POP3",
        "tls": "starttls",
        "port": 2110,
        "cleartext": "refuse",
        "connections": 0,
        "faults": [],
    }


def test_faults_are_added_and_ended(server: Server) -> None:
    connection = Connection(server)
    for method, path, faults in (
        ("PUT", "/expired", ["expired"]),
        ("PUT", "/slow", ["expired", "slow"]),
        ("PUT", "/expired", ["expired", "slow"]),
        ("DELETE", "/expired", ["slow"]),
        ("DELETE", "/expired", ["slow"]),
        ("PUT", "/stripped", ["slow", "stripped"]),
        ("DELETE", "", []),
    ):
        answer = connection.request(method, f"/api/v1/listeners/imap/fault{path}", bearer())
        assert answer.json() == {"listener": "imap", "faults": faults}
        assert [one["faults"] for one in get(server, "listeners") if one["name"] == "imap"] == [
            faults
        ]
    assert not any(one["faults"] for one in get(server, "listeners"))
    for target in ("nntp/fault/expired", "imap/fault/bad-mood"):
        for method in ("PUT", "DELETE"):
            answer = connection.request(method, f"/api/v1/listeners/{target}", bearer())
            assert answer.status == 404
    assert connection.request("DELETE", "/api/v1/listeners/nntp/fault", bearer()).status == 404


def test_reset_forgets_failures_and_says_where_to_read_on(server: Server) -> None:
    """DESIGN 4: returns a cursor, clears blocks, deletes no log."""
    Browser(server).sign_in("bob")
    for _ in range(6):
        server.authority.blocking.failed("192.0.2.1")
    answer = Connection(server).request("POST", "/api/v1/reset", bearer())
    assert answer.json() == {"cursor": 1}
    assert not server.authority.blocking.is_blocked("192.0.2.1")
    assert len(server.recorder.events) == 1


def test_a_wait_is_answered_when_the_login_comes(server: Server) -> None:
    waiting = Connection(server)
    request = b"GET /api/v1/logins?wait=30&user=sue@mydomain.com HTTP/1.1\r\nHost: localhost\r\n"
    fields = f"Authorization: {bearer()['Authorization']}\r\n\r\n".encode()
    assert waiting.send(request + fields) == b""
    Browser(server).sign_in("bob")
    server.clock.advance(1)
    assert waiting.transport.value() == b""
    Browser(server).sign_in("sue")
    server.clock.advance(1)
    assert b"sue@mydomain.com" in waiting.transport.value()


def test_no_account_can_have_the_server_busy_with_those_who_wait(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each one that waits is asked at each record; the operator's tests wait as they like."""
    monkeypatch.setattr("mailauth.web.readers.REQUESTS_EACH", 2)

    def begin_to_wait(fields: dict[str, str]) -> Connection:
        waiting = Connection(server)
        head = "GET /api/v1/logins?wait=30&protocol=POP3 HTTP/1.1\r\nHost: localhost\r\n"
        said = waiting.send(f"{head}Authorization: {fields['Authorization']}\r\n\r\n".encode())
        assert said == b"" or b" 503 " in said
        return waiting

    waiting = [begin_to_wait(basic("bob")) for _ in range(2)]
    path = "/api/v1/logins"
    assert Connection(server).request("GET", path, basic("bob")).status == 503
    assert Connection(server).request("GET", path, basic("sue")).status == 200
    for _ in range(3):
        begin_to_wait(bearer())
    assert Connection(server).request("GET", path, bearer()).status == 200
    waiting[0].lose()
    assert Connection(server).request("GET", path, basic("bob")).status == 200


def test_a_client_that_stops_waiting_leaves_nothing_behind(server: Server) -> None:
    waiting = Connection(server)
    request = b"GET /api/v1/logins?wait=30 HTTP/1.1\r\nHost: localhost\r\n"
    waiting.send(request + f"Authorization: {bearer()['Authorization']}\r\n\r\n".encode())
    waiting.lose()
    assert server.clock.getDelayedCalls() == []


def test_the_description_knows_every_route_and_says_what_it_answers(server: Server) -> None:
    description = Connection(server).request("GET", "/api/v1/openapi.json").json()
    assert description["openapi"] == "3.1.0"
    routes = [route for route in server.site.routes if isinstance(route, Route)]
    known = {(route.method.lower(), route.path) for route in routes if route.door is Door.API}
    described = {
        (method, path) for path, operations in description["paths"].items() for method in operations
    }
    assert described == known
    logins = description["paths"]["/api/v1/logins"]["get"]
    content = logins["responses"]["200"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/Logins"}
    schemas = description["components"]["schemas"]
    properties = schemas["LoginEvent"]["properties"]
    assert "client_version" in properties
    after = next(one for one in logins["parameters"] if one["name"] == "after")
    assert after["schema"] == {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
    references = re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', str(description))
    assert set(references) <= set(schemas)


def test_reports_are_the_rows_of_the_pages(tmp_path: Path) -> None:
    """Times are in the zone of the log; a user's rows are their own."""
    story = Story(tmp_path)
    story.login(client_name="Thunderbird")
    story.login("mary@mydomain.com", origin="Germany")
    server = Server(logs=tmp_path)
    mary, bob = get(server, "cases")
    assert (mary["account"], bob["account"]) == ("mary@mydomain.com", "bob@mydomain.com")
    assert (bob["open"], bob["opened"], bob["client"]) == (
        True,
        "2026-11-23T09:00:00",
        "Thunderbird",
    )
    assert get(server, "cases?limit=1&offset=1") == [bob]
    assert get(server, "cases?until=2026-11-23T09:01") == [bob]
    assert [one["network"] for one in get(server, "exposures")] == ["Internet", "LAN"]
    assert [one["port"] for one in get(server, "cutoff")] == [2143, 2143]
    assert [one["country"] for one in get(server, "countries")] == ["Germany", "LAN"]
    assert len(get(server, "insecure?user=bob")) == 1
    names = [one["account"] for one in get(server, "absent?days=0")]
    assert set(names) == {account.name for account in server.authority.accounts}
    own = Connection(server).request("GET", "/api/v1/cases?user=mary@mydomain.com", basic("bob"))
    assert own.json() == [bob]


def test_an_answer_says_how_many_rows_there_are_and_where_the_next_are(tmp_path: Path) -> None:
    """RFC 8288; whoever follows the links has all rows, each once."""
    story = Story(tmp_path)
    for number in range(25):
        story.login(f"user{number}@mydomain.com")
    server = Server(logs=tmp_path)
    path, seen, answers = "/api/v1/cases?limit=10&account=USER", [], 0
    while path:
        answer = Connection(server).request("GET", path, bearer())
        assert answer.fields["x-total-count"] == "25"
        seen += [row["account"] for row in answer.json()]
        link = re.search(r'<([^>]*)>; rel="next"', answer.fields.get("link", ""))
        path = link[1] if link is not None else ""
        answers += 1
    assert answers == 3
    assert len(seen) == len(set(seen)) == 25
    assert re.fullmatch(
        r'</api/v1/cases\?[a-z0-9=&A-Z]*offset=10>; rel="prev"', answer.fields["link"]
    )
    beyond = Connection(server).request("GET", "/api/v1/cases?offset=30", bearer())
    assert (beyond.json(), beyond.fields["x-total-count"]) == ([], "25")


def test_without_a_limit_nothing_is_left_out_in_silence(tmp_path: Path) -> None:
    story = Story(tmp_path)
    for number in range(101):
        story.login(f"user{number}@mydomain.com")
    answer = Connection(Server(logs=tmp_path)).request("GET", "/api/v1/cases", bearer())
    assert len(answer.json()) == 100
    assert answer.fields["x-total-count"] == "101"
    assert answer.fields["link"] == '</api/v1/cases?offset=100>; rel="next"'


@pytest.mark.parametrize(
    ("query", "accept", "content_type"),
    [
        ("", None, "application/json"),
        ("", "*/*", "application/json"),
        ("", "text/csv", "text/csv; charset=utf-8"),
        ("", "text/html, Text/CSV;q=0.9, */*;q=0.1", "text/csv; charset=utf-8"),
        ("", "application/json, text/csv", "application/json"),
        ("?format=csv", "application/json", "text/csv; charset=utf-8"),
        ("?format=json", "text/csv", "application/json"),
    ],
)
def test_a_report_is_had_as_csv(
    tmp_path: Path, query: str, accept: str | None, content_type: str
) -> None:
    """RFC 4180, with a header, by the query or by Accept."""
    Story(tmp_path).login("=1+1@mydomain.com", client_name='Quoted "client", one')
    fields = bearer() | ({} if accept is None else {"Accept": accept})
    server = Server(logs=tmp_path)
    answer = Connection(server).request("GET", f"/api/v1/insecure{query}", fields)
    assert answer.fields["content-type"] == content_type
    assert answer.fields["x-total-count"] == "1"
    if content_type.startswith("text/csv"):
        [header, row] = csv.reader(answer.text.splitlines())
        assert dict(zip(header, row, strict=True))["client"] == 'Quoted "client", one'
        assert row[0] == "'=1+1@mydomain.com"


@pytest.mark.parametrize(
    "query", ["absent?client=x", "countries?address=1", "cases?format=xml", "cases?limit=1001"]
)
def test_what_a_report_cannot_be_asked_by_is_said(tmp_path: Path, query: str) -> None:
    Story(tmp_path).login()
    answer = Connection(Server(logs=tmp_path)).request("GET", f"/api/v1/{query}", bearer())
    assert answer.status == 400
    assert query.split("?")[1].split("=")[0] in answer.json()["error"]
