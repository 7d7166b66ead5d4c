"""Printing each line as it is recorded, without ever keeping a login waiting."""

import os
import queue
import threading

from mailauth.login.event import LoginEvent
from mailauth.record.entry import Log, line_of, log_of
from mailauth.record.line import printed_time

WAITING_LINES = 1000  # for a terminal that does not keep up; then lines are left out


class LinePrinter:
    """A sink that prints the lines of `SuccessfulLogins.log` in UTF-8, in a thread of its own.

    When the reader of the descriptor has gone, printing ends.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: queue.Queue[str | None] = queue.Queue(WAITING_LINES)
        self._left_out = 0
        self._closed = False
        self._thread = threading.Thread(target=self._print, name="lines", daemon=True)
        self._thread.start()

    def publish(self, event: LoginEvent) -> None:
        """Have the line of a successful login printed."""
        if self._closed or log_of(event) is not Log.SUCCESSES:
            return
        line = line_of(event, Log.SUCCESSES, printed_time(event.at))
        if self._left_out:
            line = f"({self._left_out} lines were not printed)\n{line}"
        try:
            self._lines.put_nowait(f"{line}\n")
        except queue.Full:
            self._left_out += 1
        else:
            self._left_out = 0

    def close(self, seconds: float = 1.0) -> None:
        """Print what is waiting, for so long at most."""
        try:
            self._lines.put(None, timeout=seconds)
        except queue.Full:
            return
        self._thread.join(seconds)

    def _print(self) -> None:
        while (line := self._lines.get()) is not None:
            data = line.encode()
            try:
                while data:
                    data = data[os.write(self._descriptor, data) :]
            except OSError:
                self._closed = True
                return
