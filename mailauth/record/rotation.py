"""Rotation: when new log files are begun, how older ones are named, and what becomes of those.

All three logs rotate together, so that a line and its journal record are in files of the same
suffix. An empty file is not rotated.
"""

import gzip
import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime, time, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import assert_never

from twisted.logger import Logger

from mailauth.config import LogConfig, Rotate
from mailauth.record.archive import archived, archived_name, free_number
from mailauth.record.files import Identity
from mailauth.record.ledger import Ledger
from mailauth.record.stamp import MICROSECONDS, instant_of

log = Logger()

_BLOCK = 1 << 20


class Rotation:
    """Decides when to rotate the logs, and rotates them."""

    def __init__(self, settings: LogConfig, zone: tzinfo | None) -> None:
        self._rotate = settings.rotate
        self._size = settings.size
        self._zone = zone
        self._day_begins = self._day_ends = 0

    def is_due(self, ledger: Ledger, instant: int, growth: int = 0) -> bool:
        """Return whether a record of this instant and size belongs in new files."""
        match self._rotate:
            case Rotate.DAILY:
                if not self._day_begins <= instant < self._day_ends:
                    self._turn_to_day_of(instant)
                return 0 < ledger.instant < self._day_begins
            case Rotate.SIZE:
                return any(0 < file.length > self._size - growth for file in ledger.files)
            case Rotate.NONE:
                return False
            case _:
                assert_never(self._rotate)

    def give_way(self, ledger: Ledger, instant: int) -> None:
        """Rename the files by the day of their last record, and open new ones.

        Raises `OSError`; the files that are then open stay in use, and nothing is lost.
        """
        day = self._day_of(ledger.instant or instant)
        number = free_number((file.path for file in ledger.files), day)
        try:
            for file in ledger.files:
                if file.length > 0 and not file.replaced:
                    file.path.rename(archived_name(file.path, day, number))
        finally:
            ledger.reopen()

    def _day_of(self, instant: int) -> date:
        return datetime.fromtimestamp(instant // MICROSECONDS, self._zone).date()

    def _turn_to_day_of(self, instant: int) -> None:
        day = self._day_of(instant)
        self._day_begins = self._beginning(day)
        self._day_ends = self._beginning(day + timedelta(days=1))

    def _beginning(self, day: date) -> int:
        return instant_of(datetime.combine(day, time(), self._zone).timestamp())


def tidy(logs: Iterable[Path], keep: int, in_use: Collection[Identity]) -> None:
    """Remove older files except for the newest `keep` (0: none), and compress all but the newest.

    Files `in_use` may still be written, and are not compressed. This may take long, so it must not
    run in the reactor's thread.
    """
    for path in logs:
        older = [each.path for each in archived(path) if each.path.is_file()]
        kept = older[-keep:] if keep else older
        for surplus in older[: len(older) - len(kept)]:
            _or_say("removed", surplus, Path.unlink)
        for plain in kept[:-1]:
            if plain.suffix != ".gz":
                _or_say("compressed", plain, partial(_compress, in_use))


def _or_say(done: str, path: Path, action: Callable[[Path], None]) -> None:
    try:
        action(path)
    except OSError as error:
        log.warn("{path} cannot be {done}: {error}", path=str(path), done=done, error=error)


def _compress(in_use: Collection[Identity], path: Path) -> None:
    """Replace the file with a compressed one; at every moment one of the two is complete."""
    unfinished = path.with_name(f".{path.name}.gz")
    status = path.stat()
    if Identity.of(status) in in_use:
        return
    try:
        with path.open("rb") as source, unfinished.open("wb") as target:
            unfinished.chmod(stat.S_IMODE(status.st_mode))
            with gzip.GzipFile(path.name, "wb", fileobj=target, mtime=status.st_mtime) as stream:
                shutil.copyfileobj(source, stream, _BLOCK)
            target.flush()
            os.fsync(target.fileno())
        os.utime(unfinished, ns=(status.st_atime_ns, status.st_mtime_ns))
        unfinished.rename(path.with_name(f"{path.name}.gz"))
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    path.unlink()
