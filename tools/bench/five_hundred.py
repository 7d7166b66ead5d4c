"""500 tests as authors of mail clients would write them; `plugin.py` runs them."""

import imaplib
import poplib
import smtplib
import ssl
import threading
from contextlib import AbstractContextManager

import pytest

from mailauth.testing import MailAuth

ROUNDS = 50
LEFT_BEHIND: list[AbstractContextManager[None]] = []  # kept, else it ends with its test


@pytest.fixture(autouse=True, params=range(ROUNDS))
def rounds(request: pytest.FixtureRequest) -> int:
    """Each test so many times."""
    return int(request.param)


def imap_starttls(mailauth: MailAuth, password: str | None = None) -> None:
    name, right = mailauth.user("bob")
    with imaplib.IMAP4("localhost", mailauth.port("imap", tls="starttls")) as client:
        client.starttls(mailauth.ssl_context())
        client.login(name, password or right)


def pop3s(mailauth: MailAuth, context: ssl.SSLContext) -> None:
    client = poplib.POP3_SSL("localhost", mailauth.port("pop3s"), context=context)
    client.user(mailauth.user("mary").name)
    client.pass_(mailauth.user("mary").password)
    client.quit()


def test_one_secure_login(mailauth: MailAuth) -> None:
    imap_starttls(mailauth)
    assert mailauth.login().security == "starttls"
    mailauth.assert_no_exposure()


def test_the_record_is_fresh(mailauth: MailAuth) -> None:
    assert mailauth.records() == []
    pop3s(mailauth, mailauth.ssl_context())
    assert [login.user for login in mailauth.logins()] == ["mary@mydomain.com"]


def test_a_login_in_the_clear_is_found(mailauth: MailAuth) -> None:
    with smtplib.SMTP("localhost", mailauth.port("submission")) as client:
        client.ehlo()
        client.login(*mailauth.user("sue"))
    with pytest.raises(AssertionError, match="not protected by TLS"):
        mailauth.assert_all_secure()


def test_a_wrong_password(mailauth: MailAuth) -> None:
    with pytest.raises(imaplib.IMAP4.error):
        imap_starttls(mailauth, "wrong")
    assert mailauth.wait_for_attempt("bob@mydomain.com").result == "bad-credentials"
    assert mailauth.logins() == []


def test_a_stranger_is_refused(mailauth: MailAuth) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        pop3s(mailauth, ssl.create_default_context())
    mailauth.wait_for_connection("unknown ca")


def test_an_expired_certificate(mailauth: MailAuth) -> None:
    with mailauth.fault("pop3s", "expired"), pytest.raises(ssl.SSLCertVerificationError):
        pop3s(mailauth, mailauth.ssl_context())
    mailauth.wait_for_connection("certificate expired")
    pop3s(mailauth, mailauth.ssl_context())
    assert mailauth.login().secure


def test_starttls_stripped(mailauth: MailAuth) -> None:
    with mailauth.fault("imap", "stripped"), pytest.raises(imaplib.IMAP4.abort):
        imap_starttls(mailauth)
    assert mailauth.attempts() == []


def test_a_fault_that_is_left_behind(mailauth: MailAuth) -> None:
    LEFT_BEHIND.append(mailauth.fault("imap", "temporary-failure"))
    LEFT_BEHIND[-1].__enter__()
    with pytest.raises(imaplib.IMAP4.error, match="UNAVAILABLE"):
        imap_starttls(mailauth)


def test_a_login_by_a_thread_is_waited_for(mailauth: MailAuth) -> None:
    thread = threading.Thread(target=imap_starttls, args=(mailauth,))
    thread.start()
    mailauth.wait_for_login("bob@mydomain.com", "imap", secure=True, timeout=30)
    thread.join()


def test_two_logins(mailauth: MailAuth) -> None:
    imap_starttls(mailauth)
    pop3s(mailauth, mailauth.ssl_context())
    assert [login.protocol for login in mailauth.logins()] == ["IMAP", "POP3"]
    mailauth.assert_all_secure()
