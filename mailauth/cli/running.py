"""What the server of a home serves at the moment, for texts that name a port."""

from collections.abc import Sequence

from mailauth.cli.home import Home
from mailauth.control.client import CannotAsk, NoServer, ask
from mailauth.control.services import ListServices, Services
from mailauth.setup.services import Service


def running_services(home: Home) -> Sequence[Service] | None:
    """Return what the server of a home serves; `None` where none is running, or none answers."""
    try:
        return ask(home.directory, ListServices(), Services).services
    except (NoServer, CannotAsk):
        return None
