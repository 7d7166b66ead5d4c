"""What the authors of a mail client promise, and how they know."""

import imaplib
import ssl
import threading

import pytest
from mail_client import count_by_imap, count_by_pop3

from mailauth.testing import MailAuth


def test_imap_logs_in_once_and_securely(mailauth: MailAuth) -> None:
    port = mailauth.port("imap", tls="starttls")
    assert count_by_imap("localhost", port, *mailauth.user(), mailauth.ssl_context()) == 1
    login = mailauth.login()
    assert login.secure
    assert login.user == "ann@example.org"
    assert login.security == "starttls"
    mailauth.assert_no_exposure()


def test_pop3_uses_tls_from_the_first_byte(mailauth: MailAuth) -> None:
    port = mailauth.port("pop3", tls="implicit")
    count_by_pop3("localhost", port, *mailauth.user("ben"), mailauth.ssl_context())
    assert mailauth.login().tls_version == "TLSv1.3"
    mailauth.assert_all_secure()


def test_an_alias_logs_in_to_its_account(mailauth: MailAuth) -> None:
    port = mailauth.port("imap")
    count_by_imap(
        "localhost", port, "ann@example.net", mailauth.user("ann").password, mailauth.ssl_context()
    )
    assert [login.user for login in mailauth.logins()] == ["ann@example.org"]


def test_a_ca_that_is_not_trusted_is_refused(mailauth: MailAuth) -> None:
    strangers_only = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError):
        count_by_pop3("localhost", mailauth.port("pop3s"), *mailauth.user(), strangers_only)
    mailauth.wait_for_connection("unknown ca", protocol="pop3")
    assert mailauth.attempts() == []


def test_a_background_job_logs_in_within_ten_seconds(mailauth: MailAuth) -> None:
    arguments = (mailauth.port("imap"), *mailauth.user(), mailauth.ssl_context())
    job = threading.Timer(0.1, count_by_imap, ("localhost", *arguments))
    job.start()
    mailauth.wait_for_login("ann@example.org", "IMAP", secure=True, timeout=10)
    job.join()


@pytest.mark.parametrize("fault", ["stripped", "refused", "accepted-then-cleartext"])
def test_no_password_without_starttls(mailauth: MailAuth, fault: str) -> None:
    arguments = (mailauth.port("imap"), *mailauth.user(), mailauth.ssl_context())
    with (
        mailauth.fault("imap", fault),
        pytest.raises((imaplib.IMAP4.error, OSError)),
    ):
        count_by_imap("localhost", *arguments)
    mailauth.assert_no_exposure()
    assert mailauth.attempts() == []


def test_an_expired_certificate_is_refused(mailauth: MailAuth) -> None:
    arguments = (mailauth.port("pop3s"), *mailauth.user(), mailauth.ssl_context())
    with mailauth.fault("pop3s", "expired"), pytest.raises(ssl.SSLCertVerificationError):
        count_by_pop3("localhost", *arguments)
    mailauth.wait_for_connection("certificate expired")
