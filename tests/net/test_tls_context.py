"""How TLS is spoken, by real handshakes in memory."""

import ssl
import warnings
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from mailauth.certs.server import Store, prepare
from mailauth.config import ListenerConfig, TlsConfig
from mailauth.config.schema import TlsVersion
from mailauth.login.event import Service
from mailauth.login.hop import TlsFacts
from mailauth.net.listener_tls import listener_context
from mailauth.net.tls_context import facts, server_context
from tests.certs.test_server import self_sign
from tests.support.handshake import finished, handshake, trusting

IMAP = Service.IMAP


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return prepare(tmp_path_factory.mktemp("home"), "localhost", TlsConfig(), datetime.now(UTC))


def client_speaking(store: Store, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = trusting(store.ca)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    if version < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@pytest.mark.parametrize(
    ("minimum", "version", "spoken"),
    [
        ("1.0", ssl.TLSVersion.TLSv1, "TLSv1"),
        ("1.0", ssl.TLSVersion.TLSv1_1, "TLSv1.1"),
        ("1.0", ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
        ("1.1", ssl.TLSVersion.TLSv1, None),
        ("1.1", ssl.TLSVersion.TLSv1_1, "TLSv1.1"),
        ("1.2", ssl.TLSVersion.TLSv1_1, None),
        ("1.2", ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
        ("1.3", ssl.TLSVersion.TLSv1_2, None),
        ("1.3", ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
    ],
)
def test_the_lowest_version_is_the_one_configured(
    store: Store, minimum: str, version: ssl.TLSVersion, spoken: str | None
) -> None:
    context = server_context(store.certificate, store.key, IMAP, minimum)
    client = client_speaking(store, version)
    if spoken is None:
        with pytest.raises(ssl.SSLError):
            handshake(context, client)
    else:
        server, _ = handshake(context, client)
        assert facts(server).version == spoken


@pytest.mark.parametrize(("own", "minimum"), [("1.3", "1.3"), ("1.1", "1.1"), (None, "1.2")])
def test_a_listeners_own_lowest_version_comes_first(
    store: Store, own: TlsVersion | None, minimum: str
) -> None:
    config = ListenerConfig(name="imap", protocol="imap", port=0, tls_minimum=own)
    context = listener_context(config, TlsConfig(), store)
    expected = server_context(store.certificate, store.key, IMAP, minimum)
    assert context.minimum_version == expected.minimum_version


@pytest.mark.parametrize(
    ("protocol", "agreed"),
    [
        (Service.IMAP, "imap"),
        (Service.POP3, "pop3"),
        (Service.HTTP, "http/1.1"),
        (Service.SMTP, None),
    ],
)
def test_alpn_is_agreed_where_the_protocol_has_an_identifier(
    store: Store, protocol: Service, agreed: str | None
) -> None:
    """RFC 7301; the identifiers are those that IANA has registered."""
    client = trusting(store.ca)
    client.set_alpn_protocols(["h2", "http/1.1", "smtp", "pop3", "imap"])
    server, _ = handshake(server_context(store.certificate, store.key, protocol), client)
    assert facts(server).alpn == agreed


def test_an_unknown_alpn_identifier_is_no_reason_to_refuse(store: Store) -> None:
    client = trusting(store.ca)
    client.set_alpn_protocols(["x-unknown"])
    server, _ = handshake(server_context(store.certificate, store.key, IMAP), client)
    assert facts(server).alpn is None


def test_what_was_agreed_is_told(store: Store) -> None:
    context = server_context(store.certificate, store.key, IMAP)
    server, _ = handshake(context, trusting(store.ca))
    assert facts(server) == TlsFacts(
        version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", sni="localhost", alpn=None
    )


def test_each_connection_keeps_its_own_server_name(store: Store) -> None:
    context = server_context(store.certificate, store.key, IMAP)
    client = trusting(store.ca)
    client.check_hostname = False
    named, _ = handshake(context, client, "other.example")
    unnamed, _ = handshake(context, client, None)
    assert (named.server_name, unnamed.server_name) == ("other.example", None)


def test_there_is_no_compression_and_no_renegotiation(store: Store) -> None:
    context = server_context(store.certificate, store.key, IMAP)
    assert context.options & ssl.OP_NO_RENEGOTIATION
    server, _ = handshake(context, client_speaking(store, ssl.TLSVersion.TLSv1_2))
    assert server.compression() is None


def test_tickets_are_given_where_they_spare_work(tmp_path: Path, store: Store) -> None:
    """An RSA signature costs more than the rest of the handshake; an ECDSA one does not."""
    self_sign(tmp_path / "rsa.pem", tmp_path / "rsa.key", rsa.generate_private_key(65537, 2048))
    rsa_context = server_context(tmp_path / "rsa.pem", tmp_path / "rsa.key", IMAP)
    client = ssl.create_default_context()
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    assert _has_ticket(rsa_context, client)
    assert not _has_ticket(server_context(store.certificate, store.key, IMAP), client)


def _has_ticket(context: ssl.SSLContext, client_context: ssl.SSLContext) -> bool:
    server, client = handshake(context, client_context)
    server.write(b"hello")
    assert client.read(5) == b"hello"  # the ticket comes before it
    session = client.session
    return session is not None and session.has_ticket


def test_a_client_that_talks_in_the_clear_is_an_error_and_not_a_handshake(store: Store) -> None:
    context = server_context(store.certificate, store.key, IMAP)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(b"a001 LOGIN bob secret\r\n")
    with pytest.raises(ssl.SSLError):
        finished(server.do_handshake)
