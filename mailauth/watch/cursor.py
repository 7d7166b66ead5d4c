"""Where to read on after a restart: for each source the places where what is undecided begins.

What has been recorded since those places were reached is told by the journal: it comes again when
they are read again, and is not recorded twice.
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
    """Where a line begins in a file.

    The file is known by its device and inode, or, when it was copied or compressed, by its first
    `head_octets` octets, of which `head` is the hash.
    """

    device: int
    inode: int
    offset: int
    head_octets: int = 0
    head: str = ""


class SourceCursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where to read on in a source: in files from `places` on, in the journal after `entry`.

    `seq` is the number of the last record that was made of what comes before. Logins before `since`
    do not count.
    """

    places: tuple[Place, ...] = ()
    entry: str | None = None
    seq: int = 0
    memory: Memory = Memory()
    since: datetime | None = None


class Cursor(msgspec.Struct, frozen=True):
    """All sources by their names, and when this was saved, in seconds since 1970."""

    sources: dict[str, SourceCursor] = {}
    saved: float = 0.0
    v: int = 1


class CursorError(OSError):
    """The file is not a cursor; the message is for the operator."""


class CursorFile:
    """The file that holds the cursor; at every moment it is whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Cursor | None:
        """Return the cursor, `None` if there is none yet; raises `CursorError` and `OSError`."""
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
        """Replace the cursor, on the disk; raises `OSError`."""
        replace_file(self.path, msgspec.json.encode(cursor), set_owner=lambda _: None)


class CursorKeeper:
    """Keeps the newest cursor in its file, in a thread, when the `journal` is on the disk.

    `leave` does something in that thread.
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
        """Have a cursor kept soon."""
        is_working, self._newest = self._newest is not None, cursor
        if not is_working:
            self._leave(self.keep_now)

    def keep_now(self) -> None:
        """Keep the newest cursor before this returns."""
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
