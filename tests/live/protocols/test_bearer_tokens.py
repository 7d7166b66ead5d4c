"""Bearer tokens over every way in: good ones are logins, and others say why they are not."""

import base64
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mailauth.login.event import Service
from mailauth.login.hop import Security
from mailauth.tokens import TokenIssuer
from tests.live.support.programs import Failed, run
from tests.live.support.raw_clients import BARE, Bare, Dialogue, begin, start_tls
from tests.live.support.watching import Watched
from tests.live.support.ways import BOB, HTTP, IMAP, POP3, SUBMISSION, Access, Way

EVERY_WAY = [*IMAP, *POP3, *SUBMISSION, *HTTP]


def mechanism_of(way: Way) -> str:
    """What curl chooses of what is offered."""
    return "HTTP-BEARER" if way.protocol is Service.HTTP else "OAUTHBEARER"


@pytest.fixture
def issuer(demo: Watched) -> TokenIssuer:
    """What `mailauth token` is, on the home of the server."""
    return TokenIssuer(demo.server.home / ".mailauth", time.time)


def curl(access: Access, token: str) -> None:
    """Log in with a token."""
    way = access.way
    mail = ("--mail-from", BOB, "--mail-rcpt", BOB, "--upload-file", "-", "--crlf")
    run(
        *("curl", "--silent", "--show-error", "--fail", "--cacert", str(access.ca)),
        *(("--ssl-reqd",) if way.starttls else ()),
        *("--user", f"{access.name}:", "--oauth2-bearer", token),
        *(mail if way.protocol is Service.SMTP else ()),
        f"{access.server}/{'api/v1/me' if way.protocol is Service.HTTP else ''}",
        home=access.home,
        given="Subject: a token\n\n",
    )


@pytest.mark.parametrize("way", EVERY_WAY, ids=str)
def test_a_good_token_is_a_login(
    demo: Watched, tmp_path: Path, issuer: TokenIssuer, way: Way
) -> None:
    """RFC 7628 §3.1, RFC 6750 §2.1; in the clear the token is everybody's."""
    curl(demo.access(way, tmp_path, BOB), issuer.issue(BOB))
    login = demo.the_login(way, BOB)
    assert login.mechanism == mechanism_of(way)
    assert login.exposed is (way.security is Security.CLEARTEXT)


def expired(issuer: TokenIssuer) -> str:
    return issuer.issue(BOB, lifetime=-1)


def for_another(issuer: TokenIssuer) -> str:
    return issuer.issue(BOB, audience="calendar")


def revoked(issuer: TokenIssuer) -> str:
    token = issuer.issue(BOB)
    issuer.revoke(token.encode())
    return token


LAPSED = [
    (expired, "token expired"),
    (for_another, "token for the wrong audience"),
    (revoked, "token revoked"),
]


@pytest.mark.parametrize(("lapsed", "reason"), LAPSED)
@pytest.mark.parametrize("way", [way for way in EVERY_WAY if not way.starttls], ids=str)
def test_the_record_says_why_a_token_is_refused(
    demo: Watched,
    tmp_path: Path,
    issuer: TokenIssuer,
    way: Way,
    lapsed: Callable[[TokenIssuer], str],
    reason: str,
) -> None:
    """Nothing that is worthless is exposed, and no token is written down."""
    token = lapsed(issuer)
    with pytest.raises(Failed):
        curl(demo.access(way, tmp_path, BOB), token)
    refusal = demo.the_refusal(way)
    assert (refusal.user, refusal.reason) == (BOB, reason)
    assert refusal.mechanism == mechanism_of(way)
    assert refusal.exposed is False
    for path in (demo.server.home / "logs").iterdir():
        assert token not in path.read_text()


def inside_tls(demo: Watched, bare: Bare) -> Dialogue:
    context = demo.server.trusting()
    connection = socket.create_connection(("127.0.0.1", demo.port(bare.listener)), 20)
    client = begin(connection, bare, context)
    if not bare.implicit:
        client = start_tls(client, bare, context)
    if bare.protocol == "SMTP":
        client.say(b"EHLO client.example")
        client.hear(b"250 ")
    return client


def initial_response(mechanism: str, token: str) -> bytes:
    beginning = f"n,a={BOB}," if mechanism == "OAUTHBEARER" else f"user={BOB}"
    return base64.b64encode(f"{beginning}\x01auth=Bearer {token}\x01\x01".encode())


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
@pytest.mark.parametrize("bare", [bare for bare in BARE if bare.protocol != "HTTP"], ids=str)
def test_the_error_comes_as_a_challenge(
    demo: Watched, issuer: TokenIssuer, bare: Bare, mechanism: str
) -> None:
    """RFC 7628 §3.2.2, §3.2.3: JSON, and the client's answer to it before the failure."""
    client = inside_tls(demo, bare)
    command = b"a AUTHENTICATE" if bare.protocol == "IMAP" else b"AUTH"
    for token, reason in ((expired(issuer), "token expired"), (issuer.issue(BOB), None)):
        response = initial_response(mechanism, token)
        client.say(b"%b %b %b" % (command, mechanism.encode(), response))
        if reason is not None:
            error = client.hear(b"+ ", b"334 ").split(b" ", 1)[1]
            assert json.loads(base64.b64decode(error))["status"] == "invalid_token"
            assert demo.events() == []
            client.say(base64.b64encode(b"\x01"))
            assert client.hear(b"a NO [AUTHENTICATIONFAILED]", b"-ERR [AUTH]", b"535 5.7.8")
        else:
            assert client.hear(b"a OK", b"+OK", b"235")
        assert (demo.events()[-1].mechanism, demo.events()[-1].reason) == (mechanism, reason)
    client.close()


def test_curl_gets_a_token_and_logs_in_with_it(demo: Watched, tmp_path: Path) -> None:
    """RFC 6749 §4.3 at the endpoint; both are logins."""
    (https,) = (way for way in HTTP if way.implicit)
    (imaps,) = (way for way in IMAP if way.implicit)
    access = demo.access(https, tmp_path, BOB)
    answer = run(
        *("curl", "--silent", "--show-error", "--fail", "--cacert", str(access.ca)),
        *("--data", "grant_type=password", "--data-urlencode", f"username={BOB}"),
        *("--data-urlencode", f"password={access.password}", f"{access.server}/token"),
        home=tmp_path,
    )
    curl(demo.access(imaps, tmp_path, BOB), json.loads(answer)["access_token"])
    logins = demo.the_logins(BOB, https, imaps)
    assert [login.mechanism for login in logins] == ["OAUTH-PASSWORD", "OAUTHBEARER"]
