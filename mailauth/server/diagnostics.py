"""Diagnostics on stderr: one line each, with the time and the level."""

import atexit
import os
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

from twisted.logger import (
    FileLogObserver,
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    formatEvent,
    globalLogBeginner,
)
from twisted.python.failure import Failure

from mailauth.config.errors import printable
from mailauth.server.background_writer import BackgroundWriter

OURS = "mailauth"
TWISTED_WEB_AS_OURS = "mailauth.web.http.channel.Channel"  # it logs with the name of our subclass

log = Logger()


def begin_logging() -> None:
    """Send diagnostics to stderr, without blocking."""
    observer = worth_telling(FileLogObserver(_stderr(), line))
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
    sys.unraisablehook = _unraisable


def worth_telling(observer: ILogObserver) -> ILogObserver:
    """Pass our own messages of relevance, and only warnings of others."""
    levels = LogLevelFilterPredicate(defaultLogLevel=LogLevel.warn)
    levels.setLogLevelForNamespace(OURS, LogLevel.info)
    levels.setLogLevelForNamespace(TWISTED_WEB_AS_OURS, LogLevel.warn)
    return FilteringLogObserver(observer, [levels])


def _stderr() -> IO[Any]:
    """Return what writes to stderr: directly to a file, in the background to a reader."""
    stream = cast(IO[Any] | None, sys.stderr)
    if stream is None:  # it was closed before the start
        return Path(os.devnull).open("w", encoding="utf-8")
    if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        return stream
    writer = BackgroundWriter(stream.fileno())
    atexit.register(writer.close)
    return cast(IO[Any], writer)  # the observer only writes


def _unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    """Log an exception that was raised where it cannot be caught.

    `ssl` does so for a server name (SNI) that is not ASCII. That handshake fails, and the journal
    has it, so it is left out here: a client must not be able to fill stderr.
    """
    if isinstance(unraisable.exc_value, UnicodeDecodeError) and isinstance(
        unraisable.object, bytes
    ):
        return
    log.error(
        "An exception in {object} was ignored: {error!r}",
        object=repr(unraisable.object),
        error=unraisable.exc_value,
    )


def line(event: LogEvent) -> str | None:
    """Format an event as a line, with the traceback of a failure indented below it."""
    level = event.get("log_level", LogLevel.info)
    time = datetime.fromtimestamp(event["log_time"], UTC).astimezone()
    text = printable(" ".join(formatEvent(event).split())) or "An operation failed"
    written = f"{time:%Y-%m-%d %H:%M:%S} [{level.name}] {text}\n"
    failure = event.get("log_failure")
    if isinstance(failure, Failure):
        traceback = failure.getTraceback().rstrip().splitlines()
        written += "".join(f"    {printable(each)}\n" for each in traceback)
    return written
