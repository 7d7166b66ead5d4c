"""Real TLS handshakes in memory."""

import ssl
from collections.abc import Callable
from pathlib import Path

from mailauth.net.tls_context import ServerTls


def trusting(ca: Path) -> ssl.SSLContext:
    """A client as careful as Python's default, which trusts one CA alone."""
    return ssl.create_default_context(cafile=str(ca))


def handshake(
    server_context: ssl.SSLContext, client_context: ssl.SSLContext, name: str | None = "localhost"
) -> tuple[ServerTls, ssl.SSLObject]:
    """Let both ends talk until both have finished; raises what either of them raises."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    assert isinstance(server, ServerTls)
    for _ in range(10):
        if finished(client.do_handshake) & finished(server.do_handshake):
            return server, client
    raise AssertionError("the handshake does not end")


def finished(step: Callable[[], object]) -> bool:
    """Take one step; say whether there is nothing more to wait for."""
    try:
        step()
    except ssl.SSLWantReadError:
        return False
    return True
