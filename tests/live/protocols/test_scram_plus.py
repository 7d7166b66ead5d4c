"""SCRAM bound to the TLS session, by clients of other makes.

scramp binds to the certificate, on every mail port; GNU SASL to what is the session's own.
"""

import base64
import hashlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from scramp import ScramClient

from mailauth.config import load
from mailauth.login.event import LoginEvent, Result, Service
from mailauth.testing import RunningServer
from tests.live.support.programs import run
from tests.live.support.raw_clients import BARE, Bare, Dialogue, begin, start_tls
from tests.live.support.watching import Watched

NAMES = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1")
MAIL = [bare for bare in BARE if bare.protocol != "HTTP"]
CONFIGURATION = '[[user]]\nname = "mary@mydomain.com"\npassword = "secret"\n' + "".join(
    f'[[listener]]\nname = "{each.name}"\nprotocol = "{each.protocol}"\nport = 0\n'
    f'tls = "{each.tls.value}"\nmechanisms = {list(NAMES)}\n'
    for each in load(None).listener
    if each.service is not Service.HTTP
)
SUCCESS = (b"a OK", b"+OK", b"235")
FAILURE = (b"a NO", b"a BAD", b"-ERR", b"5")


@pytest.fixture(scope="module")
def shared_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose mail listeners all offer it; by default only IMAP's do."""
    home = tmp_path_factory.mktemp("bound")
    (home / "mailauth.toml").write_text(CONFIGURATION)
    with RunningServer(home) as running:
        yield running
        assert running.stderr_file.read_text() == ""


class Bound(msgspec.Struct, frozen=True):
    """A client inside TLS, and the binding of the certificate that it saw."""

    client: Dialogue
    binding: bytes


def inside_tls(demo: Watched, bare: Bare) -> Bound:
    connection = socket.create_connection(("127.0.0.1", demo.port(bare.listener)), 20)
    context = demo.server.trusting()
    client = begin(connection, bare, context)
    if not bare.implicit:
        client = start_tls(client, bare, context)
    assert isinstance(client.socket, ssl.SSLSocket)
    seen = client.socket.getpeercert(binary_form=True)
    assert seen is not None
    return Bound(client, hashlib.sha256(seen).digest())


def announced(client: Dialogue, bare: Bare) -> list[str]:
    """Ask for the mechanisms."""
    match bare.protocol:
        case "IMAP":
            client.say(b"c CAPABILITY")
            words = client.hear(b"* CAPABILITY").decode().split()
            return [word.removeprefix("AUTH=") for word in words if word.startswith("AUTH=")]
        case "POP3":
            client.say(b"CAPA")
            mechanisms = client.hear(b"SASL ").decode().split()[1:]
            client.hear(b".")
            return mechanisms
        case _:
            client.say(b"EHLO client.example")
            return client.hear(b"250-AUTH", b"250 AUTH").decode().split()[1:]


def log_in(client: Dialogue, bare: Bare, scram: ScramClient, mechanism: str) -> bytes:
    """Run the exchange; return the last reply."""
    command = {"IMAP": b"a AUTHENTICATE", "POP3": b"AUTH", "SMTP": b"AUTH"}[bare.protocol]
    client.say(b"%b %b" % (command, mechanism.encode()))
    challenge(client)
    respond(client, scram.get_client_first())
    reply = client.hear(b"+ ", b"334 ", *FAILURE)
    if reply.startswith(FAILURE):
        return reply
    scram.set_server_first(decoded(reply))
    respond(client, scram.get_client_final())
    reply = client.hear(b"+ ", b"334 ", *FAILURE)
    if reply.startswith(FAILURE):
        return reply
    scram.set_server_final(decoded(reply))
    respond(client, "")
    return client.hear(*SUCCESS, *FAILURE)


def challenge(client: Dialogue) -> str:
    return decoded(client.hear(b"+ ", b"334 "))


def decoded(reply: bytes) -> str:
    return base64.b64decode(reply.split(b" ", 1)[1]).decode()


def respond(client: Dialogue, message: str) -> None:
    client.say(base64.b64encode(message.encode()))


