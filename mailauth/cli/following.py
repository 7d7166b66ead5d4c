"""Printing each line as it is recorded, without delaying a login."""

from mailauth.login.event import LoginEvent
from mailauth.record.event_lines import Log, line_of, log_of
from mailauth.record.line import printed_time
from mailauth.server.background_writer import BackgroundWriter


class LinePrinter:
    """A sink that prints the lines of `SuccessfulLogins.log`."""

    def __init__(self, writer: BackgroundWriter) -> None:
        self._writer = writer

    def publish(self, event: LoginEvent) -> None:
        """Print the line of a successful login."""
        if log_of(event) is Log.SUCCESSES:
            self._writer.write(line_of(event, Log.SUCCESSES, printed_time(event.at)) + "\n")
