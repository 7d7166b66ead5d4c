"""Is the password public now? `exposed` in every case, on the wire, whatever became of the login.

A cleartext listener of each protocol that lets in, one that refuses cleartext, and one of TLS: over
TLS nothing is ever exposed.
"""

import base64
import socket
import time
from collections.abc import Iterator

import msgspec
import pytest

from mailauth.login.event import Result
from mailauth.testing import RunningServer
from mailauth.tokens import TokenIssuer
from tests.live.support.raw_clients import Dialogue
from tests.live.support.watching import Watched

NAME, OTHER, GONE = b"mary@mydomain.com", b"bob@mydomain.com", b"gone@mydomain.com"
RIGHT, WRONG = b"one-horse", b"two-horse"
FREE, BLOCKED = "127.0.0.1", "127.0.0.66"

CONFIGURATION = """
[block]
friendly = ["127.0.0.1"]
[[user]]
name = "mary@mydomain.com"
password = "one-horse"
[[user]]
name = "bob@mydomain.com"
password = "one-horse"
[[user]]
name = "gone@mydomain.com"
password = "one-horse"
disabled = true
""" + "".join(
    f"""
[[listener]]
name = "{protocol}-{kind}"
protocol = "{protocol}"
port = 0
tls = "{"implicit" if kind == "tls" else "none"}"
cleartext = "{"refuse" if kind == "strict" else "allow"}"
"""
    for protocol in ("imap", "pop3", "smtp", "http")
    for kind in ("open", "strict", "tls")
)


class Speaking(msgspec.Struct, frozen=True):
    """How a protocol says what all of them can say; `ends` is how its replies begin."""

    greeting: bytes
    authenticate: bytes
    ends: tuple[bytes, ...]


SPEAKING = {
    "imap": Speaking(b"* OK", b"a AUTHENTICATE", (b"a ",)),
    "pop3": Speaking(b"+OK", b"AUTH", (b"+OK", b"-ERR")),
    "smtp": Speaking(b"220", b"AUTH", (b"2", b"4", b"5")),
}
MAIL = list(SPEAKING)

Expected = tuple[Result, bool | None]

ACCEPTED, REFUSED = Result.SUCCESS, Result.CLEARTEXT_REFUSED


def b64(data: bytes) -> bytes:
    return base64.b64encode(data)


def plain(name: bytes, password: bytes, authzid: bytes = b"") -> bytes:
    """The response of PLAIN."""
    return b64(authzid + b"\0" + name + b"\0" + password)


@pytest.fixture(scope="module")
def exposing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that has blocked an address."""
    home = tmp_path_factory.mktemp("exposing")
    (home / "mailauth.toml").write_text(CONFIGURATION)
    with RunningServer(home) as running:
        watched = Watched(running)
        for _ in range(6):
            talk(watched, "smtp-open", [b"AUTH PLAIN " + plain(NAME, WRONG)], BLOCKED)
        yield running


@pytest.fixture
def watched(exposing: RunningServer) -> Watched:
    """The server, and what it records from now on."""
    return Watched(exposing)


def connected(watched: Watched, listener: str, source: str = FREE) -> Dialogue:
    """Connect and be greeted."""
    protocol, _, kind = listener.partition("-")
    connection = socket.create_connection(
        ("127.0.0.1", watched.port(listener)), 20, source_address=(source, 0)
    )
    if kind == "tls":
        context = watched.server.trusting()
        connection = context.wrap_socket(connection, server_hostname="localhost")
    client = Dialogue(connection)
    client.hear(SPEAKING[protocol].greeting)
    if protocol == "smtp":
        client.say(b"EHLO client.example")
        client.hear(b"250 ")
    return client


def talk(watched: Watched, listener: str, lines: list[bytes], source: str = FREE) -> None:
    """Say each line when the one before it has been answered, by a challenge or in the end."""
    ends = SPEAKING[listener.partition("-")[0]].ends
    client = connected(watched, listener, source)
    for line in lines:
        client.say(line)
        client.hear(*ends, b"+ ", b"334")
    client.close()


def own_login(protocol: str, name: bytes, password: bytes) -> list[bytes]:
    """The protocol's own command, before there was SASL."""
    return {
        "imap": [b"a LOGIN %b %b" % (name, password)],
        "pop3": [b"USER " + name, b"PASS " + password],
        "smtp": [b"AUTH PLAIN " + plain(name, password)],
    }[protocol]


