"""What goes wrong, told on stderr: a line each, with the time and how bad it is."""

import sys
from datetime import UTC, datetime

from twisted.logger import (
    FileLogObserver,
    FilteringLogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    formatEvent,
    globalLogBeginner,
)
from twisted.python.failure import Failure

from mailauth.config.errors import printable

OURS = "mailauth"


def begin_logging() -> None:
    """Send diagnostics to stderr: of ours what is worth telling, of others only warnings."""
    observer = FileLogObserver(sys.stderr, line)
    levels = LogLevelFilterPredicate(defaultLogLevel=LogLevel.warn)
    levels.setLogLevelForNamespace(OURS, LogLevel.info)
    globalLogBeginner.beginLoggingTo(
        [FilteringLogObserver(observer, [levels])], redirectStandardIO=False
    )


def line(event: LogEvent) -> str | None:
    """Write an event as a line, and the traceback of a failure indented behind it."""
    level = event.get("log_level", LogLevel.info)
    time = datetime.fromtimestamp(event["log_time"], UTC).astimezone()
    text = printable(" ".join(formatEvent(event).split())) or "something failed"
    written = f"{time:%Y-%m-%d %H:%M:%S} [{level.name}] {text}\n"
    failure = event.get("log_failure")
    if isinstance(failure, Failure):
        traceback = failure.getTraceback().rstrip().splitlines()
        written += "".join(f"    {printable(each)}\n" for each in traceback)
    return written
