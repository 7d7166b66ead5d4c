"""The URL of the console, and one-time links that open it for the operator."""

from collections.abc import Callable, Sequence

from mailauth.config import TlsMode
from mailauth.login.event import Service
from mailauth.net.listener import Listener
from mailauth.net.sockets import written
from mailauth.wire.networks import parse_address


def console_url(listeners: Sequence[Listener]) -> str | None:
    """Return the console's URL, in the clear if there is a choice; `None` without HTTP."""
    http = [each for each in listeners if each.service is Service.HTTP]
    if not http:
        return None
    plain = [each for each in http if each.config.tls is TlsMode.NONE]
    return _url((plain or http)[0])


def console_link(listeners: Sequence[Listener], issue: Callable[[], str]) -> str | None:
    """Return a new link to the console, whose path `issue` makes; `None` without HTTP."""
    url = console_url(listeners)
    return None if url is None else url.rstrip("/") + issue()


def _url(listener: Listener) -> str:
    scheme = "http" if listener.config.tls is TlsMode.NONE else "https"
    address = parse_address(listener.config.address)
    if address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"
    else:
        host = str(address)
    return f"{scheme}://{written(host, listener.port)}/"
