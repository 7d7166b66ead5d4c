"""Who is connected to what."""

import msgspec

from mailauth.login.event import Service


class Client(msgspec.Struct, frozen=True):
    """Who is connected to what. `peer` is the socket's other end when a proxy stands between.

    `is_check` is a proxy that looks whether we are there, on nobody's behalf.
    """

    protocol: Service
    listener: str
    local_port: int
    session: str
    ip: str
    port: int | None  # None where a proxy does not say
    peer: str | None = None
    is_check: bool = False
