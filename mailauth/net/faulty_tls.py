"""Certificates that clients should reject, and handshakes that fail on purpose."""

import ssl
import tempfile
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from OpenSSL import crypto

from mailauth.certs.ca import (
    Authority,
    Key,
    PublicKey,
    new_authority,
    new_intermediate,
    new_key,
    self_signed_for_server,
    server_names,
    signed_for_server,
)
from mailauth.certs.pem import write_certificate, write_key
from mailauth.config.schema import ListenerConfig
from mailauth.faults import Fault, FaultKind, of_kind
from mailauth.login.event import Service
from mailauth.net.tls import TlsFailure, TlsSession
from mailauth.net.tls_context import Clients, server_context

A_DAY = timedelta(days=1)
KEPT = timedelta(hours=1)  # a certificate is used so long; one not yet valid must stay so
LIFETIME = timedelta(days=90)
WEAK_BITS = 1024
OTHER_HOST = "wrong-host.localhost"

_FATAL_HANDSHAKE_FAILURE = bytes((21, 3, 3, 0, 2, 2, 40))  # an alert record (RFC 8446 §5.1, §6)


class BrokenHandshake(TlsSession):
    """A TLS session that fails in some way after the ClientHello."""

    __slots__ = ("_fault", "_last_word")

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._last_word = b""
        self.established = self.peer_closed = False

    def shake_hands(self, data: bytes) -> bool:
        """Answer the ClientHello as the fault says. Raises `TlsFailure`."""
        if self._fault is Fault.HANDSHAKE_STALL:
            return False
        if self._fault is Fault.HANDSHAKE_ABORT:
            self._last_word = _FATAL_HANDSHAKE_FAILURE
        raise TlsFailure(f"fault: {self._fault.value}")

    def close(self) -> None:
        """Send nothing more."""

    def outgoing(self) -> bytes:
        """Return the octets to send."""
        last_word, self._last_word = self._last_word, b""
        return last_word


class FaultyTls:
    """Starts TLS sessions with a fault, with certificates of the CA that clients trust.

    `authority` is called on demand; it raises `ConfigError` if the CA is not ours. `clients` says
    whether a listener asks for client certificates, with or without a fault.
    """

    def __init__(
        self,
        authority: Callable[[], Authority],
        hostname: str,
        clients: Callable[[ListenerConfig], Clients | None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._authority = authority
        self._hostname = hostname
        self._clients = clients
        self._now = now
        self._contexts: dict[tuple[str, _Faults], _Kept] = {}

    def prepare(self, listener: ListenerConfig) -> None:
        """Make what the sessions need, so that mistakes are found before a client connects."""
        faults = _faults_of(listener)
        if faults != _NONE and faults.handshake not in _BROKEN:
            self._context(faults, listener)

    def session(self, listener: ListenerConfig) -> TlsSession | None:
        """Start a session if a listener has a certificate or TLS fault."""
        faults = _faults_of(listener)
        if faults == _NONE:
            return None
        if faults.handshake is not None and faults.handshake in _BROKEN:
            return BrokenHandshake(faults.handshake)
        return TlsSession(self._context(faults, listener))

    def _context(self, faults: "_Faults", listener: ListenerConfig) -> ssl.SSLContext:
        now = self._now()
        kept = self._contexts.get((listener.name, faults))
        if kept is None or now >= kept.made + KEPT:
            made = faulty_certificate(faults.certificate, self._authority(), self._hostname, now)
            only_old = faults.handshake is Fault.OLD_VERSION_ONLY
            clients = self._clients(listener)
            context = _context_of(made, listener.service, clients, only_old=only_old)
            kept = self._contexts[listener.name, faults] = _Kept(context, now)
        return kept.context


class _Faults(msgspec.Struct, frozen=True):
    """The fault of the certificate, and that of the handshake."""

    certificate: Fault | None
    handshake: Fault | None


_NONE = _Faults(None, None)
_BROKEN = (Fault.HANDSHAKE_ABORT, Fault.HANDSHAKE_STALL, Fault.CLOSE_AFTER_HELLO)


def _faults_of(listener: ListenerConfig) -> _Faults:
    faults = listener.faults
    return _Faults(of_kind(faults, FaultKind.CERTIFICATE), of_kind(faults, FaultKind.TLS))


class _Kept(msgspec.Struct, frozen=True):
    """A context, and when it was made."""

    context: ssl.SSLContext
    made: datetime


class Made(msgspec.Struct, frozen=True):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key | rsa.RSAPrivateKey


def faulty_certificate(
    fault: Fault | None, authority: Authority, hostname: str, now: datetime
) -> Made:
    """Make a certificate with at most one fault, and otherwise like the server's own."""
    if fault is Fault.WEAK_KEY:
        weak = rsa.generate_private_key(public_exponent=65537, key_size=WEAK_BITS)
        return Made(_signed(authority, server_names(hostname), weak.public_key(), now), weak)
    key = new_key()
    names, public = server_names(hostname), key.public_key()
    match fault:
        case Fault.EXPIRED:
            certificate = _signed(authority, names, public, now - LIFETIME - A_DAY)
        case Fault.NOT_YET_VALID:
            certificate = _signed(authority, names, public, now + A_DAY)
        case Fault.SELF_SIGNED:
            certificate = self_signed_for_server(names, key, now - A_DAY, now + LIFETIME)
        case Fault.UNKNOWN_CA:
            certificate = _signed(new_authority(hostname, now), names, public, now)
        case Fault.WRONG_HOST:
            certificate = _signed(authority, [x509.DNSName(OTHER_HOST)], public, now)
        case Fault.SHA1:
            good = _signed(authority, names, public, now)
            certificate = _signed_with_sha1(good, authority)
        case Fault.CHAIN_INCOMPLETE:
            certificate = _signed(new_intermediate(authority, now), names, public, now)
        case _:  # the fault is only in the handshake
            certificate = _signed(authority, names, public, now)
    return Made(certificate, key)


def _signed(
    authority: Authority, names: list[x509.GeneralName], key: PublicKey, begin: datetime
) -> x509.Certificate:
    return signed_for_server(authority, names, key, begin, begin + LIFETIME)


def _signed_with_sha1(certificate: x509.Certificate, authority: Authority) -> x509.Certificate:
    """Sign a certificate again, since cryptography no longer signs with SHA-1."""
    again = crypto.X509.from_cryptography(certificate)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        again.sign(crypto.PKey.from_cryptography_key(authority.key), "sha1")
    return again.to_cryptography()


def _context_of(
    made: Made, protocol: Service, clients: Clients | None, *, only_old: bool
) -> ssl.SSLContext:
    """Make a context for certificates that OpenSSL accepts only at its lowest security level."""
    with tempfile.TemporaryDirectory() as directory:
        certificate, key = Path(directory, "certificate.pem"), Path(directory, "key.pem")
        write_certificate(certificate, made.certificate)
        write_key(key, made.key)
        context = server_context(certificate, key, protocol, "1.0", clients)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        if only_old:
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        else:
            context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
