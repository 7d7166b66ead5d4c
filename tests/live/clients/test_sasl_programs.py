"""Other people's programs, each made to use one mechanism: what they send is what is recorded."""

import shutil
import subprocess
import time
from collections.abc import Callable

import pytest

from mailauth.login.event import Result, Service
from mailauth.testing import RunningServer
from mailauth.tokens import AUDIENCE, TokenIssuer
from tests.live.support.sasl_clients import ROWS
from tests.live.support.watching import Watched
from tests.live.support.ways import IMAP, POP3, SMTP, Way

NAME = "mary@mydomain.com"

Command = Callable[[RunningServer, Way, str, str], list[str]]

WAYS = [
    way
    for way in (*SMTP, *IMAP, *POP3)
    if way.listener != "submission"  # which is as smtp is
]


def gsasl(server: RunningServer, way: Way, mechanism: str, password: str) -> list[str]:
    """GNU SASL; it looks for channel bindings on TLS, and ours are of another type than its."""
    return [
        *(
            "gsasl",
            f"--{way.protocol.value.lower()}",
            f"--connect=localhost:{server.port(way.listener)}",
        ),
        *("--mechanism", mechanism, "--authentication-id", NAME, "--password", password),
        "--no-starttls" if not way.secure else f"--x509-ca-file={_ca(server)}",
        "--no-cb",
    ]


def curl(server: RunningServer, way: Way, mechanism: str, password: str) -> list[str]:
    """curl; it takes a token as OAUTHBEARER, whatever else it is told to."""
    token = ["--oauth2-bearer", password] if mechanism == "OAUTHBEARER" else []
    option = "+APOP" if mechanism == "APOP" else mechanism
    return [
        *("curl", "--silent", "--show-error", "--cacert", _ca(server)),
        *("--user", f"{NAME}:{password}", "--login-options", f"AUTH={option}", *token),
        *(["--ssl-reqd"] if way.starttls else []),
        *(["--request", "NOOP"] if way.protocol is Service.SMTP else []),
        f"{way.listener}://localhost:{server.port(way.listener)}/",
    ]


def swaks(server: RunningServer, way: Way, mechanism: str, password: str) -> list[str]:
    """swaks, of SMTP."""
    tls = ["--tls"] if way.starttls else ["--tls-on-connect"] if way.implicit else []
    return [
        *("swaks", "--server", "localhost", "--port", str(server.port(way.listener))),
        *("--auth", mechanism, "--auth-user", NAME, "--auth-password", password, *tls),
        *("--from", NAME, "--to", NAME, "--quit-after", "AUTH"),
    ]


def _ca(server: RunningServer) -> str:
    return str(server.home / "certs" / "ca.pem")


USES: list[tuple[Command, Way, str]] = [
    *(
        (gsasl, way, mechanism)
        for way in WAYS
        if way.protocol is not Service.POP3 and not way.implicit
        for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256")
    ),
    *(
        (curl, way, mechanism)
        for way in WAYS
        for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5", "OAUTHBEARER", "APOP")
        if way.protocol is Service.POP3 or mechanism != "APOP"
    ),
    *(
        (swaks, way, mechanism)
        for way in WAYS
        if way.protocol is Service.SMTP
        for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5")
    ),
]


@pytest.mark.parametrize(
    ("program", "way", "mechanism"),
    [
        pytest.param(
            program,
            way,
            mechanism,
            marks=pytest.mark.skipif(
                shutil.which(program.__name__) is None,
                reason=f"{program.__name__} is not installed",
            ),
            id=f"{program.__name__}-{way}-{mechanism}",
        )
        for program, way, mechanism in USES
    ],
)
def test_a_program(demo: Watched, program: Command, way: Way, mechanism: str) -> None:
    """Refused with a wrong password, and no line; then let in, and one true line."""
    server = demo.server
    right = "secret"
    if mechanism == "OAUTHBEARER":
        right = TokenIssuer(server.home / ".mailauth", time.time).issue(NAME, 600, AUDIENCE)
    assert _run(program(server, way, mechanism, "wrong")) != 0
    assert _run(program(server, way, mechanism, right)) == 0
    events = [event for event in demo.events() if event.mechanism is not None]
    wrong, success = events[0], events[-1]
    assert wrong.result is not Result.SUCCESS
    assert success.result is Result.SUCCESS
    sends_secret = mechanism in ROWS and ROWS[mechanism].sends_secret
    for event in (wrong, success):
        assert (event.mechanism, event.listener) == (mechanism, way.listener)
        assert event.secure is way.secure
    assert wrong.exposed is False
    assert success.exposed is (sends_secret and not way.secure)
    (line,) = demo.logins()
    assert (line.protocol, line.secure, line.account) == (way.protocol, way.secure, NAME)


def _run(command: list[str]) -> int:
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    ).returncode
