"""`MailAuth`, as the authors of mail clients use it: its own assertions must be able to fail."""

import imaplib
import re
import signal
import smtplib
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from mailauth.config import ConfigError
from mailauth.testing import MailAuth, ServerEnded


@pytest.fixture(scope="module")
def shared() -> Iterator[MailAuth]:
    with MailAuth() as server:
        yield server


@pytest.fixture
def server(shared: MailAuth) -> MailAuth:
    shared.reset()
    return shared


def log_in(server: MailAuth, *, secure: bool, password: str | None = None) -> None:
    with imaplib.IMAP4("localhost", server.port("imap")) as client:
        if secure:
            client.starttls(server.ssl_context())
        client.login(server.user("bob").name, password or server.user("bob").password)


def test_a_login_is_there_as_soon_as_the_client_has_heard_ok(server: MailAuth) -> None:
    log_in(server, secure=True)
    (login,) = server.logins()
    assert (login.user, login.protocol, login.secure) == ("bob@mydomain.com", "IMAP", True)
    assert server.login() == login
    server.assert_all_secure()
    server.assert_no_exposure()


def test_a_reset_makes_the_record_fresh(server: MailAuth) -> None:
    log_in(server, secure=False)
    server.reset()
    assert server.attempts() == []
    server.assert_all_secure(allow_empty=True)
    server.assert_no_exposure(allow_empty=True)


def test_an_insecure_login_fails_the_assertions_and_is_shown(server: MailAuth) -> None:
    log_in(server, secure=False)
    shown = re.escape("[IMAP] {UNSECURE} success bob@mydomain.com IMAP-LOGIN on imap (cleartext)")
    with pytest.raises(AssertionError, match=shown):
        server.assert_all_secure()
    with pytest.raises(AssertionError, match="PASSWORD EXPOSED"):
        server.assert_no_exposure()


def test_a_refused_login_is_an_attempt_and_no_login(server: MailAuth) -> None:
    with pytest.raises(imaplib.IMAP4.error):
        log_in(server, secure=False, password="wrong")
    assert server.logins() == []
    (attempt,) = server.attempts(user="bob@mydomain.com", protocol="imap", secure=False)
    assert attempt.result == "bad-credentials"
    server.assert_no_exposure()
    with pytest.raises(AssertionError, match=r"no login within 0 s; recorded:\n.*bad-credentials"):
        server.login(timeout=0)


def test_two_logins_are_not_exactly_one(server: MailAuth) -> None:
    log_in(server, secure=True)
    log_in(server, secure=True)
    with pytest.raises(AssertionError, match="2 logins, expected exactly one"):
        server.login()


def test_waiting_ends_when_the_login_comes(server: MailAuth) -> None:
    thread = threading.Thread(target=log_in, args=(server,), kwargs={"secure": True})
    thread.start()
    login = server.wait_for_login("Bob@MyDomain.com", "Imap", secure=True, timeout=30)
    thread.join()
    assert login.security == "starttls"


def test_waiting_in_vain_says_what_there_was_instead(server: MailAuth) -> None:
    log_in(server, secure=False)
    with pytest.raises(AssertionError, match=r"no secure SMTP login of mary within 1 s; .*\n.*bob"):
        server.wait_for_login("mary", "smtp", secure=True, timeout=1)


def test_a_client_that_refuses_the_certificate_is_told_by_its_alert(server: MailAuth) -> None:
    with suppress(ssl.SSLError):
        imaplib.IMAP4_SSL(
            "localhost", server.port("imaps"), ssl_context=ssl.create_default_context()
        )
    ended = server.wait_for_connection("unknown ca", protocol="IMAP")
    assert ended in server.connections("imap")
    assert server.attempts() == []


def test_ports_are_found_by_protocol_and_mode(server: MailAuth) -> None:
    by_name = {each.name: each.port for each in server.listeners}
    assert server.port("IMAP") == server.port("imap", tls="starttls") == by_name["imap"]
    assert server.port("imap", tls="none") == by_name["imap"]
    assert server.port("imap", tls="implicit") == by_name["imaps"]
    assert server.port("smtp") == by_name["smtp"]
    assert server.port("submission") == by_name["submission"]
    assert server.port("http", tls="none") == by_name["http"]
    with pytest.raises(
        LookupError, match=r"there is no listener for http with tls starttls; expected one of smtp"
    ):
        server.port("http", tls="starttls")
    with pytest.raises(LookupError, match="no listener for nntp"):
        server.port("nntp")


def test_users_are_found_by_name(server: MailAuth) -> None:
    assert server.user() == ("mary@mydomain.com", "secret")
    assert server.user("bob") == server.user("BOB@mydomain.com")
    assert "secret" not in repr(server.user())
    with pytest.raises(LookupError, match=r"expected one of mary@mydomain\.com"):
        server.user("nobody")


def test_a_protocol_that_does_not_exist_is_an_error_of_the_test(server: MailAuth) -> None:
    with pytest.raises(ValueError, match='unknown protocol "imaps": expected one of SMTP'):
        server.logins(protocol="imaps")


def test_more_records_than_one_answer_holds_are_all_there(server: MailAuth) -> None:
    with smtplib.SMTP("localhost", server.port("smtp")) as client:
        client.ehlo()
        for _ in range(9):
            with suppress(smtplib.SMTPAuthenticationError):
                client.user, client.password = "bob", "wrong"
                client.auth("PLAIN", client.auth_plain)
    for _ in range(1100):
        with suppress(imaplib.IMAP4.error), imaplib.IMAP4("localhost", server.port("imap")) as mail:
            mail.login("bob", "wrong")
    assert len(server.attempts()) == 1109


def test_a_configuration_of_ones_own_is_served() -> None:
    config = """
        [[user]]
        name = "a@example.org"
        password = "first"
        disabled = true
        [[user]]
        name = "b@example.org"
        password = "second"
    """
    with MailAuth(config) as server:
        assert server.user() == ("b@example.org", "second")


def test_a_configuration_without_http_is_refused_in_one_sentence() -> None:
    config = """
        [[user]]
        name = "a"
        password = "first"
        [[listener]]
        name = "imap"
        protocol = "imap"
        port = 0
    """
    with pytest.raises(ConfigError, match='listener: expected one with protocol "http"'):
        MailAuth(config).start()


def test_a_server_that_has_died_says_its_last_words() -> None:
    server = MailAuth()
    server.start()
    process = server._server.process
    process.send_signal(signal.SIGKILL)
    process.wait()
    with pytest.raises(ServerEnded):
        server.logins()
    with pytest.raises(ServerEnded):
        server.stop()
