"""The upkeep of the log files while a server runs: reopening, rotation, compression, removal."""

from collections.abc import Sequence
from datetime import tzinfo
from functools import partial

from mailauth.config import LogConfig, Rotate
from mailauth.record.alarms import Alarms
from mailauth.record.files import Identity
from mailauth.record.group_commit import Threads
from mailauth.record.ledger import Ledger
from mailauth.record.rotation import Rotation, tidy

NOT_REOPENED = "The log files cannot be reopened"
NOT_ROTATED = "The logs cannot be rotated"


class Upkeep:
    """Maintains one ledger's files according to the settings; it never prevents a record."""

    def __init__(
        self,
        ledger: Ledger,
        settings: LogConfig,
        zone: tzinfo | None,
        threads: Threads,
        alarms: Alarms,
    ) -> None:
        self._ledger = ledger
        self._settings = settings
        self._rotation = Rotation(settings, zone)
        self._threads = threads
        self._alarms = alarms
        self._rotation_failed = False
        self._tidying = False

    def look(self) -> None:
        """Check whether the files were moved away without a signal; at most once a second."""
        self._rotation_failed = False
        if self._ledger.replaced:
            self.reopen()

    def reopen(self) -> None:
        """Use the files that are now at the paths; if that fails, the previous ones stay in use."""
        try:
            with self._ledger as ledger:
                ledger.reopen()
        except OSError as error:
            self._alarms.raise_(NOT_REOPENED, error)
        else:
            self._alarms.clear(NOT_REOPENED)

    def make_way(self, ledger: Ledger, instant: int, growth: int = 0) -> None:
        """Rotate if a record of this instant and size needs new files; called inside the ledger."""
        if self._rotation_failed or not self._rotation.is_due(ledger, instant, growth):
            return
        try:
            self._rotation.give_way(ledger, instant)
        except OSError as error:
            self._rotation_failed = True
            self._alarms.raise_(NOT_ROTATED, error)
        else:
            self._alarms.clear(NOT_ROTATED)

    def tick(self, instant: int) -> None:
        """Do what is due although nobody logs in. Raises `OSError`."""
        self.look()
        if self._settings.rotate is Rotate.NONE:
            return  # another program rotates the logs
        with self._ledger as ledger:
            self.make_way(ledger, instant)
            in_use = [file.identity for file in ledger.files]
        if not self._tidying:
            self._tidying = True
            self._threads.leave(partial(self._tidy, in_use))

    def _tidy(self, in_use: Sequence[Identity]) -> None:
        """Compress and remove older files, in a thread of their own."""
        try:
            tidy([file.path for file in self._ledger.files], self._settings.keep, in_use)
        finally:
            self._threads.enter(self._tidied)

    def _tidied(self) -> None:
        self._tidying = False
