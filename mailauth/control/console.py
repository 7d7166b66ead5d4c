"""The operator's one-time link over the control socket: `mailauth console`."""

from collections.abc import Callable

import msgspec

from mailauth.control.line import Failed, Handlers, Reply


class OpenConsole(msgspec.Struct, frozen=True, tag="open-console"):
    """Make a new link that opens the console."""


class ConsoleLink(msgspec.Struct, frozen=True, tag="console-link"):
    """The link, which works once, and for how many seconds."""

    url: str
    seconds: int

    def __repr__(self) -> str:
        return f"ConsoleLink(seconds={self.seconds})"


class ConsoleHandlers:
    """The handler of this request. `link` makes a link, or returns `None` without HTTP.

    `seconds` is how long a link works.
    """

    def __init__(self, link: Callable[[], str | None], seconds: int) -> None:
        self._link = link
        self._seconds = seconds

    def table(self) -> Handlers:
        """Return the handler of the request."""
        return {OpenConsole: self._open}

    def _open(self, _: OpenConsole) -> Reply:
        url = self._link()
        if url is None:
            return Failed("this server does not have an HTTP listener, so it has no console")
        return ConsoleLink(url, self._seconds)
