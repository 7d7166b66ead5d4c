"""Client certificates on the wire: EXTERNAL, and handshakes that fail for want of a good one."""

import base64
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from mailauth.certs.ca import new_key
from mailauth.certs.client_ca import issue_client_certificate, new_client_authority
from mailauth.certs.clients import Issued, issue_for_client
from mailauth.certs.pem import write_certificate, write_key
from mailauth.config import TlsConfig
from mailauth.login.event import Kind, LoginEvent, Result
from mailauth.testing import RunningServer
from tests.live.support.programs import Failed, run
from tests.live.support.raw_clients import BARE, Bare, Dialogue, begin, start_tls
from tests.live.support.watching import Watched

BOB, MARY = "bob@mydomain.com", "mary@mydomain.com"
NOW = datetime.now(UTC)

USERS = f"""
[[user]]
name = "{BOB}"
password = "one-horse"
[[user]]
name = "{MARY}"
password = "one-horse"
[[user]]
name = "sue@mydomain.com"
password = "one-horse"
disabled = true
"""

TLS_LISTENERS = [bare for bare in BARE if bare.listener != "http"]
MAIL = [bare for bare in TLS_LISTENERS if bare.protocol != "HTTP"]


class Asking(msgspec.Struct, frozen=True):
    """A server that asks for certificates, one of each kind, and what it records."""

    watched: Watched
    bob: Issued
    sue: Issued
    nobody: Issued
    expired: Issued
    untrusted: Issued

    def trusting(self, shown: Issued | None) -> ssl.SSLContext:
        """Make a careful client's context, with a certificate or without."""
        context = self.watched.server.trusting()
        if shown is not None:
            context.load_cert_chain(shown.certificate, shown.key)
        return context

    def connect(self, bare: Bare, shown: Issued | None) -> Dialogue:
        """Connect, up to the greeting or the end of STARTTLS."""
        port = self.watched.port(bare.listener)
        connection = socket.create_connection(("127.0.0.1", port), 20)
        context = self.trusting(shown)
        client = begin(connection, bare, context)
        return client if bare.implicit else start_tls(client, bare, context)

    def the_event(self) -> LoginEvent:
        (event,) = self.watched.events()
        return event


def start(home: Path, mode: str) -> Iterator[RunningServer]:
    (home / "mailauth.toml").write_text(f'[listen]\nclient_certificates = "{mode}"\n' + USERS)
    with RunningServer(home) as running:
        yield running
        assert running.stderr_file.read_text() == ""


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    yield from start(tmp_path_factory.mktemp("wanted"), "wanted")


