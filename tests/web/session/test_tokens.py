"""The token endpoint: tokens for a password or a refresh token, and each request is a login."""

from pathlib import Path
from urllib.parse import urlencode

import pytest

from mailauth.login.event import Result
from mailauth.login.policy import Cleartext
from mailauth.tokens import LIFETIME, REFRESH_LIFETIME
from tests.web.browser import TLS, Answer, Connection, Server, bearer

BOB = "bob@mydomain.com"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PASSWORD = {"grant_type": "password", "username": "bob", "password": "secret"}


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(state=tmp_path)


def post(connection: Connection, target: str, parameters: object) -> Answer:
    assert isinstance(parameters, dict | list)
    return connection.request("POST", target, FORM, urlencode(parameters).encode())


def ask(server: Server, parameters: object, *, tls: bool = True) -> Answer:
    """Ask for tokens on a connection of its own."""
    connection = Connection(server, hop=TLS) if tls else Connection(server)
    return post(connection, "/token", parameters)


def refresh(token: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token}


def me(server: Server, token: str) -> int:
    """Use a token; return the status."""
    return Connection(server, hop=TLS).request("GET", "/api/v1/me", bearer(token)).status


@pytest.mark.parametrize("tls", [True, False])
def test_a_password_is_worth_tokens(server: Server, tls: bool) -> None:
    """RFC 6749 §4.3, §5.1; the password has proved who is there, and so it is a login."""
    answer = ask(server, PASSWORD, tls=tls)
    assert answer.status == 200
    assert answer.fields["cache-control"] == "no-store"
    assert answer.fields["pragma"] == "no-cache"
    granted = answer.json()
    assert (granted["token_type"], granted["expires_in"]) == ("Bearer", 3600)
    assert granted["scope"] == "mail"
    [login] = server.recorder.logins
    assert (login.mechanism, login.user, login.secure) == ("OAUTH-PASSWORD", BOB, tls)
    assert login.exposed is not tls
    assert me(server, granted["access_token"]) == 200
    assert [one.mechanism for one in server.recorder.logins] == ["OAUTH-PASSWORD", "HTTP-BEARER"]


@pytest.mark.parametrize("tls", [True, False])
def test_a_refresh_token_is_worth_new_ones(server: Server, tls: bool) -> None:
    """RFC 6749 §6; it is as good as a password, and exposed in the clear."""
    first = ask(server, PASSWORD).json()
    server.now.advance(LIFETIME)
    assert me(server, first["access_token"]) == 401
    answer = ask(server, refresh(first["refresh_token"]), tls=tls)
    assert answer.status == 200
    login = server.recorder.logins[-1]
    assert (login.mechanism, login.user) == ("OAUTH-REFRESH", BOB)
    assert login.exposed is not tls
    assert me(server, answer.json()["access_token"]) == 200


def test_neither_token_stands_for_the_other(server: Server) -> None:
    """RFC 6749 §1.5: refresh tokens are for the issuer alone."""
    granted = ask(server, PASSWORD).json()
    assert me(server, granted["refresh_token"]) == 401
    assert server.recorder.events[-1].reason == "token for the wrong audience"
    answer = ask(server, refresh(granted["access_token"]))
    assert (answer.status, answer.json()["error"]) == (400, "invalid_grant")
    assert server.recorder.events[-1].reason == "token for the wrong audience"


def test_a_token_can_be_for_another_audience(server: Server) -> None:
    """So that a client can be tested with one that the mail server refuses."""
    granted = ask(server, PASSWORD | {"audience": "calendar"}).json()
    assert me(server, granted["access_token"]) == 401
    assert server.recorder.events[-1].reason == "token for the wrong audience"


def test_a_refresh_token_expires(server: Server) -> None:
    granted = ask(server, PASSWORD).json()
    server.now.advance(REFRESH_LIFETIME)
    assert ask(server, refresh(granted["refresh_token"])).json()["error"] == "invalid_grant"
    assert server.recorder.events[-1].reason == "token expired"


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_revoked_token_is_worth_nothing(server: Server, kind: str) -> None:
    """RFC 7009 §2."""
    token = ask(server, PASSWORD).json()[kind]
    assert post(Connection(server, hop=TLS), "/revoke", {"token": token}).status == 200
    if kind == "access_token":
        assert me(server, token) == 401
    else:
        assert ask(server, refresh(token)).status == 400
    assert server.recorder.events[-1].reason == "token revoked"


@pytest.mark.parametrize(
    ("parameters", "status", "error"),
    [({"token": "none of ours"}, 200, None), ({}, 400, "invalid_request")],
)
def test_what_is_revoked_need_not_be_ours(
    server: Server, parameters: dict[str, str], status: int, error: str | None
) -> None:
    """RFC 7009 §2.2: an invalid token is no error."""
    answer = post(Connection(server, hop=TLS), "/revoke", parameters)
    assert (answer.status, answer.json().get("error")) == (status, error)
    assert server.recorder.events == []


