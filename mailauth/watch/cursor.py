"""Where to continue after a restart: for each source, the places where undecided lines begin.

Logins after those places that were already recorded are read again. The journal shows which they
are, so they are not recorded twice.
"""

import os
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from mailauth.home.replacing import replace_file
from mailauth.record.alarms import Alarms
from mailauth.report.foreign.growing import Memory

NOT_KEPT = "Where to read on cannot be kept"


class Place(msgspec.Struct, frozen=True):
    """The place of a line in a file.

    The file is identified by its device and inode or, after it was copied or compressed, by its
    first `head_octets` octets, whose hash is `head`.
    """

    device: int
    inode: int
    offset: int
    head_octets: int = 0
    head: str = ""


class SourceCursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where to continue in a source: in files from `places` on, in the journal after `entry`.

    Records up to the number `seq` were made of what comes before, and so were those whose ids are
    `done`. Logins before `since` do not count.
    """

    places: tuple[Place, ...] = ()
    entry: str | None = None
    seq: int = 0
    done: tuple[str, ...] = ()
    memory: Memory = Memory()
    since: datetime | None = None


class Cursor(msgspec.Struct, frozen=True):
    """All sources by name, and when this was saved, in seconds since 1970."""

    sources: dict[str, SourceCursor] = {}
    saved: float = 0.0
    v: int = 1


class CursorError(OSError):
    """The file is not a valid cursor; the message is for the operator."""


class CursorFile:
    """The file of the cursor, which is replaced atomically."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Cursor | None:
        """Return the cursor, or `None` if there is none yet. Raises `CursorError` and `OSError`."""
        for unfinished in self.path.parent.glob(f".{self.path.name}.*"):
            unfinished.unlink()
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return msgspec.json.decode(text, type=Cursor)
        except msgspec.DecodeError as error:
            raise CursorError(
                f"{self.path} says where to read on and is damaged ({error}); remove it to begin"
                " at the ends of the logs"
            ) from None

    def save(self, cursor: Cursor) -> None:
        """Replace the cursor on disk. Raises `OSError`."""
        replace_file(self.path, msgspec.json.encode(cursor), set_owner=lambda _: None)


class CursorKeeper:
    """Saves the latest cursor in a thread, when the `journal` is on disk.

    `leave` runs a function in that thread.
    """

    def __init__(
        self,
        file: CursorFile,
        journal: Path,
        leave: Callable[[Callable[[], object]], object],
    ) -> None:
        self._file = file
        self._journal = journal
        self._leave = leave
        self._lock = threading.Lock()
        self._newest: Cursor | None = None
        self._alarms = Alarms()

    def keep(self, cursor: Cursor) -> None:
        """Save a cursor soon."""
        is_working, self._newest = self._newest is not None, cursor
        if not is_working:
            self._leave(self.keep_now)

    def keep_now(self) -> None:
        """Save the latest cursor before returning."""
        with self._lock:
            cursor, self._newest = self._newest, None
            if cursor is None:
                return
            try:
                _sync(self._journal)
                self._file.save(cursor)
            except OSError as error:
                self._alarms.raise_(NOT_KEPT, error)
            else:
                self._alarms.clear(NOT_KEPT)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
