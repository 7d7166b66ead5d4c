"""The console's menu, which depends on the viewer."""

import msgspec

from mailauth.web.access import Viewer
from mailauth.web.offers import Offers


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


def menu_for(viewer: Viewer | None, offers: Offers) -> tuple[Group, ...]:
    """Return the pages that the viewer may open, of those that the console offers."""
    groups = VISITOR if viewer is None else ADMIN if viewer.is_admin else USER
    offered = (
        Group(group.heading, tuple(item for item in group.entries if offers(item.path)))
        for group in groups
    )
    return tuple(group for group in offered if group.entries)
