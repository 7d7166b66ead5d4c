"""The TLS context of a listener, according to its configuration."""

from pathlib import Path

from mailauth.certs.clients import client_ca
from mailauth.certs.server import Store
from mailauth.config.schema import ClientCertificates, ListenerConfig, TlsConfig
from mailauth.login.policy import may_bind_channel
from mailauth.net.tls_context import Clients, ServerContext, server_context


def asks_for_certificates(listener: ListenerConfig) -> bool:
    """Return whether a listener asks its TLS clients for a certificate."""
    return listener.client_certificates is not ClientCertificates.NONE


def asked_clients(listener: ListenerConfig, tls: TlsConfig, home: Path) -> Clients | None:
    """Return what a listener requires of client certificates; `None` if it asks for none."""
    if not asks_for_certificates(listener):
        return None
    required = listener.client_certificates is ClientCertificates.REQUIRED
    return Clients(ca=client_ca(home, tls), required=required)


def listener_context(listener: ListenerConfig, tls: TlsConfig, store: Store) -> ServerContext:
    """Make a listener's context. Raises `ConfigError` for files that OpenSSL does not accept."""
    clients = asked_clients(listener, tls, store.home)
    minimum = listener.tls_minimum or tls.minimum
    return server_context(
        store.certificate,
        store.key,
        listener.service,
        minimum,
        clients,
        binds_channel=may_bind_channel(listener.service, listener.mechanisms),
    )
