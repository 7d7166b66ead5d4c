"""The console's menu, which depends on the viewer."""

import msgspec

from mailauth.web.access import Viewer


class MenuItem(msgspec.Struct, frozen=True):
    """A page and its title."""

    path: str
    label: str


class Group(msgspec.Struct, frozen=True):
    """Related entries, with or without a heading."""

    heading: str | None
    entries: tuple[MenuItem, ...]


_SETUP = MenuItem("/setup", "Set up a client")

VISITOR = (Group(None, (_SETUP,)),)
USER = (Group(None, (MenuItem("/", "Your sign-ins"), _SETUP)),)
ADMIN = (
    Group(None, (MenuItem("/", "Overview"), MenuItem("/live", "Live"))),
    Group(
        "Reports",
        (
            MenuItem("/cases", "Cases"),
            MenuItem("/insecure", "Insecure clients"),
            MenuItem("/exposures", "Exposures"),
            MenuItem("/cutoff", "Cut-off rehearsal"),
            MenuItem("/logins", "Logins"),
            MenuItem("/countries", "Countries"),
            MenuItem("/absent", "Absent accounts"),
        ),
    ),
    Group(
        "Server",
        (
            MenuItem("/accounts", "Accounts"),
            MenuItem("/connections", "Connections"),
            MenuItem("/listeners", "Listeners"),
            MenuItem("/log", "Log files"),
            _SETUP,
        ),
    ),
)


def menu_for(viewer: Viewer | None) -> tuple[Group, ...]:
    """Return the pages that the viewer may open."""
    if viewer is None:
        return VISITOR
    return ADMIN if viewer.is_admin else USER