@pytest.mark.parametrize(
    ("parameters", "result"),
    [
        (PASSWORD | {"password": "wrong"}, Result.BAD_CREDENTIALS),
        (PASSWORD | {"username": "nobody"}, Result.BAD_CREDENTIALS),
        (refresh("none.of.ours"), Result.BAD_CREDENTIALS),
        (PASSWORD | {"password": "x" * 13_000}, Result.MALFORMED),
        (refresh("x" * 13_000), Result.MALFORMED),
    ],
)
def test_a_login_that_fails_is_an_error_of_rfc_6749(
    server: Server, parameters: dict[str, str], result: Result
) -> None:
    """RFC 6749 §5.2."""
    answer = ask(server, parameters)
    expected = "invalid_request" if result is Result.MALFORMED else "invalid_grant"
    assert (answer.status, answer.json()["error"]) == (400, expected)
    assert answer.fields["cache-control"] == "no-store"
    [attempt] = server.recorder.attempts
    assert (attempt.result, attempt.exposed) == (result, False)


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "invalid_request"),
        ({"grant_type": "password", "username": "bob"}, "invalid_request"),
        ({"grant_type": "password", "username": "bob", "password": ""}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ([("grant_type", "password")] * 2, "invalid_request"),
    ],
)
def test_a_request_without_credentials_is_no_attempt(
    server: Server, parameters: object, error: str
) -> None:
    """RFC 6749 §3.2, §5.2."""
    answer = ask(server, parameters)
    assert (answer.status, answer.json()["error"]) == (400, error)
    assert server.recorder.events == []


@pytest.mark.parametrize(
    "parameters",
    [
        PASSWORD | {"grant_type": "implicit"},
        {"username": "bob", "password": "secret"},
        [*PASSWORD.items(), ("scope", "a"), ("scope", "b")],
        [*PASSWORD.items(), ("password", "other")],
    ],
)
def test_a_password_in_a_request_that_makes_no_sense_is_recorded(
    server: Server, parameters: object
) -> None:
    """What has crossed the hop has crossed it; a password is never tried twice, or half."""
    assert ask(server, parameters, tls=False).status == 400
    [attempt] = server.recorder.attempts
    assert (attempt.result, attempt.mechanism) == (Result.MALFORMED, "OAUTH-PASSWORD")
    assert (attempt.user, attempt.exposed) == (BOB, True)


def test_a_password_without_a_name_is_nobodys(server: Server) -> None:
    assert ask(server, {"grant_type": "password", "password": "secret"}).status == 400
    [attempt] = server.recorder.attempts
    assert (attempt.result, attempt.user) == (Result.MALFORMED, None)


def test_a_blocked_client_hears_what_a_wrong_password_hears(server: Server) -> None:
    """DESIGN 2.6: by the reply nobody knows."""
    granted = ask(server, PASSWORD).json()
    for _ in range(6):
        wrong = ask(server, PASSWORD | {"password": "wrong"})
    for parameters in (PASSWORD, refresh(granted["refresh_token"])):
        answer = ask(server, parameters)
        assert (answer.status, answer.body) == (wrong.status, wrong.body)
        assert server.recorder.attempts[-1].result is Result.BLOCKED


def test_cleartext_refused_is_an_invalid_request(tmp_path: Path) -> None:
    """RFC 6749 §3.2 wants TLS; a listener may want it too."""
    server = Server(cleartext=Cleartext.REFUSE, state=tmp_path)
    answer = ask(server, PASSWORD, tls=False)
    assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
    [attempt] = server.recorder.attempts
    assert (attempt.result, attempt.exposed) == (Result.CLEARTEXT_REFUSED, True)
    assert ask(server, PASSWORD).status == 200


def test_a_login_that_cannot_be_recorded_grants_nothing(server: Server) -> None:
    """The record comes before the answer."""
    server.recorder.failing = True
    answer = ask(server, PASSWORD)
    assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")


def test_other_methods_and_contents_are_refused_as_json(server: Server) -> None:
    connection = Connection(server, hop=TLS)
    answer = connection.request("GET", "/token")
    assert (answer.status, answer.fields["allow"]) == (405, "POST")
    answer = connection.request("POST", "/token", {"Content-Type": "application/json"}, b"{}")
    assert (answer.status, answer.json()["error"]) == (400, "invalid_request")


def test_no_secret_is_in_the_record(server: Server) -> None:
    granted = ask(server, PASSWORD).json()
    ask(server, refresh(granted["refresh_token"]))
    ask(server, refresh(granted["access_token"]))
    assert len(server.recorder.events) == 3
    for event in server.recorder.events:
        for secret in ("secret", granted["access_token"], granted["refresh_token"]):
            assert secret not in repr(event)
