"""Following another server's logs while the server of the console runs."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.posixbase import PosixReactorBase
from twisted.logger import Logger

from mailauth.events.history import JournalHistory
from mailauth.home import WATCH_CURSOR, state_directory
from mailauth.report.foreign.dovecot import SHOWN
from mailauth.report.foreign.files import signs_in
from mailauth.report.foreign.formats import Format
from mailauth.report.foreign.growing import Memory
from mailauth.server.process import ServingProcess
from mailauth.watch.cursor import Cursor, CursorFile, CursorKeeper, SourceCursor
from mailauth.watch.file import FollowedFile
from mailauth.watch.journal import FollowedJournal
from mailauth.watch.reading import Reading
from mailauth.watch.source import Source, Start
from mailauth.watch.watcher import WatchedTwice, Watcher

LOOK_SECONDS = 0.25

log = Logger()


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What is followed: files, the journal, or both.

    A known source continues where it stopped; `start` and `since` are for others. `both` says that
    two sources are two servers. `log_format` is the only one to look for in files.
    """

    files: tuple[Path, ...] = ()
    journal: bool = False
    start: Start = Start.END
    since: datetime | None = None
    both: bool = False
    log_format: str | None = None


class Watching:
    """Follows what is `watched`. `recognised` is called with each format and its source.

    If it has to give up, it calls `failed`; the reason has been logged.
    """

    def __init__(
        self,
        watched: Watched,
        reactor: PosixReactorBase,
        recognised: Callable[[str, Format], None],
        failed: Callable[[], None],
    ) -> None:
        self._watched = watched
        self._reactor = reactor
        self._recognised = recognised
        self._failed = failed
        self._watcher: Watcher
        self._next: IDelayedCall | None = None

    def start(self, home: Path, process: ServingProcess, journal: Path, opened: ExitStack) -> None:
        """Follow the logs until `opened` is closed.

        Raises `OSError` for an unreadable log, and `WatchedTwice`.
        """
        file = CursorFile(state_directory(home) / WATCH_CURSOR)
        keeper = CursorKeeper(file, journal, process.threads.sync)
        self._watcher = Watcher(
            list(self._readings(file.load() or Cursor(), process.shown.newest)),
            process.shown,
            JournalHistory(journal),
            seconds=self._reactor.seconds,
            now=time.time,
            save=keeper.keep,
            both=self._watched.both,
        )
        opened.callback(keeper.keep_now)
        opened.callback(self._stop)
        self._watcher.check_servers()
        self._watcher.keep()
        self._next = self._reactor.callLater(0, self._look)

    def _readings(self, cursor: Cursor, newest: int) -> Iterator[Reading[Any]]:
        watched, seconds = self._watched, self._reactor.seconds
        for path in watched.files:
            known = cursor.sources.get(str(path))
            file = FollowedFile(path, watched.start, known, cursor.saved, seconds)
            if known is None:
                memory = _memory(path, watched.log_format)
                known = SourceCursor(seq=newest, memory=memory, since=watched.since)
            yield self._reading(file, watched.log_format, known)
        if watched.journal:
            known = cursor.sources.get(FollowedJournal.name)
            journal = FollowedJournal(watched.start, known, seconds, watched.since)
            if known is None:
                known = SourceCursor(seq=newest, since=watched.since)
            yield self._reading(journal, None, known)

    def _reading(
        self, source: Source[Any], log_format: str | None, cursor: SourceCursor
    ) -> Reading[Any]:
        return Reading(source, log_format, cursor, partial(self._recognised, source.name))

    def _look(self) -> None:
        try:
            more = self._watcher.look()
        except WatchedTwice as error:
            self._next = None
            log.critical("{error}", error=error)
            self._failed()
            return
        except Exception:  # noqa: BLE001 (it must not stop unnoticed, and can be started again)
            self._next = None
            log.failure("The logs cannot be followed any more")
            self._failed()
            return
        self._next = self._reactor.callLater(0 if more else LOOK_SECONDS, self._look)

    def _stop(self) -> None:
        if self._next is not None:
            self._next.cancel()
        self._watcher.close()


def _memory(path: Path, log_format: str | None) -> Memory:
    """Return what the earlier lines of a new log have shown."""
    signs = signs_in([path], log_format) if path.exists() else ()
    return Memory({name: [SHOWN] for name in signs})