CASES: list[tuple[str, bytes, bytes, list[Expected]]] = [
    ("open", NAME, RIGHT, [(ACCEPTED, True)]),
    ("open", NAME, WRONG, [(Result.BAD_CREDENTIALS, False)]),
    ("open", b"nobody@x", RIGHT, [(Result.BAD_CREDENTIALS, False)]),
    ("open", GONE, RIGHT, [(Result.DISABLED, True)]),
    ("strict", NAME, RIGHT, [(REFUSED, True)]),
    ("strict", NAME, WRONG, [(REFUSED, False)]),
    ("strict", b"nobody@x", RIGHT, [(REFUSED, False)]),
    ("tls", NAME, RIGHT, [(ACCEPTED, False)]),
    ("tls", GONE, RIGHT, [(Result.DISABLED, False)]),
]


def recorded(watched: Watched) -> list[Expected]:
    """What was recorded of logins since the test began."""
    watched.server.settled()
    return [(event.result, event.exposed) for event in watched.events() if event.result is not None]


@pytest.mark.parametrize("protocol", MAIL)
@pytest.mark.parametrize(("kind", "name", "password", "expected"), CASES)
def test_a_password_that_comes_at_once(
    watched: Watched,
    protocol: str,
    kind: str,
    name: bytes,
    password: bytes,
    expected: list[Expected],
) -> None:
    """By PLAIN with an initial response and by the protocol's own command, refused or not.

    IMAP's LOGIN is sent although LOGINDISABLED was announced.
    """
    listener = f"{protocol}-{kind}"
    initial = b"%b PLAIN %b" % (SPEAKING[protocol].authenticate, plain(name, password))
    talk(watched, listener, [initial])
    talk(watched, listener, own_login(protocol, name, password))
    assert recorded(watched) == expected * 2


@pytest.mark.parametrize("protocol", MAIL)
@pytest.mark.parametrize(("password", "right"), [(RIGHT, True), (WRONG, False)])
def test_a_blocked_client(watched: Watched, protocol: str, password: bytes, right: bool) -> None:
    """It is refused unlooked at; what it has told the wire is found out beside that."""
    talk(watched, f"{protocol}-open", own_login(protocol, NAME, password), BLOCKED)
    talk(watched, f"{protocol}-tls", own_login(protocol, NAME, password), BLOCKED)
    assert recorded(watched) == [(Result.BLOCKED, right), (Result.BLOCKED, False)]


@pytest.mark.parametrize("protocol", MAIL)
@pytest.mark.parametrize("pipelined", [False, True], ids=["after-the-refusal", "before-it"])
@pytest.mark.parametrize(
    ("mechanism", "responses"),
    [(b"PLAIN", [plain(NAME, RIGHT)]), (b"LOGIN", [b64(NAME), b64(RIGHT)])],
    ids=["PLAIN", "LOGIN"],
)
def test_a_response_that_is_sent_though_it_is_refused(
    watched: Watched, protocol: str, pipelined: bool, mechanism: bytes, responses: list[bytes]
) -> None:
    """Before the refusal could be read, or in spite of it: two records, the second exposes."""
    speaking = SPEAKING[protocol]
    client = connected(watched, f"{protocol}-strict")
    command = b"%b %b" % (speaking.authenticate, mechanism)
    if pipelined:
        client.say(b"\r\n".join([command, *responses]))
    else:
        client.say(command)
        client.hear(*speaking.ends)
        client.say(b"\r\n".join(responses))
    client.say(b"a LOGOUT" if protocol == "imap" else b"QUIT")
    client.rest()
    client.close()
    assert recorded(watched) == [(REFUSED, False), (REFUSED, True)]


@pytest.mark.parametrize("protocol", MAIL)
@pytest.mark.parametrize(("kind", "is_open"), [("open", True), ("tls", False)])
def test_a_password_that_is_sent_again(
    watched: Watched, protocol: str, kind: str, is_open: bool
) -> None:
    """Already authenticated: it has crossed the wire once more."""
    again = b"%b PLAIN " % SPEAKING[protocol].authenticate
    lines = [*own_login(protocol, NAME, RIGHT), again + plain(OTHER, RIGHT)]
    talk(watched, f"{protocol}-{kind}", [*lines, again + plain(OTHER, WRONG)])
    assert recorded(watched) == [
        (ACCEPTED, is_open),
        (Result.MALFORMED, is_open),
        (Result.MALFORMED, False),
    ]


@pytest.mark.parametrize("protocol", MAIL)
def test_whoever_acts_for_another_account(watched: Watched, protocol: str) -> None:
    """Denied, and the password is out all the same."""
    command = b"%b PLAIN " % SPEAKING[protocol].authenticate
    talk(watched, f"{protocol}-open", [command + plain(NAME, RIGHT, OTHER)])
    talk(watched, f"{protocol}-tls", [command + plain(NAME, RIGHT, OTHER)])
    assert recorded(watched) == [(Result.DENIED, True), (Result.DENIED, False)]


