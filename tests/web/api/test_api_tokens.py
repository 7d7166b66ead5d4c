"""What each API token is good for, from its making until it is revoked."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailauth.tokens.api import Scope
from mailauth.web.api.streams import SIGN_OF_LIFE_SECONDS
from tests.web.api.test_streams import Listener
from tests.web.browser import Answer, Connection, Server, bearer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """A server with a state directory."""
    return Server(state=tmp_path)


def ask(server: Server, token: str, path: str, method: str = "GET") -> Answer:
    """Ask with a token."""
    return Connection(server).request(method, path, {"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize(
    ("scope", "statuses"),
    [
        (Scope.METRICS, {"/metrics": 200, "/api/v1/me": 403, "/api/v1/blocks": 403, "reset": 403}),
        (Scope.READ, {"/metrics": 200, "/api/v1/me": 200, "/api/v1/blocks": 200, "reset": 403}),
        (Scope.ADMIN, {"/metrics": 200, "/api/v1/me": 200, "/api/v1/blocks": 200, "reset": 200}),
    ],
)
def test_a_token_goes_as_far_as_its_scope(
    server: Server, scope: Scope, statuses: dict[str, int]
) -> None:
    """Using it is not a login, and a scope that does not do is not a failure of one."""
    token = server.api_tokens.create("a", scope, NOW)
    reset = statuses.pop("reset")
    for path, status in statuses.items():
        assert ask(server, token, path).status == status, path
    assert ask(server, token, "/api/v1/reset", "POST").status == reset
    stream = Listener(server, bearer(token))
    assert stream.head.startswith(b"HTTP/1.1 403" if scope is Scope.METRICS else b"HTTP/1.1 200")
    assert server.recorder.events == []


def test_a_revoked_token_lets_nobody_in(server: Server) -> None:
    token = server.api_tokens.create("a", Scope.ADMIN, NOW)
    assert ask(server, token, "/metrics").status == 200
    server.api_tokens.revoke("a")
    assert ask(server, token, "/metrics").status == 401
    assert ask(server, token, "/api/v1/me").status == 401
    for event in server.recorder.events:
        assert token not in repr(event)


def test_an_event_stream_ends_with_its_token(server: Server) -> None:
    """At the next sign of life."""
    stream = Listener(server, bearer(server.api_tokens.create("a", Scope.READ, NOW)))
    assert b"0\r\n\r\n" not in stream.wait(SIGN_OF_LIFE_SECONDS + 1)
    server.api_tokens.revoke("a")
    assert b"0\r\n\r\n" in stream.wait(SIGN_OF_LIFE_SECONDS)


def test_what_does_not_cover_the_method_is_said(server: Server) -> None:
    token = server.api_tokens.create("a", Scope.METRICS, NOW)
    answer = ask(server, token, "/api/v1/me")
    assert answer.json() == {"error": "This token has the scope metrics; read is required."}
    paths = ask(server, token, "/api/v1/openapi.json").json()["paths"]
    assert paths["/api/v1/me"]["get"]["security"] == [{"token": ["read"]}, {"login": []}]
    assert paths["/api/v1/reset"]["post"]["security"] == [{"token": ["admin"]}, {"login": []}]


def test_a_broken_file_is_told_once_and_lets_nobody_in(server: Server, tmp_path: Path) -> None:
    (tmp_path / "api-tokens").write_text("{")
    assert [ask(server, "x", "/metrics").status for _ in range(3)] == [401, 401, 401]
