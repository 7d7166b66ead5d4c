"""The console's menu, by who is looking."""

import msgspec

from mailauth.web.access import Viewer


class Entry(msgspec.Struct, frozen=True):
    """A page and what it is called."""

    path: str
    label: str


_SETUP = Entry("/setup", "Set up a client")

VISITOR = (_SETUP,)
USER = (Entry("/", "Your sign-ins"), _SETUP)
ADMIN = (
    Entry("/", "Overview"),
    Entry("/live", "Live"),
    Entry("/accounts", "Accounts"),
    Entry("/connections", "Connections"),
    Entry("/listeners", "Listeners"),
    Entry("/log", "Log files"),
    _SETUP,
)


def menu_for(viewer: Viewer | None) -> tuple[Entry, ...]:
    """Return the pages that somebody may open."""
    if viewer is None:
        return VISITOR
    return ADMIN if viewer.is_admin else USER
