"""The checks of `[[reporter]]` tables, which have listening sockets of their own."""

from collections.abc import Iterator

from mailauth.config.errors import ConfigError, quoted, wrong
from mailauth.config.listeners import check_address, check_name
from mailauth.config.schema import ListenerConfig, ReporterConfig, TlsMode
from mailauth.wire.networks import parse_address


def check_reporters(reporters: tuple[ReporterConfig, ...]) -> None:
    """Reject reporters that cannot be served as they are meant; raises `ConfigError`."""
    for where, listener in located_reporters(reporters):
        check_name(where, listener)
        check_address(where, listener)
        if listener.tls is TlsMode.STARTTLS:
            raise wrong(f"{where}.tls", '"none" or "implicit"', listener.tls.value)
        if listener.tls is TlsMode.NONE and not parse_address(listener.address).is_loopback:
            got = quoted(f"{where}.address", listener.address)
            raise ConfigError(
                f'{where}.address: expected a loopback address where tls is "none", got {got}'
            )
    for index, reporter in enumerate(reporters):
        both = set(reporter.implicit_ports) & set(reporter.starttls_ports)
        if both:
            raise ConfigError(
                f"reporter[{index}].starttls_ports: {min(both)} is listed in implicit_ports too"
            )


def located_reporters(
    reporters: tuple[ReporterConfig, ...],
) -> Iterator[tuple[str, ListenerConfig]]:
    """Pair each reporter's listening socket with its table in the file."""
    for index, reporter in enumerate(reporters):
        yield f"reporter[{index}]", reporter.listener
