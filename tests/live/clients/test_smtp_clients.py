"""SMTP clients that people use, by every way in."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.support.clients import alpine, curl, marlam, neomutt, s_nail, swaks
from tests.live.support.letters import TO_MARY, Letter
from tests.live.support.mail_clients import smtp_client
from tests.live.support.onlooker import Onlooker
from tests.live.support.watching import Watched
from tests.live.support.ways import BOB, MARY, SMTP, Access, Way

CLIENTS: dict[str, Callable[[Access, Letter], None]] = {
    "curl": curl.send,
    "swaks": swaks.send,
    "msmtp": marlam.send,
    "s-nail": s_nail.send,
    "neomutt": neomutt.send,
    "alpine": alpine.send,
}


@pytest.mark.parametrize("way", SMTP, ids=str)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_sends_mail(
    mary: Onlooker, demo: Watched, tmp_path: Path, client: str, way: Way
) -> None:
    """The mail arrives as it was sent, and one login is one line."""
    CLIENTS[client](demo.access(way, tmp_path, BOB), TO_MARY)
    demo.the_login(way, BOB)
    has_arrived(mary, way)


@pytest.mark.parametrize("way", SMTP, ids=str)
def test_smtplib(mary: Onlooker, demo: Watched, way: Way) -> None:
    with smtp_client(demo.server, way) as client:
        client.login(BOB, "secret")
        assert client.sendmail(BOB, [MARY], str(TO_MARY), mail_options=["BODY=8BITMIME"]) == {}
    demo.the_login(way, BOB)
    has_arrived(mary, way)


def has_arrived(mary: Onlooker, way: Way) -> None:
    (message,) = mary.messages()
    assert message.body == TO_MARY.body
    assert f"with {'ESMTPSA' if way.secure else 'ESMTPA'}\n" in message.content
    assert message.subject == TO_MARY.subject
