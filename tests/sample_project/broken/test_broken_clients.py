"""Each test here fails, and says what its client has done."""

import imaplib
import smtplib
import ssl
from contextlib import suppress

import pytest

from mailauth.testing import MailAuth


@pytest.fixture
def in_the_clear(mailauth: MailAuth) -> MailAuth:
    """A client that does not use STARTTLS, although it is offered, has logged in."""
    with imaplib.IMAP4("localhost", mailauth.port("imap")) as client:
        client.login(*mailauth.user())
    return mailauth


def test_all_secure(in_the_clear: MailAuth) -> None:
    in_the_clear.assert_all_secure()


def test_no_exposure(in_the_clear: MailAuth) -> None:
    in_the_clear.assert_no_exposure()


def test_logs_in_to_nobody(in_the_clear: MailAuth) -> None:
    assert in_the_clear.logins() == []


def test_shows_its_password_to_nobody(in_the_clear: MailAuth) -> None:
    assert [each for each in in_the_clear.attempts() if each.exposed] == []


def test_waits_for_a_secure_login(in_the_clear: MailAuth) -> None:
    in_the_clear.wait_for_login(in_the_clear.user().name, "imap", secure=True, timeout=0.5)


def test_logs_in_once(mailauth: MailAuth) -> None:
    for _ in range(2):
        with imaplib.IMAP4_SSL(
            "localhost", mailauth.port("imaps"), ssl_context=mailauth.ssl_context()
        ) as client:
            client.login(*mailauth.user())
    mailauth.login()


def test_logs_in_at_all(mailauth: MailAuth) -> None:
    name, _ = mailauth.user()
    with imaplib.IMAP4("localhost", mailauth.port("imap")) as client:
        client.starttls(mailauth.ssl_context())
        with suppress(imaplib.IMAP4.error):
            client.login(name, "yesterday's password")
    mailauth.login(timeout=0.5)


def test_a_refused_password_is_exposed_too(mailauth: MailAuth) -> None:
    """The client asks for another account's mail with its own password, and is refused."""
    name, password = mailauth.user()
    with smtplib.SMTP("localhost", mailauth.port("smtp")) as client:
        client.ehlo()
        with suppress(smtplib.SMTPAuthenticationError):
            client.auth("PLAIN", lambda challenge=None: f"ben@example.org\0{name}\0{password}")
    mailauth.assert_no_exposure()


def test_refuses_the_certificate(mailauth: MailAuth) -> None:
    """The client was told to trust everybody."""
    context = mailauth.ssl_context()
    with imaplib.IMAP4_SSL("localhost", mailauth.port("imaps"), ssl_context=context) as client:
        client.noop()
    mailauth.wait_for_connection("unknown ca", timeout=0.5)


def test_does_not_connect_in_vain(mailauth: MailAuth) -> None:
    """The client connects to see whether the server is there."""
    with imaplib.IMAP4("localhost", mailauth.port("imap")):
        pass
    assert mailauth.connections("imap") == []


def test_refuses_an_expired_certificate(mailauth: MailAuth) -> None:
    """The client does not look at what it is shown."""
    careless = mailauth.ssl_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    with mailauth.fault("imaps", "expired"):
        with imaplib.IMAP4_SSL("localhost", mailauth.port("imaps"), ssl_context=careless) as client:
            client.login(*mailauth.user())
        mailauth.wait_for_connection("certificate expired", timeout=0.5)


def test_insists_on_starttls(mailauth: MailAuth) -> None:
    """The client uses STARTTLS only where it is offered."""
    with (
        mailauth.fault("imap", "stripped"),
        imaplib.IMAP4("localhost", mailauth.port("imap")) as client,
    ):
        if "STARTTLS" in client.capabilities:
            client.starttls(mailauth.ssl_context())
        client.login(*mailauth.user())
    mailauth.assert_no_exposure()


def test_tries_at_all(mailauth: MailAuth) -> None:
    """The client takes STARTTLS for missing where it is refused, and leaves."""
    with (
        mailauth.fault("imap", "refused"),
        imaplib.IMAP4("localhost", mailauth.port("imap")) as client,
        suppress(imaplib.IMAP4.error),
    ):
        client.starttls(mailauth.ssl_context())
    mailauth.wait_for_attempt("ann@example.org", "imap", timeout=0.5)
