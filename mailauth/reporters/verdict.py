"""What a report proves of the client's hop. A server that does not tell makes it unknown.

A login process of Dovecot reports `tls` as true or false. Postfix and Exim, which authenticate at
Dovecot as the service `smtp`, tell it only that a hop is "secured": false is then no evidence.
"""

import msgspec

from mailauth.config import ReporterConfig
from mailauth.report.foreign.verdict import Wire

ONLY_SECURED = frozenset({"smtp"})  # services whose `tls` is false over TLS too


class Ports(msgspec.Struct, frozen=True):
    """The ports of the other server of which is known how TLS begins there."""

    implicit: frozenset[int] = frozenset()
    starttls: frozenset[int] = frozenset()

    @classmethod
    def of(cls, config: ReporterConfig) -> "Ports":
        """Take them from the configuration."""
        return cls(frozenset(config.implicit_ports), frozenset(config.starttls_ports))


def wire_of(service: str, tls: bool | None, local_port: int | None, ports: Ports) -> Wire:
    """Say how the password travelled."""
    if tls is None or (not tls and service in ONLY_SECURED):
        return Wire.UNKNOWN
    if not tls:
        return Wire.CLEARTEXT
    if local_port in ports.implicit:
        return Wire.IMPLICIT
    return Wire.STARTTLS if local_port in ports.starttls else Wire.TLS
