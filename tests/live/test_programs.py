"""curl and swaks over every mode: one true line each, and none for what is refused."""

import shutil
import subprocess

import msgspec
import pytest

from tests.live.watching import Watched

NAME = "mary@mydomain.com"


def run(*command: str) -> int:
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode


class Use(msgspec.Struct, frozen=True):
    """How a program reaches a listener."""

    listener: str
    protocol: str
    secure: bool
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.listener}{'+starttls' if self.arguments else ''}"


CURL = [
    Use("imap", "IMAP", False),
    Use("imap", "IMAP", True, ("--ssl-reqd",)),
    Use("imaps", "IMAP", True),
    Use("pop3", "POP3", False),
    Use("pop3", "POP3", True, ("--ssl-reqd",)),
    Use("pop3s", "POP3", True),
    Use("http", "HTTP", False),
    Use("https", "HTTP", True),
]
SWAKS = [
    Use("smtp", "SMTP", False),
    Use("smtp", "SMTP", True, ("--tls",)),
    Use("submission", "SMTP", True, ("--tls",)),
    Use("smtps", "SMTP", True, ("--tls-on-connect",)),
]

with_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
with_swaks = pytest.mark.skipif(shutil.which("swaks") is None, reason="swaks is not installed")


def curl(demo: Watched, use: Use, password: str) -> int:
    path = "/api/v1/me" if use.protocol == "HTTP" else "/"
    return run(
        *("curl", "--silent", "--fail", "--cacert", str(demo.server.home / "certs" / "ca.pem")),
        *("--user", f"{NAME}:{password}", *use.arguments),
        f"{use.listener}://localhost:{demo.port(use.listener)}{path}",
    )


def swaks(demo: Watched, use: Use, password: str) -> int:
    return run(
        *("swaks", "--server", "localhost", "--port", str(demo.port(use.listener))),
        *("--auth", "PLAIN", "--auth-user", NAME, "--auth-password", password),
        *("--from", NAME, "--to", "bob@mydomain.com", "--quit-after", "AUTH", *use.arguments),
    )


def the_line(demo: Watched, use: Use) -> None:
    (line,) = demo.logins()
    assert (line.protocol.value, line.secure) == (use.protocol, use.secure)
    assert (line.account, line.address, line.origin) == (NAME, "127.0.0.1", "LAN")


@with_curl
@pytest.mark.parametrize("use", CURL, ids=str)
def test_curl(demo: Watched, use: Use) -> None:
    assert curl(demo, use, "wrong") != 0
    assert demo.logins() == []
    assert curl(demo, use, "secret") == 0
    the_line(demo, use)


@with_swaks
@pytest.mark.parametrize("use", SWAKS, ids=str)
def test_swaks(demo: Watched, use: Use) -> None:
    assert swaks(demo, use, "wrong") != 0
    assert demo.logins() == []
    assert swaks(demo, use, "secret") == 0
    the_line(demo, use)
