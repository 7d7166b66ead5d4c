"""Confirmation of a change that cannot be undone: a page between two clicks."""

from collections.abc import Mapping

import msgspec

from mailauth.web.access import Viewer
from mailauth.web.console.console import Console
from mailauth.web.http.message import Request, Response

CONFIRMED = "confirmed"


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """The question: the change, its consequence, and the form to confirm it."""

    title: str
    about: str
    consequence: str
    label: str
    action: str
    fields: Mapping[str, str]
    back: str


def is_confirmed(form: Mapping[str, bytes]) -> bool:
    """Return whether a form comes from the confirmation page."""
    return form.get(CONFIRMED) == b"yes"


def ask(console: Console, request: Request, viewer: Viewer, doubt: Doubt) -> Response:
    """Return the page that asks."""
    fields = {**doubt.fields, CONFIRMED: "yes"}
    return console.pages.page(request, viewer, "confirm.html", doubt=doubt, fields=fields)
