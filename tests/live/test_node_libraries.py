"""The mail libraries of Node.js: imapflow, nodemailer and node-pop3, driven by tests/live/node/."""

import json
import smtplib
from pathlib import Path

import pytest

from mailauth.login.event import Protocol
from mailauth.login.hop import Security
from tests.live.programs import run
from tests.live.watching import Login, Watched

MARY, BOB, PASSWORD = "mary@mydomain.com", "bob@mydomain.com", "secret"
SECURITIES = (Security.CLEARTEXT, Security.STARTTLS, Security.IMPLICIT)
FOLDER = Path(__file__).parent / "node"

pytestmark = [
    pytest.mark.skipif(
        not (FOLDER / "node_modules" / "made-from").exists(),
        reason="what tests/live/node/package.json names is not installed",
    ),
    pytest.mark.parametrize("security", SECURITIES, ids=lambda each: each.value),
]


def node(demo: Watched, program: str, security: Security, **settings: int | str) -> str:
    """Run a program of tests/live/node/ that trusts the server's CA, and return what it prints."""
    given = json.dumps({"security": security.value, "password": PASSWORD, **settings})
    trust = f"NODE_EXTRA_CA_CERTS={demo.server.home / 'certs' / 'ca.pem'}"
    return run("env", trust, "node", str(FOLDER / program), given, home=demo.server.home)


def test_imapflow_and_nodemailer(demo: Watched, security: Security) -> None:
    """Mary idles while Bob sends to her; her message comes whole, is filed and deleted."""
    implicit = security is Security.IMPLICIT
    imap = demo.port("imaps" if implicit else "imap")
    smtp = demo.port("smtps" if implicit else "submission")
    node(demo, "mail.js", security, imap=imap, smtp=smtp, mary=MARY, bob=BOB)
    assert demo.told() == [
        Login(Protocol.IMAP, MARY, security, "PLAIN", client_name="imapflow"),
        Login(Protocol.SMTP, BOB, security, "PLAIN", client_name="laptop.example"),
    ]


def test_node_pop3(demo: Watched, security: Security) -> None:
    """The newest message of a maildrop is read and deleted; node-pop3 leaves dots as they came."""
    with smtplib.SMTP("localhost", demo.port("smtp")) as smtp:
        smtp.sendmail("someone@example.com", [MARY], b"Subject: Dots\r\n\r\n.one\r\n.\r\nend\r\n")
    port = demo.port("pop3s" if security is Security.IMPLICIT else "pop3")
    assert node(demo, "maildrop.js", security, port=port, user=MARY).endswith("\n\n..one\n..\nend")
    assert demo.told() == [Login(Protocol.POP3, MARY, security, "USER-PASS")]
