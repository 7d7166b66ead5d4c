"""Faulty certificates over time, and on listeners that ask for certificates themselves."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509 import load_der_x509_certificate

from mailauth.certs.ca import new_authority
from mailauth.certs.clients import issue_for_client, prepare_client_ca
from mailauth.config import ListenerConfig, TlsConfig
from mailauth.config.schema import ClientCertificates
from mailauth.faults import Fault
from mailauth.net.faulty_tls import FaultyTls
from mailauth.net.listener_tls import asked_clients
from tests.support.handshake import handshake

NOW = datetime.now(UTC)
AUTHORITY = new_authority("localhost", NOW)


class Faulty:
    """What a listener with a fault shows, while time passes."""

    def __init__(self, home: Path) -> None:
        self.now = NOW
        self._tls = FaultyTls(
            lambda: AUTHORITY,
            "localhost",
            lambda listener: asked_clients(listener, TlsConfig(), home),
            lambda: self.now,
        )

    def context(
        self, fault: Fault, asked: ClientCertificates = ClientCertificates.NONE
    ) -> ssl.SSLContext:
        listener = ListenerConfig(
            name=f"imap-{asked.value}",
            protocol="imap",
            port=0,
            client_certificates=asked,
            fault=fault,
        )
        self._tls.prepare(listener)
        session = self._tls.session(listener)
        assert session is not None
        return session.agreed.context


@pytest.fixture
def faulty(tmp_path: Path) -> Faulty:
    return Faulty(tmp_path)


def careless() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def begins(shown: ssl.SSLContext) -> datetime:
    """Return from when on what is shown is valid."""
    _, client = handshake(shown, careless())
    certificate = client.getpeercert(binary_form=True)
    assert certificate is not None
    return load_der_x509_certificate(certificate).not_valid_before_utc


def test_what_begins_tomorrow_begins_tomorrow_the_day_after_too(faulty: Faulty) -> None:
    """A server may run for days; within the hour it is the same certificate."""
    first = faulty.context(Fault.NOT_YET_VALID)
    assert faulty.context(Fault.NOT_YET_VALID) is first
    for day in range(3):
        faulty.now = NOW + timedelta(days=day)
        assert begins(faulty.context(Fault.NOT_YET_VALID)) > faulty.now + timedelta(hours=23)


@pytest.mark.parametrize("fault", [Fault.WRONG_HOST, Fault.EXPIRED, Fault.UNKNOWN_CA])
def test_a_certificate_is_asked_for_all_the_same(
    faulty: Faulty, tmp_path: Path, fault: Fault
) -> None:
    """Only one thing is wrong: who overlooks it needs a certificate as before."""
    prepare_client_ca(tmp_path, TlsConfig(), NOW)
    context = faulty.context(fault, ClientCertificates.REQUIRED)
    with pytest.raises(ssl.SSLError, match="peer did not return a certificate"):
        handshake(context, careless())
    bob = issue_for_client(tmp_path, TlsConfig(), "bob", NOW)
    with_certificate = careless()
    with_certificate.load_cert_chain(bob.certificate, bob.key)
    server, _ = handshake(context, with_certificate)
    assert server.getpeercert(binary_form=True) is not None
    handshake(faulty.context(fault, ClientCertificates.NONE), careless())