def the_login(demo: Watched) -> LoginEvent:
    (event,) = demo.events()
    return event


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"])
@pytest.mark.parametrize("bare", MAIL, ids=str)
def test_a_bound_login_succeeds(demo: Watched, bare: Bare, mechanism: str) -> None:
    """RFC 5802 §6, RFC 5929 §4: it is announced inside TLS, and works."""
    bound = inside_tls(demo, bare)
    assert mechanism in announced(bound.client, bare)
    binding = ("tls-server-end-point", bound.binding)
    scram = ScramClient([mechanism], "mary@mydomain.com", "secret", channel_binding=binding)
    assert log_in(bound.client, bare, scram, mechanism).startswith(SUCCESS)
    event = the_login(demo)
    assert (event.result, event.mechanism, event.exposed) == (Result.SUCCESS, mechanism, False)
    assert [line.secure for line in demo.logins()] == [True]
    bound.client.close()


@pytest.mark.parametrize("bare", MAIL, ids=str)
def test_a_login_relayed_by_a_man_in_the_middle_fails(demo: Watched, bare: Bare) -> None:
    """RFC 5802 §6: his client saw another certificate; to him it is a wrong password."""
    bound = inside_tls(demo, bare)
    announced(bound.client, bare)
    binding = ("tls-server-end-point", hashlib.sha256(b"his certificate").digest())
    mechanism = "SCRAM-SHA-256-PLUS"
    scram = ScramClient([mechanism], "mary@mydomain.com", "secret", channel_binding=binding)
    assert log_in(bound.client, bare, scram, mechanism).startswith(FAILURE)
    event = the_login(demo)
    assert event.result is Result.BAD_CREDENTIALS
    assert event.reason == "channel bindings do not match"
    assert demo.logins() == []
    bound.client.close()


@pytest.mark.parametrize("bare", MAIL, ids=str)
def test_a_list_of_mechanisms_without_plus_is_noticed(demo: Watched, bare: Bare) -> None:
    """RFC 5802 §6: `y` means that somebody has taken -PLUS out of what we announced."""
    bound = inside_tls(demo, bare)
    announced(bound.client, bare)
    scram = ScramClient(["SCRAM-SHA-256"], "mary@mydomain.com", "secret")
    first = scram.get_client_first()
    assert first.startswith("n,,")
    scram.get_client_first = lambda: first.replace("n,,", "y,,", 1)
    assert log_in(bound.client, bare, scram, "SCRAM-SHA-256").startswith(FAILURE)
    event = the_login(demo)
    assert event.result is Result.MALFORMED
    assert event.reason == "channel binding is offered, but the client was told it is not"
    assert demo.logins() == []
    bound.client.close()


@pytest.mark.parametrize("bare", [bare for bare in MAIL if not bare.implicit], ids=str)
def test_nothing_is_bound_in_the_clear(demo: Watched, bare: Bare) -> None:
    connection = socket.create_connection(("127.0.0.1", demo.port(bare.listener)), 20)
    client = begin(connection, bare, demo.server.trusting())
    mechanisms = announced(client, bare)
    assert "SCRAM-SHA-256" in mechanisms
    assert not [mechanism for mechanism in mechanisms if mechanism.endswith("-PLUS")]
    client.close()


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"])
@pytest.mark.parametrize("protocol", ["imap", "smtp"])
def test_gnu_sasl_binds_to_the_session(
    demo: Watched, tmp_path: Path, protocol: str, mechanism: str
) -> None:
    """RFC 9266, tls-exporter: GnuTLS must have come to the same."""
    assert demo.server.ready.ca is not None
    ca = demo.server.home / demo.server.ready.ca
    run(
        *("gsasl", f"--{protocol}", "--starttls", "--connect", f"localhost:{demo.port(protocol)}"),
        *(f"--x509-ca-file={ca}", "--mechanism", mechanism),
        *("--authentication-id", "mary@mydomain.com", "--password", "secret"),
        home=tmp_path,
    )
    event = the_login(demo)
    assert (event.result, event.mechanism) == (Result.SUCCESS, mechanism)
    assert (event.tls_version, event.exposed) == ("TLSv1.3", False)


def test_gnu_sasl_logs_in_unbound_with_tls_1_2(demo: Watched, tmp_path: Path) -> None:
    """Nothing is announced there that would need a channel binding."""
    assert demo.server.ready.ca is not None
    ca = demo.server.home / demo.server.ready.ca
    run(
        *("gsasl", "--imap", "--starttls", "--connect", f"localhost:{demo.port('imap')}"),
        *(f"--x509-ca-file={ca}", "--priority", "NORMAL:-VERS-TLS1.3", "--no-cb"),
        *("--authentication-id", "mary@mydomain.com", "--password", "secret"),
        home=tmp_path,
    )
    event = the_login(demo)
    assert (event.result, event.mechanism) == (Result.SUCCESS, "SCRAM-SHA-256")
    assert event.tls_version == "TLSv1.2"
