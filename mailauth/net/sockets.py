"""Listening sockets: all are bound before any of them accepts a client."""

import errno
import os
import socket

from mailauth.config import ListenerConfig
from mailauth.wire.networks import parse_address

UNSENT_OCTETS = 131_072  # in the kernel for a client that does not read (default: megabytes)
BACKLOG = 1024  # connections that the kernel queues for us; it may queue fewer


class CannotListen(OSError):
    """The server cannot listen on an address; the message names the listener and the reason.

    `for_want_of_another_port` says whether another port would work.
    """

    for_want_of_another_port = False


def bind(config: ListenerConfig, others: tuple[ListenerConfig, ...]) -> socket.socket:
    """Bind a listener's address, without listening yet. Raises `CannotListen`.

    `::` also serves IPv4, unless another listener has the same port there.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            config.address,
            config.port,
            type=socket.SOCK_STREAM,
            flags=socket.AI_NUMERICHOST | socket.AI_PASSIVE,
        )[0]
        taken = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(config, error) from None
    try:
        taken.setblocking(False)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted sockets inherit these options.
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_OCTETS)
        if family == socket.AF_INET6:
            apart = any(
                other.port == config.port and parse_address(other.address).version == 4
                for other in others
            )
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(apart))
        taken.bind(address)
    except OSError as error:
        taken.close()
        raise _cannot_listen(config, error) from None
    return taken


def listen(taken: socket.socket, config: ListenerConfig) -> int:
    """Start listening; return the port. Raises `CannotListen`."""
    try:
        taken.listen(BACKLOG)
    except OSError as error:
        raise _cannot_listen(config, error) from None
    port: int = taken.getsockname()[1]
    return port


def written(address: str, port: int) -> str:
    """Format an address with a port (RFC 3986 §3.2.2)."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _cannot_listen(config: ListenerConfig, error: OSError) -> CannotListen:
    why = os.strerror(error.errno) if error.errno is not None and error.errno > 0 else str(error)
    where = written(config.address, config.port)
    failure = CannotListen(f"listener {config.name}: cannot listen on {where}: {why.lower()}")
    failure.for_want_of_another_port = error.errno in (errno.EADDRINUSE, errno.EACCES)
    return failure
