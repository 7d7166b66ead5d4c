"""Every listener, with and without TLS, by every mechanism, in every case: reply, line, record."""

import enum
import time
from collections.abc import Iterator

import msgspec
import pytest

from mailauth.login.event import LoginEvent, Result, Service
from mailauth.sasl import MECHANISMS
from mailauth.testing import RunningServer
from mailauth.tokens import AUDIENCE, TokenIssuer
from tests.live.support.library_clients import CANCEL, LOG_IN, Attempt
from tests.live.support.sasl_clients import ROWS, Credentials
from tests.live.support.watching import Watched
from tests.live.support.ways import SMTP, WAYS, Way

pytestmark = pytest.mark.xdist_group("matrix")

NAME, GONE, NOBODY = "mary@mydomain.com", "gone@mydomain.com", "nobody@mydomain.com"
PASSWORD = "secret"
# An address for each way: what one repeats more than twenty times in a minute is summed up.
BLOCKED = {way: f"127.0.0.{number}" for number, way in enumerate(WAYS, 66)}

CONFIGURATION = f"""
[[user]]
name = "{NAME}"
password = "{PASSWORD}"
[[user]]
name = "{GONE}"
password = "{PASSWORD}"
disabled = true
[block]
friendly = ["127.0.0.1/32"]
"""


class Case(enum.Enum):
    """What a client does."""

    RIGHT = Result.SUCCESS
    WRONG = Result.BAD_CREDENTIALS
    UNKNOWN = "unknown account"
    DISABLED = Result.DISABLED
    BLOCKED = Result.BLOCKED
    CANCELLED = Result.CANCELLED
    MALFORMED = Result.MALFORMED


class Own(msgspec.Struct, frozen=True):
    """A mechanism that is no SASL."""

    protocol: Service
    sends_secret: bool = True


OWN = {
    "IMAP-LOGIN": Own(Service.IMAP),
    "USER-PASS": Own(Service.POP3),
    "APOP": Own(Service.POP3, sends_secret=False),
    "HTTP-BASIC": Own(Service.HTTP),
    "HTTP-FORM": Own(Service.HTTP),
    "HTTP-BEARER": Own(Service.HTTP),
}

CELLS = [
    (way, mechanism)
    for way in WAYS
    for mechanism in [
        *(ROWS if way.protocol is not Service.HTTP else ()),
        *(name for name, own in OWN.items() if own.protocol is way.protocol),
    ]
]

_REFUSED = {
    "IMAP": "NO [AUTHENTICATIONFAILED] ",
    "POP3": "-ERR [AUTH] ",
    "SMTP": "535 5.7.8 ",
    "HTTP": "401",
}
REPLIES = {
    Result.SUCCESS: {"IMAP": "OK", "POP3": "+OK ", "SMTP": "235 2.7.0 ", "HTTP": "200"},
    Result.BAD_CREDENTIALS: _REFUSED,
    Result.DISABLED: _REFUSED,
    Result.BLOCKED: _REFUSED,
    Result.MALFORMED: {"IMAP": "BAD", "POP3": "-ERR ", "SMTP": "501 5.5.2 ", "HTTP": "400"},
    Result.CANCELLED: {"IMAP": "BAD", "POP3": "-ERR ", "SMTP": "501 5.7.0 "},
    Result.MECHANISM_UNKNOWN: {"IMAP": "NO [CANNOT] ", "POP3": "-ERR ", "SMTP": "504 5.5.4 "},
}
FORM_REPLIES = {Result.SUCCESS: "303", Result.MALFORMED: "400"}  # 403 else


