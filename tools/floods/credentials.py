"""Floods of the names, passwords and tokens that cost a server most, in each protocol."""

import base64
import re
from collections.abc import Callable
from functools import partial
from itertools import product
from urllib.parse import quote_from_bytes

from mailauth.sasl.saslprep import LONGEST
from tests.live.support.raw_clients import Dialogue
from tools.floods.flood import NAME, Bounds, Flood, Stranger

_FAILURES = 10  # on one connection; after that the server ends it
_AUTH_OCTETS = 12_288  # of a response in base64 (RFC 4954 §4)
_LITERAL_OCTETS = 4_096  # before a login
_POP3_OCTETS = 240  # of an argument (RFC 2449 §4)

BOUNDS = Bounds(cpu=0.002)

# What it costs most to prepare by RFC 4013, a character that becomes 18 and marks that have to be
# sorted, and to write, a line separator; as many as are prepared, and as many as can be sent.
WORST = ("\ufdfa", "\u0316\u0301", "\u2028")

# Each way tries a name and a password as often as a connection may fail.


def _of(unit: str, characters: int) -> str:
    return unit * (characters // len(unit))


def imap_login(stranger: Stranger, name: bytes, password: bytes) -> None:
    """LOGIN with literals (RFC 7888)."""
    name, password = name[:_LITERAL_OCTETS], password[:_LITERAL_OCTETS]
    command = b"a LOGIN {%d+}\r\n%b {%d+}\r\n%b" % (len(name), name, len(password), password)
    with stranger.connect("imap") as connection:
        client = Dialogue(connection)
        client.hear(b"* OK")
        for _ in range(_FAILURES):
            client.say(command)
            client.hear(b"a ")
            stranger.tried()


def imap_plain(stranger: Stranger, name: bytes, password: bytes) -> None:
    """AUTHENTICATE PLAIN with an authzid that is the name once more."""
    with stranger.connect("imap") as connection:
        client = Dialogue(connection)
        client.hear(b"* OK")
        for _ in range(_FAILURES):
            client.say(b"a AUTHENTICATE PLAIN " + _plain(name, password))
            client.hear(b"a ")
            stranger.tried()


def imap_cram(stranger: Stranger, name: bytes, password: bytes) -> None:
    """AUTHENTICATE CRAM-MD5."""
    response = base64.b64encode(name + b" " + b"0" * 32)
    with stranger.connect("imap") as connection:
        client = Dialogue(connection)
        client.hear(b"* OK")
        for _ in range(_FAILURES):
            client.say(b"a AUTHENTICATE CRAM-MD5")
            client.hear(b"+ ")
            client.say(response)
            client.hear(b"a ")
            stranger.tried()


def imap_scram(stranger: Stranger, name: bytes, password: bytes) -> None:
    """AUTHENTICATE SCRAM-SHA-256 up to the server's first message."""
    first = base64.b64encode(b"n,a=%b,n=%b,r=0123456789abcdef" % (name[:_LITERAL_OCTETS], name))
    with stranger.connect("imap") as connection:
        client = Dialogue(connection)
        client.hear(b"* OK")
        for _ in range(_FAILURES):
            client.say(b"a AUTHENTICATE SCRAM-SHA-256 " + first)
            if not client.hear(b"+ ", b"a BAD").startswith(b"a BAD"):  # it is not too long
                client.say(base64.b64encode(b"c=biws,r=x,p=AAAA"))
                client.hear(b"a ")
            stranger.tried()


def pop3_user(stranger: Stranger, name: bytes, password: bytes) -> None:
    """USER and PASS."""
    with stranger.connect("pop3") as connection:
        client = Dialogue(connection)
        client.hear(b"+OK")
        for _ in range(_FAILURES):
            client.say(b"USER " + name[:_POP3_OCTETS])
            client.hear(b"+OK")
            client.say(b"PASS " + password[:_POP3_OCTETS])
            client.hear(b"-ERR")
            stranger.tried()


def pop3_apop(stranger: Stranger, name: bytes, password: bytes) -> None:
    """APOP."""
    with stranger.connect("pop3") as connection:
        client = Dialogue(connection)
        client.hear(b"+OK")
        for _ in range(_FAILURES):
            client.say(b"APOP %b %b" % (name[: _POP3_OCTETS - 33], b"0" * 32))
            client.hear(b"-ERR")
            stranger.tried()


def pop3_plain(stranger: Stranger, name: bytes, password: bytes) -> None:
    """AUTH PLAIN."""
    with stranger.connect("pop3") as connection:
        client = Dialogue(connection)
        client.hear(b"+OK")
        for _ in range(_FAILURES):
            client.say(b"AUTH PLAIN " + _plain(name, password))
            client.hear(b"-ERR")
            stranger.tried()


def smtp_plain(stranger: Stranger, name: bytes, password: bytes) -> None:
    """EHLO with a name that costs, too, and AUTH PLAIN."""
    with stranger.connect("submission") as connection:
        client = Dialogue(connection)
        client.hear(b"220 ")
        for _ in range(_FAILURES):
            client.say(b"EHLO " + name[:480])
            client.hear(b"250 ")
            client.say(b"AUTH PLAIN " + _plain(name, password))
            client.hear(b"5")
            stranger.tried()


def http_basic(stranger: Stranger, name: bytes, password: bytes) -> None:
    """Basic, with a User-Agent that costs, too."""
    credentials = base64.b64encode(name + b":" + password)[:_AUTH_OCTETS]
    agent = name + name[:3_000]
    _ask(
        stranger,
        b"GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nUser-Agent: %b\r\n"
        b"Authorization: Basic %b\r\n\r\n" % (agent, credentials),
    )


def http_bearer(stranger: Stranger, name: bytes, password: bytes) -> None:
    """A token whose header is JSON that is nested as deeply as there is room for it."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","a":' + b"[" * len(name)).rstrip(b"=")
    token = (header + b".e30.e30")[-_AUTH_OCTETS:]
    _ask(
        stranger,
        b"GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %b\r\n\r\n" % token,
    )


def http_form(stranger: Stranger, name: bytes, password: bytes) -> None:
    """The console's form, with the token and the cookie that it came with."""
    with stranger.connect("http") as connection:
        client = Dialogue(connection)
        client.say(b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n")
        head, page = _answer(client)
    [cookie] = re.findall(rb"(?i)set-cookie: ([^;]*)", head)
    [token] = re.findall(rb'name="csrf_token" value="([^"]*)"', page)
    form = b"csrf_token=" + token + b"&username=%b&password=%b"
    _post(stranger, b"/sign-in", form, name, password, b"Cookie: %b\r\n" % cookie)


def http_percent(stranger: Stranger, name: bytes, password: bytes) -> None:
    """A form of percent signs that encode nothing."""
    _post(stranger, b"/token", b"username=%b&password=%b" + b"%%" * 50_000, b"", b"")


def http_token(stranger: Stranger, name: bytes, password: bytes) -> None:
    """The password grant (RFC 6749 §4.3.2)."""
    _post(stranger, b"/token", b"grant_type=password&username=%b&password=%b", name, password)


def _plain(name: bytes, password: bytes) -> bytes:
    """PLAIN in base64, as long as it may be."""
    octets = _AUTH_OCTETS * 3 // 4
    name, password = name[: octets // 3], password[: octets // 3]
    return base64.b64encode(b"%b\0%b\0%b" % (name, name, password))


def _post(
    stranger: Stranger,
    path: bytes,
    form: bytes,
    name: bytes,
    password: bytes,
    fields: bytes = b"",
) -> None:
    body = form % (quote_from_bytes(name).encode(), quote_from_bytes(password).encode())
    _ask(
        stranger,
        b"POST %b HTTP/1.1\r\nHost: localhost\r\n%b"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%b"
        % (path, fields, len(body), body),
    )


def _ask(stranger: Stranger, request: bytes) -> None:
    """Send a request until the server has had enough of it."""
    with stranger.connect("http") as connection:
        client = Dialogue(connection)
        for _ in range(_FAILURES):
            connection.sendall(request)
            head, _ = _answer(client)
            assert head.startswith(b"HTTP/1.1 4"), head
            stranger.tried()


def _answer(client: Dialogue) -> tuple[bytes, bytes]:
    head = client.hear(b"HTTP/1.1 ")
    while not head.endswith(b"\r\n\r\n"):
        head += client.hear(b"")
    [length] = re.findall(rb"(?i)\r\ncontent-length: (\d+)", head)
    return head, client.take(int(length))


Way = Callable[[Stranger, bytes, bytes], None]

WAYS: dict[str, tuple[Way, ...]] = {
    "imap": (imap_login, imap_plain, imap_cram, imap_scram),
    "pop3": (pop3_user, pop3_apop, pop3_plain),
    "smtp": (smtp_plain,),
    "http": (http_basic, http_bearer, http_form, http_percent, http_token),
}


def worst_of(protocol: str, stranger: Stranger) -> None:
    """Try the worst texts in both lengths, as names and as passwords of known names."""
    for unit, characters, way in product(WORST, (LONGEST, _AUTH_OCTETS), WAYS[protocol]):
        if stranger.over.is_set():
            return
        worst = _of(unit, characters).encode()[:_AUTH_OCTETS]
        way(stranger, worst, worst[:-6])
        way(stranger, NAME.encode(), worst)


def wrong_passwords(stranger: Stranger) -> None:
    """Passwords that are wrong, and otherwise as they should be."""
    imap_login(stranger, NAME.encode(), b"wrong")


_WORST_OF = (
    Flood(
        f"worst-of-{protocol}{'-blocked' * blocked}",
        partial(worst_of, protocol),
        blocked=blocked,
        bounds=BOUNDS,
    )
    for protocol, blocked in product(WAYS, (False, True))
)
CREDENTIALS = (
    Flood("wrong-passwords", wrong_passwords, bounds=BOUNDS),
    Flood("wrong-passwords-hashed", wrong_passwords, scheme="argon2id"),
    Flood("wrong-passwords-hashed-blocked", wrong_passwords, scheme="argon2id", blocked=True),
    *_WORST_OF,
)
