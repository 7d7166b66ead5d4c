"""The three logs as one: a record is written to every file where it belongs, or to none.

A ledger is a context manager; inside it, only this process writes. A record is committed when the
state is advanced, which happens last. If a write fails before that, the files are cut back; if a
worker is killed before that, the next writer cuts them back.
"""

import contextlib
import os
from pathlib import Path
from types import TracebackType

from twisted.logger import Logger

from mailauth.record.files import Identity, LogDirectory, LogFile, NotALog
from mailauth.record.journal import JournalError, decode
from mailauth.record.line import LineError, parse_line
from mailauth.record.shared import SharedState

log = Logger()

JOURNAL = "LoginAttempts.jsonl"
SUCCESSES = "SuccessfulLogins.log"
FAILURES = "InvalidPasswordAttempts.log"


class Ledger:
    """The logs of one directory, with the number and the instant of the last record.

    With `shared`, several processes take turns at writing. The `owner`, one of them, locks the
    directory against other servers. Methods raise `OSError`; then nothing has been committed.
    """

    def __init__(
        self, directory: Path, *, shared: SharedState | None = None, owner: bool = True
    ) -> None:
        self.directory = LogDirectory(directory)
        self.journal = LogFile(directory / JOURNAL, _is_record)
        self.successes = LogFile(directory / SUCCESSES, _is_line)
        self.failures = LogFile(directory / FAILURES)
        self.seq = 0
        self.instant = 0
        self.names_on_disk = False  # whether the directory was synced since the files were opened
        self.files = (self.journal, self.successes, self.failures)
        self._shared = shared
        self._owner = owner
        self._not_a_log: NotALog | None = None  # why a path is not a log, if one is not

    def __enter__(self) -> "Ledger":
        if self._shared is not None:
            self._shared.acquire()
            try:
                self._load(self._shared.load())
            except BaseException:
                self._shared.release()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shared is not None:
            self._shared.release()

    def open(self) -> None:
        """Open the files, creating missing ones, and lock the directory.

        Raises `DirectoryInUse` if another server has it. After an error the previous files stay in
        use. After `NotALog` nothing is committed until opening succeeds: a reader of the paths
        would miss records in files that have been moved away.
        """
        if self._owner:
            self.directory.hold()
        else:
            self.directory.make()
        with contextlib.ExitStack() as unused:
            opened = []
            for file in self.files:
                try:
                    opened.append(file.opened())
                except NotALog as error:
                    self._not_a_log = error
                    raise
                unused.callback(os.close, opened[-1].descriptor)
            unused.pop_all()
        self._not_a_log = None
        for file, now_open in zip(self.files, opened, strict=True):
            file.use(now_open)
        self.names_on_disk = False

    def reopen(self) -> None:
        """Use the files that are now at the paths, creating missing ones."""
        for file in self.files:
            try:
                file.reconcile()
            except OSError as error:
                if not file.replaced:
                    raise
                log.warn(
                    "The previous file of {path} cannot be completed: {error}",
                    path=str(file.path),
                    error=error,
                )
        self.open()
        self.store()

    @property
    def replaced(self) -> bool:
        """Whether a file or the directory was moved away, or the path is not a log."""
        return self._not_a_log is not None or any(file.replaced for file in self.files)

    def commit(
        self, seq: int, instant: int, record: bytes, log: LogFile | None = None, line: bytes = b""
    ) -> None:
        """Append the record to the journal and the line to its log: both whole, or neither."""
        if self._not_a_log is not None:
            raise NotALog(str(self._not_a_log))
        if not self.journal.reconcile() or not (log is None or log.reconcile()):
            self.reopen()
        try:
            self.journal.append(record)
            if log is not None:
                log.append(line)
        except OSError:
            self._cut_back(log)
            raise
        self.journal.length += len(record)
        if log is not None:
            log.length += len(line)
        self.seq = seq
        self.instant = instant
        self.store()

    def store(self) -> None:
        """Publish the state of the record to the other workers."""
        if self._shared is not None:
            numbers = [self.seq, self.instant]
            for file in self.files:
                numbers += (*file.identity, file.length)
            self._shared.store(*numbers)

    def close(self) -> None:
        """Close the files and unlock the directory."""
        for file in self.files:
            file.close()
        self.directory.release()

    def _load(self, numbers: tuple[int, ...]) -> None:
        """Take over the state, and the files, of the process that wrote last."""
        self.seq, self.instant = numbers[:2]
        stored = [
            (file, Identity(*numbers[start : start + 2]), numbers[start + 2])
            for file, start in zip(self.files, (2, 5, 8), strict=True)
        ]
        if any(file.identity != identity for file, identity, _ in stored):
            self.open()
        for file, identity, length in stored:
            if file.identity == identity:
                file.length = length

    def _cut_back(self, log: LogFile | None) -> None:
        for file in (self.journal, log):
            if file is not None:
                with contextlib.suppress(OSError):  # `reconcile` does it before the next record
                    file.cut_back()


def _is_record(line: bytes) -> bool:
    try:
        decode(line)
    except JournalError:
        return False
    return True


def _is_line(line: bytes) -> bool:
    try:
        parse_line(line.decode("utf-8", "surrogateescape").removesuffix("\r"))
    except LineError:
        return False
    return True
