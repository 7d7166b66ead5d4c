"""The console's menu, by who is looking."""

import msgspec

from mailauth.web.access import Viewer


class Entry(msgspec.Struct, frozen=True):
    """A page and what it is called."""

    path: str
    label: str


class Group(msgspec.Struct, frozen=True):
    """Entries that belong together, under a heading or none."""

    heading: str | None
    entries: tuple[Entry, ...]


_SETUP = Entry("/setup", "Set up a client")

VISITOR = (Group(None, (_SETUP,)),)
USER = (Group(None, (Entry("/", "Your sign-ins"), _SETUP)),)
ADMIN = (
    Group(None, (Entry("/", "Overview"), Entry("/live", "Live"))),
    Group(
        "Reports",
        (
            Entry("/cases", "Cases"),
            Entry("/insecure", "Insecure clients"),
            Entry("/exposures", "Exposures"),
            Entry("/cutoff", "Cut-off rehearsal"),
            Entry("/logins", "Logins"),
            Entry("/countries", "Countries"),
            Entry("/absent", "Absent accounts"),
        ),
    ),
    Group(
        "Server",
        (
            Entry("/accounts", "Accounts"),
            Entry("/connections", "Connections"),
            Entry("/listeners", "Listeners"),
            Entry("/log", "Log files"),
            _SETUP,
        ),
    ),
)


def menu_for(viewer: Viewer | None) -> tuple[Group, ...]:
    """Return the pages that somebody may open."""
    if viewer is None:
        return VISITOR
    return ADMIN if viewer.is_admin else USER
