"""Trying every port, way to begin TLS, TLS version, and mechanism offered."""

import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from ipaddress import ip_address

import msgspec
from cryptography import x509

from mailauth.config import ListenerConfig, TlsMode
from mailauth.config.listeners import STANDARD
from mailauth.kit.dialogue import Dialogue, ServerClosed
from mailauth.kit.probe.certificate import CertificateFacts, facts_of
from mailauth.kit.sasl import MECHANISMS, ServerNotProven, begin
from mailauth.kit.speaking import (
    IMAP_LOGIN,
    USER_PASS,
    Garbled,
    Offer,
    Refused,
    Speaker,
    speaker,
)
from mailauth.login.event import Service
from mailauth.net.channel_binding import server_end_point

TIMEOUT = 10.0  # seconds for a connection, and for each reply
TOTAL = 300.0  # seconds for a service

VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}

_TROUBLES = (Refused, Garbled, ServerClosed, ServerNotProven, OSError)


class Account(msgspec.Struct, frozen=True):
    """The account to log in as. `anywhere` also sends its password without protection."""

    name: str
    password: str
    anywhere: bool

    def __repr__(self) -> str:
        return f"Account(name={self.name!r})"


class Attempt(msgspec.Struct, frozen=True):
    """A mechanism that is offered, and whether a login with it succeeded; `None` if not tried."""

    mechanism: str
    succeeded: bool | None
    said: str


class Way(msgspec.Struct, frozen=True):
    """One way to log in to a service: in the clear, by STARTTLS, or with implicit TLS.

    `trouble` is why it could not be tried.
    """

    security: str
    tls_version: str | None = None
    tls_cipher: str | None = None
    attempts: tuple[Attempt, ...] = ()
    trouble: str | None = None

    @property
    def secure(self) -> bool:
        """Whether the server's log would say SECURE."""
        return self.security != "cleartext"


class ProbedService(msgspec.Struct, frozen=True):
    """A port and its service; `trouble` is why it does not answer."""

    name: str
    protocol: str
    port: int
    trouble: str | None = None
    versions: tuple[str, ...] = ()
    certificate: CertificateFacts | None = None
    ways: tuple[Way, ...] = ()

    @property
    def answers(self) -> bool:
        """Whether the service spoke its protocol at all."""
        return any(way.trouble is None for way in self.ways)


def ports(offset: int, changed: dict[str, int]) -> list[ListenerConfig]:
    """Return the mail services on their well-known ports plus an offset, or on the given ports."""
    return [
        msgspec.structs.replace(each, port=changed.get(each.name, each.port + offset))
        for each in STANDARD
        if each.service is not Service.HTTP
    ]


def probe(
    host: str,
    services: Iterable[ListenerConfig],
    context: Callable[[], ssl.SSLContext],
    account: Account | None = None,
    timeout: float = TIMEOUT,
    total: float = TOTAL,
) -> list[ProbedService]:
    """Try all services at once; `context` makes a context that verifies.

    A reply may take `timeout` seconds, and a service `total`; a service without an answer by then
    is reported as such.
    """
    places = list(services)
    until = time.monotonic() + total
    one_maildrop = threading.Lock()

    def tried(place: ListenerConfig) -> ProbedService:
        is_pop3 = place.service is Service.POP3
        with one_maildrop if is_pop3 else nullcontext():  # two of them would lock each other out
            return _Probe(host, place, context, account, timeout, until).service()

    with ThreadPoolExecutor(max(len(places), 1)) as pool:
        return list(pool.map(tried, places))


