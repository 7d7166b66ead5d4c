"""Printing each line as it is recorded, without delaying a login."""

from collections.abc import Callable

from mailauth.login.event import LoginEvent
from mailauth.record.event_lines import Log, line_of, log_of
from mailauth.record.line import printed_time


class LinePrinter:
    """A sink that prints the lines of `SuccessfulLogins.log`, or only the UNSECURE ones."""

    def __init__(self, write: Callable[[str], object], *, insecure_only: bool = False) -> None:
        self._write = write
        self._insecure_only = insecure_only

    def publish(self, event: LoginEvent) -> None:
        """Print the line of a successful login."""
        if log_of(event) is Log.SUCCESSES and not (self._insecure_only and event.secure):
            self._write(line_of(event, Log.SUCCESSES, printed_time(event.at)) + "\n")
