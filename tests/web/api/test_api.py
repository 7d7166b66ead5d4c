"""The API: who is let in, and what they read (DESIGN 4)."""

import pytest

from mailauth.login.event import Result
from mailauth.login.policy import Cleartext
from mailauth.sasl import TokenVerdict
from tests.web.browser import TLS, Browser, Connection, Server, basic, bearer

BASIC_CHALLENGE = 'Basic realm="mailauth", charset="UTF-8"'


def test_basic_credentials_are_a_login(server: Server) -> None:
    """DESIGN 4: on TLS the line says SECURE."""
    answer = Connection(server, hop=TLS).request("GET", "/api/v1/me", basic("Bob"))
    assert answer.status == 200
    assert answer.json() == {
        "user": "bob@mydomain.com",
        "role": "user",
        "secure": True,
        "security": "implicit",
    }
    [login] = server.recorder.logins
    assert (login.user, login.mechanism, login.secure) == ("bob@mydomain.com", "HTTP-BASIC", True)


@pytest.mark.parametrize("fields", [{}, basic("bob", "wrong"), basic("nobody"), basic("")])
def test_wrong_credentials_are_401(server: Server, fields: dict[str, str]) -> None:
    answer = Connection(server).request("GET", "/api/v1/me", fields)
    assert (answer.status, answer.fields["www-authenticate"]) == (401, BASIC_CHALLENGE)
    assert server.recorder.logins == []
    assert len(server.recorder.attempts) == len(fields)


def test_the_same_credentials_on_one_connection_are_one_login(server: Server) -> None:
    connection = Connection(server)
    for _ in range(3):
        assert connection.request("GET", "/api/v1/me", basic("bob")).status == 200
    assert len(server.recorder.logins) == 1
    assert connection.request("GET", "/api/v1/me", basic("sue")).status == 200
    assert connection.request("GET", "/api/v1/me", basic("bob")).status == 200
    assert len(server.recorder.logins) == 2
    assert Connection(server).request("GET", "/api/v1/me", basic("bob")).status == 200
    assert len(server.recorder.logins) == 3


def test_credentials_are_checked_anew_when_accounts_have_changed(server: Server) -> None:
    connection = Connection(server)
    connection.request("GET", "/api/v1/me", basic("bob"))
    server.authority.accounts = type(server.authority.accounts)([])
    assert connection.request("GET", "/api/v1/me", basic("bob")).status == 401


def test_a_remembered_login_gives_way_to_policy(server: Server) -> None:
    """The password crosses the wire again each time, and is refused as soon as that is the rule."""
    connection = Connection(server)
    connection.request("GET", "/api/v1/me", basic("bob"))
    server.policy = type(server.policy)(cleartext=Cleartext.REFUSE)
    assert connection.request("GET", "/api/v1/me", basic("bob")).status == 403
    assert server.recorder.attempts[-1].result is Result.CLEARTEXT_REFUSED


def test_two_clients_of_one_proxy_connection_are_two_logins() -> None:
    """DESIGN 4: repeated *by one client*; a proxy's connection carries several."""
    server = Server(forwarded_from=["10.0.0.0/8"])
    connection = Connection(server, ip="10.0.0.1")
    for ip in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
        fields = basic("bob") | {"X-Forwarded-For": ip, "X-Forwarded-Proto": "https"}
        assert connection.request("GET", "/api/v1/me", fields).status == 200
    logins = server.recorder.logins
    assert [(login.ip, login.peer, login.secure) for login in logins] == [
        ("192.0.2.1", "10.0.0.1", True),
        ("192.0.2.2", "10.0.0.1", True),
    ]


def test_what_a_trusted_proxy_says_that_cannot_be_read_is_400() -> None:
    server = Server(forwarded_from=["10.0.0.0/8"])
    fields = basic("bob") | {"Forwarded": "for=nonsense"}
    assert Connection(server, ip="10.0.0.1").request("GET", "/api/v1/me", fields).status == 400
    assert server.recorder.events == []


@pytest.mark.parametrize(
    "credentials",
    ["Basic", "Basic !!!!", "Basic Ym9i", "Basic Ym9iOgB4", "Basic Ym9iOng", "Bearer ä"],
)
def test_credentials_that_cannot_be_read_are_400(server: Server, credentials: str) -> None:
    """DESIGN 6: malformed; RFC 7617 §2 has neither control characters nor missing colons."""
    answer = Connection(server).request("GET", "/api/v1/me", {"Authorization": credentials})
    assert answer.status == 400
    [attempt] = server.recorder.attempts
    assert attempt.result is Result.MALFORMED


def test_credentials_that_are_too_long_are_431(server: Server) -> None:
    """DESIGN 6: 12,288 octets, as for SASL."""
    fields = basic("bob", "x" * 9300)
    assert Connection(server).request("GET", "/api/v1/me", fields).status == 431
    assert server.recorder.attempts[0].result is Result.MALFORMED


