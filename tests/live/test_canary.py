"""A password that can be recognised, sent in every way, is in nothing that the server writes."""

import base64
import contextlib
import smtplib
import socket

import pytest

from mailauth.testing import RunningServer
from tests.live.conftest import Configured
from tests.live.mail_clients import Refused, log_in
from tests.live.raw_clients import BARE, begin
from tests.live.ways import WAYS

CANARY = "cAnArY-9f3b7c51"
WRONG = "wRoNg-4d20aa68"

CONFIGURATION = f"""
[listen]
port_offset = 2000
[[user]]
name = "mary@mydomain.com"
password = "{CANARY}"
[block]
attempts = 100000
"""


def shapes(secret: str) -> set[bytes]:
    """How a secret could show: as it is, in any letter case, in base64 at any offset, in hex."""
    plain = secret.encode()
    encoded = {base64.b64encode(b"\0" * offset + plain)[4:-4] for offset in range(3)}
    return {plain.lower(), plain.hex().encode(), *(each.lower() for each in encoded)}


def written(server: RunningServer) -> dict[str, bytes]:
    """Everything that the server has written, but the configuration that we gave it."""
    return {
        str(path.relative_to(server.home)): path.read_bytes()
        for path in server.home.rglob("*")
        if path.is_file() and path.name != "mailauth.toml"
    }


@pytest.mark.parametrize("secret", [CANARY, WRONG], ids=["right", "wrong"])
def test_no_password_is_written_anywhere(configured: Configured, secret: str) -> None:
    """DESIGN 2.2: not in a log, a journal, an exception; also when it was typed as the name."""
    server = configured(CONFIGURATION)
    for way in WAYS:
        for name, password in [
            ("mary@mydomain.com", secret),
            (secret, secret),
            (CANARY, secret),
            (CANARY, "x"),
        ]:
            with contextlib.suppress(Refused, smtplib.SMTPException):
                log_in(server, way, name, password)
    for bare in BARE:
        for line in (
            f"a LOGIN mary@mydomain.com {secret} surplus",
            f"PASS {secret}",
            f"AUTH PLAIN {base64.b64encode(secret.encode()).decode()}",
            f"a AUTHENTICATE PLAIN {base64.b64encode(secret.encode()).decode()}",
            f"a LOGIN mary@mydomain.com {secret}" + "x" * 20_000,
        ):
            connection = socket.create_connection(("127.0.0.1", server.port(bare.listener)), 20)
            client = begin(connection, bare, server.trusting())
            client.say(line.encode())
            with contextlib.suppress(EOFError, OSError):
                client.hear(b"")
            client.close()
    assert server.stop() == 0
    files = written(server)
    assert len(files["logs/LoginAttempts.jsonl"].splitlines()) >= len(WAYS)
    for name, content in files.items():
        for shape in shapes(secret):
            assert shape not in content.lower(), f"{shape!r} in {name}"
