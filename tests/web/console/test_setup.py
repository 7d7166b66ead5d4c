"""The page that says how to set up a client, and the CA (DESIGN 4)."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from mailauth.certs.ca import new_authority
from tests.web.browser import Browser, Server


@pytest.mark.parametrize(
    ("query", "ports", "verdict"),
    [
        ("", ("2993", "2995", "2465"), "SECURE"),
        ("?mode=starttls", ("2143", "2110", "2587"), "SECURE"),
        ("?mode=plain", ("2143", "2110", "2587"), "UNSECURE"),
    ],
)
def test_the_settings_of_each_mode(
    browser: Browser, query: str, ports: tuple[str, ...], verdict: str
) -> None:
    """Open to everybody, and no login."""
    page = browser.get(f"/setup{query}")
    assert page.status == 200
    for port in ports:
        assert f"<code>{port}</code>" in page.text
        assert f'data-copy="{port}"' in page.text
    assert f">{verdict}</span>" in page.text


def test_who_has_signed_in_reads_their_own_name(browser: Browser) -> None:
    browser.sign_in("bob")
    assert 'data-copy="bob@mydomain.com"' in browser.get("/setup").text


def test_a_mode_that_is_not_offered_says_so(server: Server, browser: Browser) -> None:
    server.operations.listening = []
    assert "This server does not have a listener for this." in browser.get("/setup").text
    assert browser.get("/setup?mode=ssl").status == 400


def test_the_ca_can_be_downloaded(server: Server, browser: Browser) -> None:
    ca = new_authority("localhost", datetime(2026, 11, 24, tzinfo=UTC)).certificate
    server.operations.ca = ca.public_bytes(Encoding.PEM)
    page = browser.get("/setup")
    assert ca.fingerprint(hashes.SHA256()).hex(":").upper() in page.text
    pem = browser.get("/ca.pem")
    assert x509.load_pem_x509_certificate(pem.body) == ca
    assert pem.fields["content-disposition"] == 'attachment; filename="mailauth-ca.pem"'
    der = browser.get("/ca.crt")
    assert der.fields["content-type"] == "application/x-x509-ca-cert"
    assert x509.load_der_x509_certificate(der.body) == ca


def test_a_certificate_of_another_ca_is_not_explained(browser: Browser) -> None:
    assert "Download the CA" not in browser.get("/setup").text
    assert browser.get("/ca.pem").status == browser.get("/ca.crt").status == 404
