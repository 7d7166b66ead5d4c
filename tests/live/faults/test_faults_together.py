"""Several faults of one listener at a time: those that go together, and those that do not."""

import ssl
import time
import warnings
from collections.abc import Iterator

import pytest

from mailauth.faults.catalogue import SLOW_SECONDS
from mailauth.testing import ApiError, MailAuth
from tests.live.support.lines import Lines

TOML = """
    [[user]]
    name = "bob"
    password = "b0b's"
    [[listener]]
    name = "http"
    protocol = "http"
    port = 0
    [[listener]]
    name = "imap"
    protocol = "imap"
    port = 0
    [[listener]]
    name = "configured"
    protocol = "imap"
    port = 0
    fault = ["expired", "temporary-failure"]
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[MailAuth]:
    with MailAuth(TOML) as server:
        yield server


@pytest.fixture
def mailauth(shared: MailAuth) -> MailAuth:
    shared.reset()
    return shared


class Client(Lines):
    """A client of a listener, by IMAP."""

    def __init__(self, server: MailAuth, listener: str = "imap") -> None:
        super().__init__(server.port(listener), "imap")
        self.greeting = self.read(1)

    def begin_tls(self, context: ssl.SSLContext) -> None:
        """Take the server at its word."""
        assert self.ask("a1 STARTTLS").startswith("a1 OK")
        self.start_tls(context)

    def log_in(self) -> str:
        """With the right password."""
        return self.ask('a2 LOGIN bob "b0b\'s"')


def careless() -> ssl.SSLContext:
    """Trust everybody."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def old(context: ssl.SSLContext) -> ssl.SSLContext:
    """Speak TLS 1.1, too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def offers_starttls(server: MailAuth) -> bool:
    with Client(server) as client:
        return "STARTTLS" in client.greeting


def shows_an_expired_certificate(server: MailAuth, listener: str = "imap") -> bool:
    with Client(server, listener) as client:
        try:
            client.begin_tls(server.ssl_context())
        except ssl.SSLCertVerificationError as error:
            return "certificate has expired" in str(error)
        return False


def is_turned_away(server: MailAuth, listener: str = "imap") -> bool:
    with Client(server, listener) as client:
        return "UNAVAILABLE" in client.log_in()


def test_faults_inside_each_other_end_in_turn(mailauth: MailAuth) -> None:
    with mailauth.fault("imap", "expired"):
        assert shows_an_expired_certificate(mailauth)
        with mailauth.fault("imap", "stripped"):
            assert not offers_starttls(mailauth)
            with mailauth.fault("imap", "temporary-failure"):
                assert is_turned_away(mailauth)
                assert not offers_starttls(mailauth)
            assert not is_turned_away(mailauth)
            assert not offers_starttls(mailauth)
        assert offers_starttls(mailauth)
        assert shows_an_expired_certificate(mailauth)
    assert not shows_an_expired_certificate(mailauth)


def test_a_fault_that_is_there_already_stays(mailauth: MailAuth) -> None:
    """A configured one, or that of a block around."""
    with mailauth.fault("configured", "expired"), mailauth.fault("imap", "stripped"):
        with mailauth.fault("imap", "stripped"):
            assert not offers_starttls(mailauth)
        assert not offers_starttls(mailauth)
    assert shows_an_expired_certificate(mailauth, "configured")
    assert is_turned_away(mailauth, "configured")
    assert offers_starttls(mailauth)


def test_a_bad_certificate_in_an_old_version(mailauth: MailAuth) -> None:
    """A client may be right about one, and wrong about the other."""
    with mailauth.fault("imap", "self-signed"), mailauth.fault("imap", "old-version-only"):
        with Client(mailauth) as client:
            client.begin_tls(old(careless()))
            assert client.log_in().startswith("a2 OK")
        assert mailauth.login().tls_version == "TLSv1.1"
        with Client(mailauth) as client, pytest.raises(ssl.SSLCertVerificationError):
            client.begin_tls(old(mailauth.ssl_context()))


def test_a_login_that_fails_inside_bad_tls(mailauth: MailAuth) -> None:
    with Client(mailauth, "configured") as client:
        client.begin_tls(careless())
        assert "UNAVAILABLE" in client.log_in()
    (attempt,) = mailauth.attempts()
    assert (attempt.secure, attempt.reason) == (True, "fault: temporary-failure")


def test_lies_behind_injected_replies(mailauth: MailAuth) -> None:
    with (
        mailauth.fault("imap", "response-injection"),
        mailauth.fault("imap", "capability-lie"),
        Client(mailauth) as client,
    ):
        client.send("a1 STARTTLS")
        assert "X-INJECTED" in client.read(3)
        client.start_tls(mailauth.ssl_context())
        assert "CRAM-MD5" in client.ask("a2 CAPABILITY")
        assert client.ask("a3 AUTHENTICATE CRAM-MD5").startswith("a3 NO [CANNOT]")


@pytest.mark.parametrize(
    ("fault", "answer"), [("drop-mid-auth", ""), ("wrong-code", "a2 YES Welcome\n")]
)
def test_a_wrong_answer_comes_late(mailauth: MailAuth, fault: str, answer: str) -> None:
    with (
        mailauth.fault("imap", "slow"),
        mailauth.fault("imap", fault),
        Client(mailauth) as client,
    ):
        began = time.monotonic()
        assert client.log_in() == answer
        assert time.monotonic() - began > SLOW_SECONDS - 0.1
    assert mailauth.logins() == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("expired", "unknown-ca"),
        ("handshake-stall", "handshake-abort"),
        ("stripped", "preauth"),
        ("temporary-failure", "drop-mid-auth"),
        ("mechanism-downgrade", "capability-lie"),
    ],
)
def test_faults_that_contradict_each_other(mailauth: MailAuth, one: str, other: str) -> None:
    """There is one clear error, and what was there stays."""
    complaint = rf'imap\.fault: \\"{one}\\" and \\"{other}\\" cannot be combined'
    with mailauth.fault("imap", one):
        for _ in range(2):
            with pytest.raises(ApiError, match=complaint), mailauth.fault("imap", other):
                pass
    with mailauth.fault("imap", other):
        pass
