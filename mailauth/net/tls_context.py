"""How TLS is spoken: one context for each protocol, and what a handshake has established."""

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

# TLS 1.0 and 1.1 sign with SHA-1, which OpenSSL takes at security level 0 alone.
_CIPHERS_OF_OLD = "ALL:!aNULL:!eNULL:@SECLEVEL=0"


class ServerContext(ssl.SSLContext):
    """How TLS is spoken by a listener, and what its sessions can be bound to.

    With a key log, `after_handshake` takes over behind a handshake, for what is logged then nobody
    takes: a client may change its keys for ever (RFC 8446 §4.6.3).
    """

    end_point: Mapping[str, bytes] = {}
    key_log: KeyLog | None = None
    after_handshake: "ServerContext | None" = None


class ServerTls(ssl.SSLObject):
    """The server's end of a TLS connection; it keeps the name that the client asked for (SNI)."""

    server_name: str | None = None
    exporter_secret: bytes | None = None

    def do_handshake(self) -> None:
        """Take a step of the handshake, and note the secret that it may have made."""
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
    """That clients are asked for a certificate, who vouches for it, and whether they must have one.

    One that is shown must be good, whether it must be shown or not.
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
    """Make the context of a listener; `wrap_bio` on it makes a `ServerTls`.

    A session ticket spares us a signature, which is dear with an RSA key alone: there is one for
    those and none for others. Key exchange is as OpenSSL prefers it: X25519, then P-256. Without
    `binds_channel` a handshake costs less, and nothing can be bound to it. Raises `ConfigError` for
    a certificate or key that OpenSSL does not take.
    """
    context = ServerContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are asked for knowingly
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
    """List the registered ALPN identifiers (RFC 7301) of a protocol; SMTP has none."""
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
    """Say what a completed handshake has established."""
    shown = tls.getpeercert(binary_form=True)
    return Handshake(
        tls=facts(tls),
        channel_bindings=_channel_bindings(tls),
        certificate_names=account_names(shown, datetime.now(UTC)) if shown is not None else (),
    )


def facts(tls: ssl.SSLObject) -> TlsFacts:
    """Say what a completed handshake has agreed on."""
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