@pytest.fixture(scope="module")
def matrix_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that has blocked an address for each way."""
    home = tmp_path_factory.mktemp("matrix")
    (home / "mailauth.toml").write_text(CONFIGURATION)
    with RunningServer(home) as running:
        for address in BLOCKED.values():
            wrong = Attempt("PLAIN", Credentials(NAME, "wrong"), address)
            for _ in range(6):
                assert LOG_IN[Service.SMTP](running, SMTP[0], wrong).startswith("535")
        yield running
        assert running.stderr_file.read_text() == ""


@pytest.fixture
def matrix(matrix_server: RunningServer) -> Watched:
    """The server, and what it records from now on."""
    return Watched(matrix_server)


@pytest.fixture(scope="module")
def tokens(matrix_server: RunningServer) -> dict[Case, str]:
    """Bearer tokens: a wrong one is one that was revoked."""
    issuer = TokenIssuer(matrix_server.home / ".mailauth", time.time)
    issued = {
        case: issuer.issue(_name(case), 3600, AUDIENCE)
        for case in (Case.RIGHT, Case.WRONG, Case.UNKNOWN, Case.DISABLED, Case.BLOCKED)
    }
    issuer.revoke(issued[Case.WRONG].encode())
    return issued


def test_every_mechanism_and_every_result_has_a_row() -> None:
    """A new one is in the matrix, or this fails; the results that are missing have their own tests.

    `denied` and `cleartext-refused` are tests/live/protocols/test_exposure.py's, `unavailable` is
    tests/live/operation/test_faults.py's.
    """
    assert set(ROWS) == set(MECHANISMS)
    for name, row in ROWS.items():
        assert row.sends_secret is MECHANISMS[name].sends_secret
        assert row.needs_certificate or row.needs_tls is MECHANISMS[name].binds_channel
    elsewhere = {Result.DENIED, Result.CLEARTEXT_REFUSED, Result.UNAVAILABLE}
    assert set(REPLIES) | elsewhere == set(Result)


@pytest.mark.parametrize(
    ("way", "mechanism"), CELLS, ids=[f"{way}-{mechanism}" for way, mechanism in CELLS]
)
def test_every_case(matrix: Watched, tokens: dict[Case, str], way: Way, mechanism: str) -> None:
    """A line for a success alone; a record of each, which says what it was."""
    for case in Case:
        if case is Case.CANCELLED and mechanism in OWN:
            continue  # there is nothing to cancel
        seen = len(matrix.events())
        lines = len(matrix.logins())
        reply = LOG_IN[way.protocol](matrix.server, way, _attempt(case, mechanism, way, tokens))
        [event] = matrix.events()[seen:]
        result = _result(case, mechanism, way)
        assert (case, event.result) == (case, result)
        assert reply.startswith(_reply(result, mechanism, way)), (case, reply)
        _check_record(event, case, mechanism, way, matrix.server)
        new = matrix.logins()[lines:]
        assert len(new) == (result is Result.SUCCESS), case
        for line in new:
            assert (line.protocol, line.secure) == (way.protocol, way.secure)
            assert (line.account, line.address, line.origin) == (NAME, "127.0.0.1", "LAN")


def _attempt(case: Case, mechanism: str, way: Way, tokens: dict[Case, str]) -> Attempt:
    credentials = Credentials(
        _name(case), "wrong" if case is Case.WRONG else PASSWORD, tokens.get(case, "")
    )
    instead: object | None = None
    if case is Case.CANCELLED:
        instead = CANCEL
    elif case is Case.MALFORMED:
        instead = ROWS[mechanism].malformed if mechanism in ROWS else b"\0"
    source = BLOCKED[way] if case is Case.BLOCKED else "127.0.0.1"
    return Attempt(mechanism, credentials, source, instead)


def _name(case: Case) -> str:
    return {Case.UNKNOWN: NOBODY, Case.DISABLED: GONE}.get(case, NAME)


def _result(case: Case, mechanism: str, way: Way) -> Result:
    row = ROWS.get(mechanism)
    binds = way.secure and way.protocol is Service.IMAP
    if row is not None and (row.needs_certificate or (row.needs_tls and not binds)):
        return Result.MECHANISM_UNKNOWN
    return Result.BAD_CREDENTIALS if case is Case.UNKNOWN else case.value


def _reply(result: Result, mechanism: str, way: Way) -> str:
    if mechanism == "HTTP-FORM":
        return FORM_REPLIES.get(result, "403")
    return REPLIES[result][way.protocol.value]


def _check_record(
    event: LoginEvent, case: Case, mechanism: str, way: Way, server: RunningServer
) -> None:
    """Compare every key that says how and by whom."""
    sends_secret = (ROWS[mechanism] if mechanism in ROWS else OWN[mechanism]).sends_secret
    offered = event.result is not Result.MECHANISM_UNKNOWN
    claimed = offered and case not in (Case.CANCELLED, Case.MALFORMED)
    is_right = claimed and case not in (Case.WRONG, Case.UNKNOWN)
    assert event.mechanism == mechanism
    assert (event.listener, event.local_port) == (way.listener, server.port(way.listener))
    assert event.secure is way.secure
    assert event.security is way.security
    assert (event.tls_version is not None) is way.secure
    assert event.ip == (BLOCKED[way] if case is Case.BLOCKED else "127.0.0.1")
    exposed: bool | None = sends_secret and is_right and not way.secure
    if case is Case.MALFORMED and offered and mechanism != "HTTP-FORM":  # of which it was read
        exposed = None if sends_secret and not way.secure else False
    assert event.exposed is exposed, case
    if claimed:
        assert event.user == (None if case is Case.UNKNOWN else _name(case))
        assert event.authcid == _name(case)