@pytest.mark.parametrize("protocol", MAIL)
def test_a_bearer_token(watched: Watched, protocol: str) -> None:
    """It lets in whoever has it; one that has expired lets nobody in any more."""
    issuer = TokenIssuer(watched.server.home / ".mailauth", time.time)
    good, expired = (issuer.issue(NAME.decode(), seconds) for seconds in (600, -1))
    command = b"%b XOAUTH2 " % SPEAKING[protocol].authenticate
    message = "user=mary@mydomain.com\1auth=Bearer {}\1\1"
    for kind, token in (("open", good), ("strict", good), ("tls", good), ("strict", expired)):
        talk(watched, f"{protocol}-{kind}", [command + b64(message.format(token).encode())])
    assert recorded(watched) == [
        (ACCEPTED, True),
        (REFUSED, True),
        (ACCEPTED, False),
        (REFUSED, False),
    ]


@pytest.mark.parametrize("protocol", MAIL)
@pytest.mark.parametrize("mechanism", [b"CRAM-MD5", b"SCRAM-SHA-256"])
def test_a_mechanism_that_sends_no_password(
    watched: Watched, protocol: str, mechanism: bytes
) -> None:
    """Refused or malformed, there is nothing to see; test_matrix.py has what succeeds."""
    command = b"%b %b" % (SPEAKING[protocol].authenticate, mechanism)
    talk(watched, f"{protocol}-strict", [command])
    talk(watched, f"{protocol}-open", [command, b64(b"no such thing")])
    assert recorded(watched) == [(REFUSED, False), (Result.MALFORMED, False)]


@pytest.mark.parametrize("protocol", MAIL)
@pytest.mark.parametrize(("kind", "unknown"), [("open", None), ("tls", False)])
def test_what_cannot_be_understood_may_have_been_the_password(
    watched: Watched, protocol: str, kind: str, unknown: bool | None
) -> None:
    """`null`: nobody knows. A mechanism that is unknown gives nothing away by its name."""
    authenticate = SPEAKING[protocol].authenticate
    listener = f"{protocol}-{kind}"
    talk(watched, listener, [b"%b PLAIN %b" % (authenticate, b64(RIGHT))])
    talk(watched, listener, [b"%b PLAIN !%b" % (authenticate, RIGHT)])
    talk(watched, listener, [b"%b NTLM %b" % (authenticate, b64(RIGHT))])
    talk(watched, listener, [b"%b NTLM" % authenticate])
    assert recorded(watched) == [
        (Result.MALFORMED, unknown),
        (Result.MALFORMED, unknown),
        (Result.MECHANISM_UNKNOWN, unknown),
        (Result.MECHANISM_UNKNOWN, False),
    ]


def authorized(watched: Watched, kind: str, field: bytes, source: str = FREE) -> None:
    """Ask with an Authorization field."""
    connection = socket.create_connection(
        ("127.0.0.1", watched.port(f"http-{kind}")), 20, source_address=(source, 0)
    )
    if kind == "tls":
        context = watched.server.trusting()
        connection = context.wrap_socket(connection, server_hostname="localhost")
    client = Dialogue(connection)
    client.say(b"GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: %b\r\n" % field)
    client.hear(b"HTTP/1.1 ")
    client.close()


@pytest.mark.parametrize(("kind", "name", "password", "expected"), CASES)
def test_http_basic(
    watched: Watched, kind: str, name: bytes, password: bytes, expected: list[Expected]
) -> None:
    """The browser sends it with every request."""
    authorized(watched, kind, b"Basic " + b64(name + b":" + password))
    assert recorded(watched) == expected


def test_http_otherwise(watched: Watched) -> None:
    """Blocked, a token, and what cannot be understood."""
    token = TokenIssuer(watched.server.home / ".mailauth", time.time).issue(NAME.decode(), 600)
    basic = b"Basic " + b64(NAME + b":" + RIGHT)
    authorized(watched, "open", basic, BLOCKED)
    authorized(watched, "tls", basic, BLOCKED)
    for kind in ("open", "strict", "tls"):
        authorized(watched, kind, b"Bearer " + token.encode())
    for kind in ("open", "tls"):
        authorized(watched, kind, b"Basic !" + RIGHT)
    assert recorded(watched) == [
        (Result.BLOCKED, True),
        (Result.BLOCKED, False),
        (ACCEPTED, True),
        (REFUSED, True),
        (ACCEPTED, False),
        (Result.MALFORMED, None),
        (Result.MALFORMED, False),
    ]