def test_another_scheme_is_asked_for_what_we_take(server: Server) -> None:
    answer = Connection(server).request("GET", "/api/v1/me", {"Authorization": "Digest x=y"})
    assert (answer.status, answer.fields["www-authenticate"]) == (401, BASIC_CHALLENGE)
    assert server.recorder.events == []


def test_the_token_is_no_login(server: Server) -> None:
    answer = Connection(server).request("GET", "/api/v1/me", bearer())
    assert answer.json()["user"] is None
    assert answer.json()["role"] == "admin"
    assert server.recorder.events == []


def test_a_bearer_token_is_a_login(server: Server) -> None:
    """RFC 6750 §2.1; in clear it is exposed, and it is asked anew whether it has lapsed."""
    valid = True

    def verify(token: bytes) -> TokenVerdict:
        return TokenVerdict(user=b"bob@mydomain.com", valid=valid, reason="expired")

    server.authority.verify_token = verify
    connection = Connection(server)
    for _ in range(2):
        assert connection.request("GET", "/api/v1/me", bearer("abc.def")).status == 200
    [login] = server.recorder.logins
    assert (login.mechanism, login.user, login.exposed) == ("HTTP-BEARER", "bob@mydomain.com", True)
    valid = False
    answer = connection.request("GET", "/api/v1/me", bearer("abc.def"))
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.fields["www-authenticate"]


def test_cleartext_refused_is_403() -> None:
    server = Server(cleartext=Cleartext.REFUSE)
    assert Connection(server).request("GET", "/api/v1/me", basic("bob")).status == 403
    assert Connection(server, hop=TLS).request("GET", "/api/v1/me", basic("bob")).status == 200


def test_a_login_that_cannot_be_recorded_is_503(server: Server) -> None:
    server.recorder.failing = True
    answer = Connection(server).request("GET", "/api/v1/me", basic("bob"))
    assert (answer.status, answer.fields["retry-after"]) == (503, "5")


def test_a_session_is_no_key_to_the_api(server: Server, browser: Browser) -> None:
    browser.sign_in()
    assert browser.get("/api/v1/me").status == 401


def test_logins_are_read_on_from_a_cursor(server: Server) -> None:
    for name in ("bob", "sue", "mary"):
        Browser(server).sign_in(name)
    Browser(server).sign_in("bob", "wrong")
    reader = Connection(server)
    first = reader.request("GET", "/api/v1/logins?limit=2", bearer()).json()
    assert [login["user"] for login in first["logins"]] == ["bob@mydomain.com", "sue@mydomain.com"]
    target = f"/api/v1/logins?after={first['cursor']}"
    second = reader.request("GET", target, bearer()).json()
    assert [login["user"] for login in second["logins"]] == ["mary@mydomain.com"]
    target = f"/api/v1/logins?after={second['cursor']}"
    assert reader.request("GET", target, bearer()).json() == {
        "logins": [],
        "cursor": second["cursor"],
    }
    assert len(reader.request("GET", "/api/v1/attempts", bearer()).json()["attempts"]) == 4


def test_logins_are_selected(server: Server) -> None:
    Browser(server).sign_in("bob")
    Browser(server, hop=TLS).sign_in("bob")
    Browser(server).sign_in("sue", "wrong")
    reader = Connection(server)

    def count(query: str, what: str = "logins") -> int:
        return len(reader.request("GET", f"/api/v1/{what}?{query}", bearer()).json()[what])

    assert count("secure=true") == 1
    assert count("user=bob@mydomain.com") == 2
    assert count("protocol=imap") == 0
    assert count("protocol=http") == 2
    assert count("result=bad-credentials", "attempts") == 1
    assert count("kind=connection", "attempts") == 0


@pytest.mark.parametrize(
    "query",
    ["secure=maybe", "protocol=ftp", "limit=-1", "limit=1001", "after=x", "after=²", "a=%ff"],
)
def test_a_query_that_makes_no_sense_is_400(server: Server, query: str) -> None:
    target = f"/api/v1/logins?{query}".encode().decode("latin-1")
    answer = Connection(server).request("GET", target, bearer())
    assert answer.status == 400


def test_a_user_reads_nobody_else_s_logins(server: Server) -> None:
    """DESIGN 4: role `user` sees the sign-ins of that account only."""
    Browser(server).sign_in("sue")
    reader = Connection(server)
    for target in ("/api/v1/logins", "/api/v1/logins?user=sue@mydomain.com", "/api/v1/attempts"):
        answer = reader.request("GET", target, basic("bob")).json()
        [seen] = answer.get("logins") or answer["attempts"]
        assert seen["user"] == "bob@mydomain.com"
