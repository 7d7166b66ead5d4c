"""What a report proves about the client's hop; if the server does not say, that is unknown.

Dovecot's login processes report `tls` as true or false. Postfix and Exim, which authenticate with
Dovecot as the service `smtp`, report only whether a hop is "secured", so false is not evidence.
"""

import msgspec

from mailauth.config import ReporterConfig
from mailauth.report.foreign.verdict import Wire

ONLY_SECURED = frozenset({"smtp"})  # services whose `tls` may be false in spite of TLS


class Ports(msgspec.Struct, frozen=True):
    """The ports of the other server at which it is known how TLS begins."""

    implicit: frozenset[int] = frozenset()
    starttls: frozenset[int] = frozenset()

    @classmethod
    def of(cls, config: ReporterConfig) -> "Ports":
        """Return the ports in the configuration."""
        return cls(frozenset(config.implicit_ports), frozenset(config.starttls_ports))


def wire_of(service: str, tls: bool | None, local_port: int | None, ports: Ports) -> Wire:
    """Return how the password was sent."""
    if tls is None or (not tls and service in ONLY_SECURED):
        return Wire.UNKNOWN
    if not tls:
        return Wire.CLEARTEXT
    if local_port in ports.implicit:
        return Wire.IMPLICIT
    return Wire.STARTTLS if local_port in ports.starttls else Wire.TLS
