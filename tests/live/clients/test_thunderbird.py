"""Thunderbird sets itself up, and people write to each other with it."""

import contextlib
import http.client
import json
import shutil
from collections import Counter
from collections.abc import Iterator

import pytest

from mailauth.login.event import Kind, Result, Service
from mailauth.login.hop import Security
from mailauth.testing import RunningServer
from tests.live.conftest import Configured
from tests.live.support.onlooker import Onlooker
from tests.live.support.thunderbird.marionette import ScriptError
from tests.live.support.thunderbird.program import Thunderbird
from tests.live.support.watching import Login, Watched, eventually
from tests.live.support.ways import BOB, MARY, PASSWORD

MICHAEL = "michael@mydomain.com"
LINE = "The quick brown fox jumps over the lazy dog.\n"
BODY = "Hello\n.\n..dots\n" + LINE * 5000  # so long that IMAP fetches it in parts
DOMAIN = """
hostname = "mydomain.com"
[[user]]
name = "mary@mydomain.com"
password = "correct horse"
"""
MODES = {Security.CLEARTEXT: "plain", Security.STARTTLS: "starttls", Security.IMPLICIT: "tls"}

pytestmark = [
    pytest.mark.skipif(shutil.which("thunderbird") is None, reason="thunderbird is not installed"),
    pytest.mark.xdist_group("thunderbird"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that nobody else uses: Thunderbird connects by itself, too."""
    with RunningServer(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Thunderbird]:
    """One Thunderbird for all tests."""
    thunderbird = Thunderbird(tmp_path_factory.mktemp("profile"))
    yield thunderbird
    thunderbird.quit()


@pytest.fixture
def thunderbird(program: Thunderbird, server: RunningServer) -> Iterator[Thunderbird]:
    """Thunderbird without an account, to which the server is the world."""
    program.reach(server)
    yield program
    forget(program, server)


@pytest.fixture
def watched(server: RunningServer) -> Watched:
    """The server, and what it records from now on."""
    return Watched(server)


@pytest.mark.parametrize(
    ("security", "anna", "ben"),
    [  # others each time, since Thunderbird remembers the folders of an account that is gone
        (Security.CLEARTEXT, "charle@mydomain.com", "jimmy@mydomain.com"),
        (Security.STARTTLS, "sue@mydomain.com", "derek@mydomain.com"),
        (Security.IMPLICIT, MARY, BOB),
    ],
    ids=MODES.values(),
)
def test_two_people_write_to_each_other(
    watched: Watched, thunderbird: Thunderbird, security: Security, anna: str, ben: str
) -> None:
    """She reads with IMAP and he with POP3; both log in once more, when they are set up."""
    hers = thunderbird.run("setUp", anna, PASSWORD, "imap", MODES[security])
    his = thunderbird.run("setUp", ben, PASSWORD, "pop3", MODES[security])
    thunderbird.run("open", hers, "INBOX", "Welcome to mailauth")
    assert "Trash" in thunderbird.run("folders", hers)

    thunderbird.run("send", his, anna, "Grüße", BODY)
    message = thunderbird.run("comes", hers, "INBOX", "Grüße")
    assert message.endswith("\r\n\r\n" + BODY.replace("\n", "\r\n"))
    assert f"with {'ESMTPA' if security is Security.CLEARTEXT else 'ESMTPSA'}\r\n" in message
    thunderbird.run("file", hers, "Grüße & mehr")

    thunderbird.run("send", hers, ben, "Antwort", BODY)
    thunderbird.run("open", hers, "Sent", "Antwort")
    thunderbird.run("fetchMail", his)
    assert "Hello" in thunderbird.run("comes", his, "Inbox", "Antwort")
    forget(thunderbird, watched.server)

    logins = Counter(watched.told())
    assert logins.pop(Login(Service.IMAP, anna, security, "PLAIN")) > 1  # it keeps up to five
    assert logins == {
        Login(Service.POP3, ben, security, "PLAIN"): 2,
        Login(Service.SMTP, ben, security, "PLAIN", client_name="[127.0.0.1]"): 1,
        Login(Service.SMTP, anna, security, "PLAIN", client_name="[127.0.0.1]"): 1,
    }
    assert {(one.client_name, one.user, one.security) for one in watched.events(Kind.CLIENT)} == {
        ("Thunderbird", anna, security)  # it says so after its login
    }
    is_filed(watched.server, anna)
    with Onlooker(watched.server, ben) as onlooker:
        assert onlooker.messages() == []


def forget(thunderbird: Thunderbird, server: RunningServer) -> None:
    """Have it forget all accounts, and wait until it does nothing more with them."""
    thunderbird.run("forget")
    eventually(lambda: has_hung_up(server))


def has_hung_up(server: RunningServer) -> bool:
    """Whether no mail connection is open.

    Thunderbird begins IMAP connections when it likes, and a maildrop is as it leaves it only when
    the server has heard QUIT, for whose reply it does not wait for ever.
    """
    client = http.client.HTTPConnection("127.0.0.1", server.port("http"), timeout=20)
    with contextlib.closing(client):
        client.request(
            "GET",
            "/api/v1/connections",
            headers={"Authorization": f"Bearer {server.ready.api_token}"},
        )
        response = client.getresponse()
        assert response.status == 200
        return {one["protocol"] for one in json.load(response)}.isdisjoint(("IMAP", "POP3", "SMTP"))


def is_filed(server: RunningServer, name: str) -> None:
    """What was read, starred, copied, archived and thrown away is where it should be, and whole."""
    with Onlooker(server, name) as onlooker:
        assert onlooker.subjects() == ["Welcome to mailauth"]
        assert onlooker.subjects("Archive") == []
        assert onlooker.subjects("Sent") == ["Antwort"]
        for folder in ("Gr&APwA3w-e &- mehr", "Trash"):
            (message,) = onlooker.messages(folder)
            assert message.flags >= {r"\Seen", r"\Flagged"}
            assert message.content.endswith("\n\n" + BODY)


def test_autoconfig_leads_to_tls(watched: Watched, thunderbird: Thunderbird) -> None:
    """It refuses the certificate of HTTPS, which is for another name; HTTP leads it to TLS."""
    thunderbird.run("setUp", MICHAEL, PASSWORD, "imap", None)
    assert watched.told() == [Login(Service.IMAP, MICHAEL, Security.IMPLICIT, "PLAIN")]
    refusals = watched.events(Kind.CONNECTION)
    assert {(one.listener, one.reason) for one in refusals} == {
        ("https", "tls-handshake-failed: sslv3 alert bad certificate")
    }


def test_autoconfig_of_a_domain_that_leads_to_the_server(
    configured: Configured, thunderbird: Thunderbird
) -> None:
    """It is asked over HTTPS, whose certificate is that of the domain, as is that of IMAP."""
    domain = configured(DOMAIN)
    thunderbird.reach(domain)
    thunderbird.run("setUp", MARY, "correct horse", "imap", None)
    (line,) = domain.logins()
    assert (line.protocol, line.secure, line.account) == (Service.IMAP, True, MARY)
    (login,) = domain.attempts()
    assert (login.security, login.tls_sni) == (Security.IMPLICIT, "mydomain.com")


@pytest.mark.parametrize(
    ("kind", "protocol"), [("imap", Service.IMAP), ("pop3", Service.POP3)], ids=["imap", "pop3"]
)
def test_an_encrypted_password(
    watched: Watched, thunderbird: Thunderbird, kind: str, protocol: Service
) -> None:
    """In the clear it is insecure all the same, but exposes no password."""
    thunderbird.run("setUp", MICHAEL, PASSWORD, kind, "plain", "passwordEncrypted")
    assert watched.told() == [Login(protocol, MICHAEL, Security.CLEARTEXT, "CRAM-MD5")]
    (login,) = watched.events(Kind.LOGIN)
    assert login.exposed is False


def test_a_wrong_password_sets_up_nothing(watched: Watched, thunderbird: Thunderbird) -> None:
    """The attempts are recorded, by every mechanism that is tried, and are no line."""
    with pytest.raises(ScriptError):
        thunderbird.run("setUp", MICHAEL, "wrong", "imap", "tls")
    assert watched.logins() == []
    assert {event.result for event in watched.events(Kind.LOGIN)} == {Result.BAD_CREDENTIALS}
