"""Clients that do not know the CA: none of them offers a password."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mailauth.certs.ca import new_authority
from mailauth.login.event import Kind
from tests.live.support.clients import (
    curl,
    fetchmail,
    getmail,
    marlam,
    mbsync,
    offlineimap,
    s_nail,
    scripts,
    swaks,
)
from tests.live.support.letters import TO_MARY
from tests.live.support.programs import Failed
from tests.live.support.watching import Watched
from tests.live.support.ways import BOB, IMAP, POP3, SUBMISSION, Access, Way

pytestmark = pytest.mark.xdist_group("trust")

USES: dict[str, tuple[list[Way], Callable[[Access], object]]] = {
    "curl": (IMAP, curl.get),
    "fetchmail": (POP3, fetchmail.fetch),
    "getmail": (POP3, getmail.fetch),
    "Mail::IMAPClient": (IMAP, scripts.mail_imapclient),
    "mbsync": (IMAP, mbsync.sync),
    "mpop": (POP3, marlam.fetch),
    "msmtp": (SUBMISSION, lambda access: marlam.send(access, TO_MARY)),
    "Net::IMAP": (IMAP, scripts.net_imap),
    "offlineimap": (IMAP, offlineimap.sync),
    "s-nail reading": (IMAP, s_nail.work),
    "s-nail sending": (SUBMISSION, lambda access: s_nail.send(access, TO_MARY)),
    "swaks": (SUBMISSION, swaks.log_in),
}
TRUSTS_ANYBODY_AFTER_STARTTLS = ("getmail", "offlineimap")


@pytest.mark.parametrize(
    ("client", "way"),
    [
        pytest.param(client, way, id=f"{client}-{way}")
        for client, (ways, _) in USES.items()
        for way in ways
        if way.implicit or (way.starttls and client not in TRUSTS_ANYBODY_AFTER_STARTTLS)
    ],
)
def test_a_client_that_does_not_know_the_ca(
    demo: Watched, another_ca: Path, tmp_path: Path, client: str, way: Way
) -> None:
    """So where others log in, they have verified the certificate."""
    access = demo.access(way, tmp_path, BOB)
    with pytest.raises(Failed):
        USES[client][1](msgspec.structs.replace(access, ca=another_ca))
    demo.server.settled()
    assert {(event.kind, event.listener) for event in demo.events()} == {
        (Kind.CONNECTION, way.listener)
    }
    assert demo.logins() == []


@pytest.fixture(scope="module")
def another_ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The CA of somebody else's server."""
    now = datetime.now(UTC)
    path = tmp_path_factory.mktemp("another") / "ca.pem"
    path.write_bytes(new_authority("localhost", now).certificate.public_bytes(Encoding.PEM))
    return path
