"""What is served, over the control socket: the ports that reports and hints name."""

from collections.abc import Callable

import msgspec

from mailauth.control.line import Handlers
from mailauth.setup.services import OfferedService


class ListServices(msgspec.Struct, frozen=True, tag="list-services"):
    """What is served, and on which ports?"""


class Services(msgspec.Struct, frozen=True, tag="services"):
    """The listeners, on the ports as they are."""

    services: list[OfferedService]


def service_handlers(services: Callable[[], list[OfferedService]]) -> Handlers:
    """Return the handlers of these requests."""
    return {ListServices: lambda _: Services(services())}
