"""The listeners: the nine standard ones, or those that the file defines, and their checks."""

import re
from collections.abc import Iterable, Iterator
from typing import assert_never

import msgspec

from mailauth.config.errors import ConfigError, choice, wrong
from mailauth.config.schema import (
    ClientCertificates,
    ListenConfig,
    ListenerConfig,
    ServiceName,
    TlsMode,
)
from mailauth.faults import FAULTS, OF_IMAP, Fault, FaultKind, contradiction
from mailauth.login.event import Service
from mailauth.login.policy import mechanisms_of
from mailauth.wire.networks import parse_address


def _standard(name: str, protocol: ServiceName, port: int, tls: TlsMode) -> ListenerConfig:
    return ListenerConfig(name=name, protocol=protocol, port=port, tls=tls)


STANDARD = (  # on their well-known ports
    _standard("smtp", "smtp", 25, TlsMode.STARTTLS),
    _standard("submission", "smtp", 587, TlsMode.STARTTLS),
    _standard("smtps", "smtp", 465, TlsMode.IMPLICIT),
    _standard("imap", "imap", 143, TlsMode.STARTTLS),
    _standard("imaps", "imap", 993, TlsMode.IMPLICIT),
    _standard("pop3", "pop3", 110, TlsMode.STARTTLS),
    _standard("pop3s", "pop3", 995, TlsMode.IMPLICIT),
    _standard("http", "http", 80, TlsMode.NONE),
    _standard("https", "http", 443, TlsMode.IMPLICIT),
)

CONSOLE_PORT = 5272  # the port of the Xeams console; port_offset does not change it

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def standard_listeners(listen: ListenConfig, offset_key: str) -> tuple[ListenerConfig, ...]:
    """Expand `[listen]`; an error about the offset names `offset_key`."""
    ports = [standard.port for standard in STANDARD]
    if not 1 - min(ports) <= listen.port_offset <= 65535 - max(ports):
        expected = f"a whole number from {1 - min(ports)} to {65535 - max(ports)}"
        raise wrong(offset_key, expected, listen.port_offset)
    return tuple(
        msgspec.structs.replace(
            standard,
            address=listen.address,
            port=CONSOLE_PORT if standard.name == "http" else standard.port + listen.port_offset,
            client_certificates=(
                ClientCertificates.NONE
                if standard.tls is TlsMode.NONE
                else listen.client_certificates
            ),
            cleartext=listen.cleartext,
        )
        for standard in STANDARD
    )


def check_listeners(listeners: tuple[ListenerConfig, ...], *, standard: bool) -> None:
    """Reject listeners that cannot work on any machine. Raises `ConfigError`."""
    for where, listener in located(listeners, standard=standard):
        check_name(where, listener)
        check_address(where, listener)
        if listener.service is Service.HTTP and listener.tls is TlsMode.STARTTLS:
            raise wrong(f"{where}.tls", '"none" or "implicit" for HTTP', listener.tls.value)
        if listener.tls is TlsMode.NONE:
            _check_no_tls(where, listener)
        if listener.authentication is not None and listener.service is not Service.SMTP:
            raise ConfigError(f"{where}.authentication: only an SMTP listener has this key")
        if listener.mechanisms is not None:
            _check_mechanisms(f"{where}.mechanisms", listener.service, listener.mechanisms)
        check_faults(where, listener)


def check_name(where: str, listener: ListenerConfig) -> None:
    """Reject a name that is hard to tell apart in a record; raises `ConfigError`."""
    if _NAME.fullmatch(listener.name) is None:
        expected = 'a short name of letters, digits, ".", "_" and "-"'
        raise wrong(f"{where}.name", expected, listener.name)


def check_address(where: str, listener: ListenerConfig) -> None:
    """Reject what is not an IP address; raises `ConfigError`."""
    try:
        parse_address(listener.address)
    except ValueError:
        expected = 'an IP address such as "127.0.0.1" or "::1"'
        raise wrong(f"{where}.address", expected, listener.address) from None


def check_faults(where: str, listener: ListenerConfig) -> None:
    """Reject faults that this listener cannot have or combine. Raises `ConfigError`."""
    for fault in listener.faults:
        _check_fault(where, listener, fault)
    contradicting = contradiction(listener.faults)
    if contradicting is not None:
        one, other = (fault.value for fault in contradicting)
        if one == other:
            raise ConfigError(f'{where}.fault: "{one}" is listed twice')
        raise ConfigError(f'{where}.fault: "{one}" and "{other}" cannot be combined')


def _check_fault(where: str, listener: ListenerConfig, fault: Fault) -> None:
    match FAULTS[fault].kind:
        case FaultKind.CERTIFICATE | FaultKind.TLS:
            fits, wants = listener.tls is not TlsMode.NONE, "a listener with TLS"
        case FaultKind.STARTTLS:
            fits, wants = listener.tls is TlsMode.STARTTLS, 'a listener with tls = "starttls"'
        case FaultKind.MECHANISMS | FaultKind.LOGIN | FaultKind.DELAY:
            fits, wants = listener.service is not Service.HTTP, "a mail listener"
        case kind:
            assert_never(kind)
    if fault in OF_IMAP and listener.service is not Service.IMAP:
        fits, wants = False, "an IMAP listener"
    if not fits:
        raise ConfigError(f'{where}.fault: "{fault.value}" is for {wants}')


def located(
    listeners: tuple[ListenerConfig, ...], *, standard: bool
) -> Iterator[tuple[str, ListenerConfig]]:
    """Pair each listener with the name of its table in the file."""
    for index, listener in enumerate(listeners):
        yield "listen" if standard else f"listener[{index}]", listener


def _check_no_tls(where: str, listener: ListenerConfig) -> None:
    """Reject settings that would have no effect."""
    if listener.client_certificates is not ClientCertificates.NONE:
        got = listener.client_certificates.value
        raise wrong(f"{where}.client_certificates", '"none" where tls is "none"', got)
    if listener.tls_minimum is not None:
        raise ConfigError(f'{where}.tls_minimum: there is no TLS where tls is "none"')


def _check_mechanisms(where: str, service: Service, names: tuple[str, ...]) -> None:
    known = mechanisms_of(service)
    if not known:
        raise ConfigError(f"{where}: only listeners of SMTP, IMAP and POP3 have mechanisms")
    if not names:
        raise ConfigError(f"{where}: expected at least one mechanism, got none")
    for index, name in enumerate(names):
        if name not in known:
            raise wrong(f"{where}[{index}]", choice(known), name)
        if name in names[:index]:
            raise ConfigError(f"{where}[{index}]: {name} is listed twice")


def check_unique(tables: Iterable[tuple[str, ListenerConfig]]) -> None:
    """Reject sockets with the same name, or the same address and port; raises `ConfigError`."""
    seen: list[ListenerConfig] = []
    for where, listener in tables:
        for other in seen:
            if other.name == listener.name:
                raise ConfigError(
                    f'{where}.name: another listener is also called "{listener.name}"'
                )
            if _collide(other, listener):
                key = "port_offset" if where == "listen" else "port"
                raise ConfigError(
                    f"{where}.{key}: {listener.port} is the port of both"
                    f' "{other.name}" and "{listener.name}"'
                )
        seen.append(listener)


def _collide(one: ListenerConfig, other: ListenerConfig) -> bool:
    if one.port != other.port or one.port == 0:
        return False
    mine, theirs = parse_address(one.address), parse_address(other.address)
    if mine.version != theirs.version:
        return False
    return mine == theirs or mine.is_unspecified or theirs.is_unspecified
