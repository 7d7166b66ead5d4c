"""The services over the control socket: the ports that reports and hints name."""

from collections.abc import Callable

import msgspec

from mailauth.control.line import Handlers
from mailauth.setup.services import OfferedService


class ListServices(msgspec.Struct, frozen=True, tag="list-services"):
    """What does the server offer, and on which ports?"""


class Services(msgspec.Struct, frozen=True, tag="services"):
    """The listeners with their actual ports."""

    services: list[OfferedService]


def service_handlers(services: Callable[[], list[OfferedService]]) -> Handlers:
    """Return the handler of this request."""
    return {ListServices: lambda _: Services(services())}
