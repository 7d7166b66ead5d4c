"""What the running server of a home serves, for texts that name a port."""

from collections.abc import Sequence

from mailauth.cli.home import Home
from mailauth.control.client import CannotAsk, NoServer, ask
from mailauth.control.services import ListServices, Services
from mailauth.setup.services import OfferedService


def running_services(home: Home) -> Sequence[OfferedService] | None:
    """Return what the server of a home serves; `None` if it is not running or does not answer."""
    try:
        return ask(home.directory, ListServices(), Services).services
    except (NoServer, CannotAsk):
        return None
