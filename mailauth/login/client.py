"""Who is connected, and to which address."""

import msgspec

from mailauth.login.event import Service


class Client(msgspec.Struct, frozen=True):
    """The client and its addresses. `peer` is the socket's other end if that is a proxy.

    `is_check` is a health check by a proxy, which has no client.
    """

    protocol: Service
    listener: str
    local_port: int
    session: str
    ip: str
    port: int | None  # None if a proxy does not say
    peer: str | None = None
    is_check: bool = False
