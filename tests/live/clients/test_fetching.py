"""Clients that people take their mail away with, by every way in."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.support.clients import alpine, curl, fetchmail, getmail, marlam, neomutt, s_nail
from tests.live.support.letters import TO_BOB
from tests.live.support.mail_clients import pop3_client
from tests.live.support.onlooker import Onlooker
from tests.live.support.watching import Watched
from tests.live.support.ways import IMAP, POP3, Access, Way

CLIENTS: dict[str, Callable[[Access], str]] = {
    "curl": curl.fetch,
    "mpop": marlam.fetch,
    "fetchmail": fetchmail.fetch,
    "getmail": getmail.fetch,
    "neomutt": neomutt.fetch,
    "alpine": alpine.fetch,
    "s-nail": s_nail.fetch,
}
BY_IMAP_TOO = ("curl", "fetchmail", "getmail")
NO_STARTTLS = ("getmail",)
USES = [
    pytest.param(client, way, id=f"{client}-{way}")
    for client in CLIENTS
    for way in (*POP3, *(IMAP if client in BY_IMAP_TOO else ()))
    if not (way.starttls and client in NO_STARTTLS)
]


@pytest.mark.parametrize(("client", "way"), USES)
def test_a_client_fetches_mail(
    bob: Onlooker, demo: Watched, tmp_path: Path, client: str, way: Way
) -> None:
    """The mail comes as it was sent, all but curl remove it, and one login is one line."""
    bob.deliver(str(TO_BOB))
    assert TO_BOB.body in CLIENTS[client](demo.access(way, tmp_path, bob.name))
    demo.the_login(way, bob.name)
    assert bob.subjects() == (["Dots"] if client == "curl" else [])


@pytest.mark.parametrize("way", POP3, ids=str)
def test_poplib(bob: Onlooker, demo: Watched, way: Way) -> None:
    """The standard library's sends nearly every command there is."""
    sent = str(TO_BOB)
    bob.deliver(sent)
    with pop3_client(demo.server, way) as client:
        assert "UIDL" in client.capa()
        client.user(bob.name)
        client.pass_("secret")
        assert client.stat() == (1, len(sent.replace("\n", "\r\n")))
        lines = client.retr(1)[1]
        assert len(client.uidl()[1]) == len(client.list()[1]) == 1
        assert client.top(1, 0)[1][-1] == b""
        client.noop()
        client.dele(1)
        client.rset()
        client.dele(1)
    assert "".join(f"{line.decode()}\n" for line in lines) == sent
    demo.the_login(way, bob.name)
    assert bob.subjects() == []
