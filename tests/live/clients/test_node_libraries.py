"""The mail libraries of Node.js: imapflow, nodemailer and node-pop3, driven by support/node/."""

import json
from pathlib import Path

import pytest

from tests.live.support.onlooker import Onlooker
from tests.live.support.programs import run
from tests.live.support.watching import Login, Watched
from tests.live.support.ways import BOB, IMAP, MARY, PASSWORD, POP3, SUBMISSION, Way

FOLDER = Path(__file__).parents[1] / "support" / "node"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "node_modules" / "made-from").exists(),
    reason="what tests/live/support/node/package.json names is not installed",
)


def node(demo: Watched, program: str, way: Way, **settings: int | str) -> str:
    """Run a program of support/node/ that trusts the server's CA, and return what it prints."""
    given = json.dumps({"security": way.security.value, "password": PASSWORD, **settings})
    home = demo.server.home
    ca = str(home / "certs" / "ca.pem")
    return run("node", str(FOLDER / program), given, home=home, NODE_EXTRA_CA_CERTS=ca)


@pytest.mark.parametrize(("imap", "smtp"), [*zip(IMAP, SUBMISSION, strict=True)], ids=str)
def test_imapflow_and_nodemailer(demo: Watched, mary: Onlooker, imap: Way, smtp: Way) -> None:
    """Mary idles while Bob sends to her; her message comes whole, is filed and deleted."""
    ports = {"imap": demo.port(imap.listener), "smtp": demo.port(smtp.listener)}
    node(demo, "mail.js", imap, **ports, mary=MARY, bob=BOB)
    assert demo.told() == [
        Login(imap.protocol, MARY, imap.security, "PLAIN", client_name="imapflow"),
        Login(smtp.protocol, BOB, smtp.security, "PLAIN", client_name="laptop.example"),
    ]
    assert [mary.messages(folder) for folder in mary.folders()] == [[]] * 6


@pytest.mark.parametrize("way", POP3, ids=str)
def test_node_pop3(demo: Watched, mary: Onlooker, way: Way) -> None:
    """A message is read and deleted; node-pop3 leaves its dots as they came."""
    mary.deliver("Subject: Dots\n\n.one\n.\nend\n")
    message = node(demo, "maildrop.js", way, port=demo.port(way.listener), user=MARY)
    assert message == "Subject: Dots\n\n..one\n..\nend"
    assert demo.told() == [Login(way.protocol, MARY, way.security, "USER-PASS")]
    assert mary.messages() == []
