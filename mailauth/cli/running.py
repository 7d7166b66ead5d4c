"""The services of the running server, for texts that name a port."""

from collections.abc import Sequence

from mailauth.cli.home import Home
from mailauth.control.client import CannotAsk, NoServer, ask
from mailauth.control.services import ListServices, Services
from mailauth.setup.services import OfferedService


def running_services(home: Home) -> Sequence[OfferedService] | None:
    """Return the services of a home's server, or `None` if it does not run or answer."""
    try:
        return ask(home.directory, ListServices(), Services).services
    except (NoServer, CannotAsk):
        return None
