"""TLS contexts, one for each protocol, and the result of a handshake."""

import ssl
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_never

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

from mailauth.certs.client_ca import account_names
from mailauth.certs.pem import read_certificates, read_key
from mailauth.config.errors import ConfigError
from mailauth.config.schema import TlsConfig
from mailauth.login.event import Service
from mailauth.login.hop import Handshake, TlsFacts
from mailauth.net.channel_binding import WithExporter, server_end_point
from mailauth.net.key_log import KeyLog

_MINIMUM = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}

# TLS 1.0 and 1.1 sign with SHA-1, which OpenSSL accepts only at security level 0.
_CIPHERS_OF_OLD = "ALL:!aNULL:!eNULL:@SECLEVEL=0"


class ServerContext(ssl.SSLContext):
    """The TLS settings of a listener, and what its sessions can be bound to.

    With a key log, `after_handshake` is used after a handshake, since nobody would read what is
    logged then: a client may change its keys without limit (RFC 8446 §4.6.3).
    """

    end_point: Mapping[str, bytes] = {}
    key_log: KeyLog | None = None
    after_handshake: "ServerContext | None" = None


class ServerTls(ssl.SSLObject):
    """The server's end of a TLS connection; it keeps the server name that the client sent (SNI)."""

    server_name: str | None = None
    exporter_secret: bytes | None = None

    def do_handshake(self) -> None:
        """Take a step of the handshake, and read the secret that it may have logged."""
        context = self.context
        assert isinstance(context, ServerContext)
        try:
            super().do_handshake()
        finally:
            if context.key_log is not None:
                self.exporter_secret = context.key_log.take() or self.exporter_secret
        if context.after_handshake is not None:
            self.context = context.after_handshake


class Clients(msgspec.Struct, frozen=True):
    """The CA that must vouch for a client's certificate, and whether clients need one.

    A certificate that a client sends must be valid, even if it is not required.
    """

    ca: Path
    required: bool


def server_context(
    certificate: Path,
    key: Path,
    protocol: Service,
    minimum: str = TlsConfig().minimum,
    clients: Clients | None = None,
    *,
    binds_channel: bool = True,
) -> ServerContext:
    """Make the context of a listener; its `wrap_bio` makes a `ServerTls`.

    Session tickets are used only with RSA keys, where they save an expensive signature. OpenSSL's
    preferences decide the key exchange: X25519, then P-256. Without `binds_channel` a handshake is
    cheaper, but sessions have no channel bindings. Raises `ConfigError` for a certificate or key
    that OpenSSL does not accept.
    """
    context = ServerContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are set on purpose
        context.minimum_version = _MINIMUM[minimum]
    if context.minimum_version < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers(_CIPHERS_OF_OLD)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    is_rsa = isinstance(read_key(key, "tls.key"), rsa.RSAPrivateKey)
    context.num_tickets = 1 if is_rsa else 0
    if names := application_protocols(protocol):
        context.set_alpn_protocols(names)
    context.sslobject_class = ServerTls
    context.sni_callback = _remember_server_name
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        reason = (error.reason or str(error)).lower().replace("_", " ")
        raise ConfigError(f"tls.certificate: {certificate} is not usable: {reason}") from None
    if clients is not None:
        _ask(context, clients)
    if binds_channel:
        context.end_point = server_end_point(read_certificates(certificate, "tls.certificate")[0])
        if KeyLog.is_possible():
            context.key_log = KeyLog(context)
            context.after_handshake = ServerContext(ssl.PROTOCOL_TLS_SERVER)
            context.after_handshake.end_point = context.end_point
    return context


def application_protocols(protocol: Service) -> list[str]:
    """Return the registered ALPN identifiers (RFC 7301) of a protocol; SMTP has none."""
    match protocol:
        case Service.IMAP:
            return ["imap"]
        case Service.POP3:
            return ["pop3"]
        case Service.HTTP:
            return ["http/1.1"]
        case Service.SMTP:
            return []
        case _:
            assert_never(protocol)


def handshake_of(tls: ssl.SSLObject) -> Handshake:
    """Return what a completed handshake has established."""
    shown = tls.getpeercert(binary_form=True)
    return Handshake(
        tls=facts(tls),
        channel_bindings=_channel_bindings(tls),
        certificate_names=account_names(shown, datetime.now(UTC)) if shown is not None else (),
    )


def facts(tls: ssl.SSLObject) -> TlsFacts:
    """Return what a completed handshake has negotiated."""
    cipher = tls.cipher()
    return TlsFacts(
        version=tls.version(),
        cipher=cipher[0] if cipher is not None else None,
        sni=tls.server_name if isinstance(tls, ServerTls) else None,
        alpn=tls.selected_alpn_protocol(),
    )


def _channel_bindings(tls: ssl.SSLObject) -> Mapping[str, bytes]:
    context, cipher = tls.context, tls.cipher()
    assert isinstance(tls, ServerTls)
    assert isinstance(context, ServerContext)
    assert cipher is not None
    if tls.exporter_secret is not None:
        hash_name = "sha384" if cipher[0].endswith("SHA384") else "sha256"  # RFC 8446 appendix B.4
        return WithExporter(context.end_point, tls.exporter_secret, hash_name)
    return context.end_point if tls.version() == "TLSv1.3" else {}


def _ask(context: ssl.SSLContext, clients: Clients) -> None:
    context.verify_mode = ssl.CERT_REQUIRED if clients.required else ssl.CERT_OPTIONAL
    try:
        context.load_verify_locations(clients.ca)
    except ssl.SSLError as error:
        reason = (error.reason or str(error)).lower().replace("_", " ")
        raise ConfigError(f"tls.client_ca: {clients.ca} is not usable: {reason}") from None


def _remember_server_name(
    tls: ssl.SSLObject, server_name: str | None, context: ssl.SSLContext
) -> None:
    assert isinstance(tls, ServerTls)
    tls.server_name = server_name