class _Probe:
    """Tries one service, on as many connections as needed."""

    def __init__(
        self,
        host: str,
        place: ListenerConfig,
        context: Callable[[], ssl.SSLContext],
        account: Account | None,
        timeout: float,
        until: float,
    ) -> None:
        self._host = host
        self._place = place
        self._context = context
        self._account = account
        self._timeout = timeout
        self._until = until
        self._complaint: str | None = None

    def service(self) -> ProbedService:
        place = self._place
        service = ProbedService(place.name, place.service, place.port)
        try:
            self._dialogue().close()
        except OSError as error:
            return msgspec.structs.replace(service, trouble=_words(error))
        ways = []
        has_tls = place.tls is TlsMode.IMPLICIT
        if not has_tls:
            cleartext, offer = self._way("cleartext")
            ways.append(cleartext)
            has_tls = offer is not None and offer.starttls
        certificate = None
        versions: tuple[str, ...] = ()
        if has_tls:
            certificate = self._certificate()
            versions = tuple(self._versions())
            ways.append(self._way("starttls" if ways else "implicit")[0])
        return msgspec.structs.replace(
            service, ways=tuple(ways), certificate=certificate, versions=versions
        )

    # Ways, and the logins by each.

    def _way(self, security: str) -> tuple[Way, Offer | None]:
        try:
            with self._connected(security) as (speaks, tls):
                offer = speaks.offer()
        except _TROUBLES as error:
            return Way(security, trouble=_words(error)), None
        cipher = tls.cipher() if tls is not None else None
        way = Way(
            security,
            tls_version=tls.version() if tls is not None else None,
            tls_cipher=cipher[0] if cipher is not None else None,
            attempts=tuple(self._attempt(security, mechanism) for mechanism in offer.mechanisms),
        )
        return way, offer

    def _attempt(self, security: str, mechanism: str) -> Attempt:
        account = self._account
        if account is None:
            return Attempt(mechanism, None, "offered")
        if mechanism not in (*MECHANISMS, IMAP_LOGIN, USER_PASS):
            return Attempt(mechanism, None, "the probe does not support it")
        if security == "cleartext" and not account.anywhere:
            return Attempt(mechanism, None, "not tried: the password would not be protected")
        if self._complaint is not None and not account.anywhere:
            return Attempt(mechanism, None, "not tried: the certificate is not trusted")
        try:
            with self._connected(security) as (speaks, tls):
                speaks.offer()
                if mechanism in MECHANISMS:
                    responses = begin(mechanism, account.name, account.password, _binding(tls))
                    said = speaks.authenticate(mechanism, responses)
                else:
                    said = speaks.log_in(account.name, account.password)
        except _TROUBLES as error:
            return Attempt(mechanism, False, _words(error))
        return Attempt(mechanism, True, said)

    # TLS.

    def _certificate(self) -> CertificateFacts | None:
        """Read the certificate, and why a client that verifies would reject it."""
        try:
            with self._connected(None, self._context()):
                self._complaint = None
        except ssl.SSLCertVerificationError as error:
            self._complaint = error.verify_message
        except _TROUBLES as error:
            self._complaint = _words(error)
        with suppress(*_TROUBLES), self._connected(None) as (_, tls):
            shown = tls.getpeercert(binary_form=True) if tls is not None else None
            if shown is not None:
                return facts_of(shown, self._complaint)
        return None

    def _versions(self) -> Iterator[str]:
        for name, version in VERSIONS.items():
            context = _careless()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = version
            with suppress(*_TROUBLES), self._connected(None, context):
                yield name

    # Connections.

    def _dialogue(self) -> Dialogue:
        address = (self._host, self._place.port)
        remaining = self._until - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        connection = socket.create_connection(address, min(self._timeout, remaining))
        return Dialogue(connection, self._timeout, self._until)

    @contextmanager
    def _connected(
        self, security: str | None, context: ssl.SSLContext | None = None
    ) -> Iterator[tuple[Speaker, ssl.SSLSocket | None]]:
        """Connect, and prepare for the login; by default with TLS and any certificate."""
        dialogue = self._dialogue()
        tls: ssl.SSLSocket | None = None
        try:
            speaks = speaker(self._place.service, dialogue)
            implicit = self._place.tls is TlsMode.IMPLICIT
            if implicit:
                tls = dialogue.start_tls(context or _careless(), self._host)
            speaks.greeted()
            if not implicit and security != "cleartext":
                speaks.offer()
                tls = speaks.start_tls(context or _careless(), self._host)
            yield speaks, tls
            with suppress(*_TROUBLES):
                speaks.quit()
        finally:
            dialogue.close()


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, where nobody can eavesdrop."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _careless() -> ssl.SSLContext:
    """Make a context that accepts every version and certificate, in order to report them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _binding(tls: ssl.SSLSocket | None) -> bytes | None:
    shown = tls.getpeercert(binary_form=True) if tls is not None else None
    if shown is None:
        return None
    return server_end_point(x509.load_der_x509_certificate(shown)).get("tls-server-end-point")


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror is not None:
        return error.strerror.lower()
    return str(error)