@pytest.fixture(scope="module")
def required(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    yield from start(tmp_path_factory.mktemp("required"), "required")


@pytest.fixture
def wanting(wanted: RunningServer) -> Asking:
    """A server that wants certificates, and takes clients without."""
    return asking(wanted)


@pytest.fixture
def requiring(required: RunningServer) -> Asking:
    """A server that takes nobody without a certificate."""
    return asking(required)


def asking(server: RunningServer) -> Asking:
    home, tls = server.home, TlsConfig()
    return Asking(
        watched=Watched(server),
        bob=issue_for_client(home, tls, BOB, NOW),
        sue=issue_for_client(home, tls, "sue@mydomain.com", NOW),
        nobody=issue_for_client(home, tls, "nobody@mydomain.com", NOW),
        expired=issue_for_client(home, tls, MARY, NOW, timedelta(days=-1)),
        untrusted=issued_by_another(home),
    )


def issued_by_another(home: Path) -> Issued:
    key = new_key()
    issued = Issued(home / "untrusted.pem", home / "untrusted.key")
    certificate = issue_client_certificate(new_client_authority(NOW), BOB, key, NOW)
    write_certificate(issued.certificate, certificate)
    write_key(issued.key, key)
    return issued


def external(client: Dialogue, bare: Bare, authzid: str = "") -> bytes:
    """Log in by EXTERNAL with an initial response; return the reply."""
    response = base64.b64encode(authzid.encode()) or b"="
    match bare.protocol:
        case "IMAP":
            client.say(b"a AUTHENTICATE EXTERNAL " + response)
            return client.hear(b"a ")
        case "POP3":
            client.say(b"AUTH EXTERNAL " + response)
            return client.hear(b"+OK", b"-ERR")
        case _:
            client.say(b"EHLO client.example")
            client.hear(b"250 ")
            client.say(b"AUTH EXTERNAL " + response)
            return client.hear(b"2", b"5")


# Whom a certificate names.


@pytest.mark.parametrize("authzid", ["", BOB])
@pytest.mark.parametrize("bare", MAIL, ids=str)
def test_whom_the_certificate_names_is_logged_in(wanting: Asking, bare: Bare, authzid: str) -> None:
    """RFC 4422 appendix A.2, with and without an authorization identity."""
    client = wanting.connect(bare, wanting.bob)
    assert external(client, bare, authzid).startswith((b"a OK", b"+OK", b"235"))
    client.close()
    event = wanting.the_event()
    assert (event.result, event.mechanism, event.user) == (Result.SUCCESS, "EXTERNAL", BOB)
    assert (event.secure, event.exposed) == (True, False)
    assert [(line.account, line.secure) for line in wanting.watched.logins()] == [(BOB, True)]


@pytest.mark.parametrize("bare", MAIL, ids=str)
def test_another_account_is_denied(wanting: Asking, bare: Bare) -> None:
    client = wanting.connect(bare, wanting.bob)
    assert external(client, bare, MARY).startswith((b"a NO", b"-ERR", b"535"))
    client.close()
    event = wanting.the_event()
    assert (event.result, event.user, event.authzid) == (Result.DENIED, BOB, MARY)
    assert wanting.watched.logins() == []


def test_a_disabled_account_stays_out(wanting: Asking) -> None:
    (imaps,) = (bare for bare in MAIL if bare.listener == "imaps")
    client = wanting.connect(imaps, wanting.sue)
    assert external(client, imaps).startswith(b"a NO [AUTHENTICATIONFAILED]")
    client.close()
    assert wanting.the_event().result is Result.DISABLED


@pytest.mark.parametrize("who", ["nobody", None])
@pytest.mark.parametrize("bare", MAIL, ids=str)
def test_external_is_not_there_without_a_certificate_of_an_account(
    wanting: Asking, bare: Bare, who: str | None
) -> None:
    """Advertised only where it works; a password still gets in."""
    client = wanting.connect(bare, None if who is None else wanting.nobody)
    assert external(client, bare).startswith((b"a NO [CANNOT]", b"-ERR", b"504"))
    assert wanting.the_event().result is Result.MECHANISM_UNKNOWN
    assert not bare.log_in(client, b"two-horses")
    assert bare.log_in(client, b"one-horse")
    client.close()


def test_in_the_clear_there_is_no_certificate(wanting: Asking) -> None:
    """A listener with STARTTLS takes cleartext logins as its policy says; EXTERNAL is none."""
    (imap,) = (bare for bare in MAIL if bare.listener == "imap")
    port = wanting.watched.port("imap")
    client = begin(socket.create_connection(("127.0.0.1", port), 20), imap, wanting.trusting(None))
    assert external(client, imap).startswith(b"a NO [CANNOT]")
    assert imap.log_in(client, b"one-horse")
    client.close()


# Handshakes that fail.


def refused(asking: Asking, bare: Bare, shown: Issued | None) -> str:
    """Connect with a certificate that is not good; return the alert that the client heard."""
    with pytest.raises(ssl.SSLError) as caught:
        asking.connect(bare, shown).hear(b"whatever the server says")
    return (caught.value.reason or "").lower().replace("_", " ")


REFUSALS = [
    ("expired", "certificate expired", "client certificate refused: certificate has expired"),
    (
        "untrusted",
        "unknown ca",
        "client certificate refused: unable to get local issuer certificate",
    ),
    (None, "certificate required", "peer did not return a certificate"),
]


@pytest.mark.parametrize(("kind", "alert", "reason"), REFUSALS)
@pytest.mark.parametrize("bare", TLS_LISTENERS, ids=str)
def test_a_client_without_a_good_certificate_hears_an_alert(
    requiring: Asking, bare: Bare, kind: str | None, alert: str, reason: str
) -> None:
    """RFC 8446 §4.4.2.4, §6.2; the journal says what was wrong."""
    shown = None if kind is None else getattr(requiring, kind)
    assert alert in refused(requiring, bare, shown)
    requiring.watched.server.settled()
    event = requiring.the_event()
    assert (event.kind, event.secure) == (Kind.CONNECTION, False)
    assert event.reason == f"tls-handshake-failed: {reason}"


@pytest.mark.parametrize(("kind", "alert", "reason"), REFUSALS[:2])
@pytest.mark.parametrize("bare", TLS_LISTENERS, ids=str)
def test_a_bad_certificate_is_refused_where_none_would_do(
    wanting: Asking, bare: Bare, kind: str, alert: str, reason: str
) -> None:
    assert alert in refused(wanting, bare, getattr(wanting, kind))
    wanting.watched.server.settled()
    assert wanting.the_event().reason == f"tls-handshake-failed: {reason}"


# Programs that people use.


def curl(asking: Asking, home: Path, url: str, *options: str) -> str:
    """Run curl, which shows bob's certificate."""
    server = asking.watched.server
    assert server.ready.ca is not None
    return run(
        *("curl", "--silent", "--show-error", "--max-time", "20", *options),
        *("--cacert", str(server.home / server.ready.ca)),
        *("--cert", str(asking.bob.certificate), "--key", str(asking.bob.key), url),
        home=home,
    )


@pytest.mark.parametrize("listener", ["imaps", "imap", "pop3s", "pop3"])
def test_curl_logs_in_with_its_certificate(
    requiring: Asking, tmp_path: Path, listener: str
) -> None:
    url = f"{listener}://localhost:{requiring.watched.port(listener)}/"
    options = ("--ssl-reqd", "--user", f"{BOB}:", "--login-options", "AUTH=EXTERNAL")
    curl(requiring, tmp_path, url, *options)
    event = requiring.the_event()
    assert (event.result, event.mechanism, event.user) == (Result.SUCCESS, "EXTERNAL", BOB)


def test_curl_gets_a_page_with_its_certificate(requiring: Asking, tmp_path: Path) -> None:
    """On HTTP a certificate opens TLS, and is no login."""
    url = f"https://localhost:{requiring.watched.port('https')}/healthz"
    assert curl(requiring, tmp_path, url) == "ok\n"
    assert requiring.watched.events() == []


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_openssl_hears_why_its_certificate_is_refused(
    requiring: Asking, tmp_path: Path, protocol: str
) -> None:
    """`openssl s_client -starttls` with a certificate that has expired."""
    with pytest.raises(Failed, match="alert certificate expired"):
        run(
            *("openssl", "s_client", "-starttls", protocol, "-quiet"),
            *("-connect", f"localhost:{requiring.watched.port(protocol)}"),
            *("-cert", str(requiring.expired.certificate), "-key", str(requiring.expired.key)),
            home=tmp_path,
        )
    requiring.watched.server.settled()
    reason = "tls-handshake-failed: client certificate refused: certificate has expired"
    assert requiring.the_event().reason == reason
