"""The recorder, which stamps, numbers and writes each attempt before it is answered."""

import errno
import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Protocol

from twisted.logger import Logger

from mailauth.config import Durability, LogConfig, OnFailure
from mailauth.login.event import Attempt, Kind, LoginEvent, Result, event_of
from mailauth.origin import Origin
from mailauth.record.alarms import Alarms
from mailauth.record.event_lines import Log, line_of, log_of
from mailauth.record.files import LogFile
from mailauth.record.follower import Follower, Missed
from mailauth.record.group_commit import GroupCommit, Threads
from mailauth.record.journal import encode
from mailauth.record.ledger import Ledger
from mailauth.record.line import origin_label, printed_time
from mailauth.record.recovery import recover
from mailauth.record.shared import SharedState
from mailauth.record.sinks import Sinks
from mailauth.record.stamp import MICROSECONDS, Stamps, instant_of
from mailauth.record.upkeep import Upkeep
from mailauth.wire.pending import Pending

NOT_ON_DISK = "The logs cannot be written to the disk"
CLOCK_BEHIND = "The clock is earlier than the last record"
NOT_LOOKED_AFTER = "The log files cannot be checked"

LINES_AT_MOST = 1_000  # for one record of another server's log, which may repeat a line
BEHIND_SECONDS = 60  # seconds not worth a message: clocks are corrected now and then

log = Logger()


class Origins(Protocol):
    """Finds the location of an address."""

    def origin(self, ip: str) -> Origin:
        """Return the origin of a client's address."""


class FileRecorder:
    """Writes attempts to the logs of one directory (`login.session.Recorder`).

    Everything is called in the reactor's thread. `open_recorder` and `attach_recorder` create one.
    """

    def __init__(
        self,
        ledger: Ledger,
        settings: LogConfig,
        *,
        origins: Origins,
        zone: tzinfo | None,
        now: Callable[[], float],
        threads: Threads,
    ) -> None:
        self.sinks = Sinks()
        self.unrecorded = 0  # attempts since recording began to fail; 0 if it works
        self.failures = 0  # attempts that could not be recorded, in total
        self._ledger = ledger
        self._on_failure = settings.on_failure
        self._origins = origins
        self._stamps = Stamps(zone)
        self._now = now
        self._alarms = Alarms()
        self._upkeep = Upkeep(ledger, settings, zone, threads, self._alarms)
        self._disk = (
            GroupCommit(ledger, threads, self._synced)
            if settings.durability is Durability.DISK
            else None
        )
        self._id = secrets.token_hex(8)
        self._second = 0  # when the files were last checked

    @property
    def newest(self) -> int:
        """The number of this process's last record; at its creation, of the last record of all."""
        return self._ledger.seq

    def follower(self, missed: Missed) -> Follower:
        """Return a follower from here on, for sinks that also hear what other processes record.

        `missed` reads events from older files.
        """
        return Follower(self._ledger, missed, self._alarms)

    def record(self, attempt: Attempt) -> LoginEvent | None | Pending[LoginEvent | None]:
        """Write the attempt and return it as an event, or `None` if it could not be written whole.

        The operator is told when recording begins to fail and when it works again; each attempt
        tries anew. With `durability = "disk"` the event is returned when it is on disk.
        """
        wall = instant_of(self._now())
        self._look(wall)
        try:
            event, file = self._write(attempt, wall)
        except OSError as error:
            return self._unrecorded(attempt, wall, error)
        if self.unrecorded:
            self._recovered()
        if self._disk is None:
            self.sinks.publish(event)
            return event
        files = [self._ledger.journal] if file is None else [self._ledger.journal, file]
        durable = self._disk.hold(event, files)
        self.sinks.publish(event)
        return durable

    def transcribe(self, attempt: Attempt) -> LoginEvent:
        """Write what the log of another server tells, with its time; raises `OSError`.

        Then nothing is written, and the log can be read again. The line has the attempt's time,
        unless that is before the line before it, or yet to come.
        """
        assert attempt.at is not None, "the log says when"
        wall = instant_of(self._now())
        self._look(wall)
        event, _ = self._write(attempt, min(wall, instant_of(attempt.at.timestamp())))
        self.sinks.publish(event)
        return event

    def reopen(self) -> None:
        """Use the files that are now at the paths (SIGHUP, after they were moved away).

        If they cannot be opened, the old ones stay in use, and opening is tried again every second.
        """
        self._upkeep.reopen()

    def check(self) -> None:
        """Raise `OSError` if the logs are not at their paths, or cannot be accessed."""
        self._upkeep.look()
        with self._ledger as ledger:
            if ledger.replaced:
                raise OSError(errno.EBADF, "a log file cannot be opened at its path")

    def tick(self) -> None:
        """Maintain the files although nobody logs in; called once a minute by the owner's process.

        When a day has ended, the logs are rotated; older files are compressed and removed.
        """
        try:
            self._upkeep.tick(instant_of(self._now()))
        except OSError as error:
            self._alarms.raise_(NOT_LOOKED_AFTER, error)
        else:
            self._alarms.clear(NOT_LOOKED_AFTER)

    def look_at_clock(self) -> None:
        """Tell the operator when the clock falls below the last record, and when it passes it.

        In between, every record has the same time.
        """
        lag = self._ledger.instant - instant_of(self._now())
        if lag < BEHIND_SECONDS * MICROSECONDS:
            self._alarms.clear(CLOCK_BEHIND)
            return
        last = self._stamps.at(self._ledger.instant)
        self._alarms.raise_(
            CLOCK_BEHIND,
            f"logins are recorded with the time {printed_time(last)} until the clock has passed it,"
            f" in {timedelta(seconds=lag // MICROSECONDS)}; if the record is wrong and not the"
            " clock, stop the server, move the logs away and start it again",
        )

    def drained(self) -> Pending[None]:
        """Return when no record waits for the disk, so that `close` loses nobody's reply."""
        if self._disk is not None:
            return self._disk.drained()
        at_once: Pending[None] = Pending()
        at_once.resolve(None)
        return at_once

    def close(self) -> None:
        """Close the logs, and unlock the directory."""
        self._ledger.close()

    def _look(self, wall: int) -> None:
        """Look after the files, once a second."""
        if wall // MICROSECONDS != self._second:
            self._second = wall // MICROSECONDS
            self._upkeep.look()

    def _write(self, attempt: Attempt, wall: int) -> tuple[LoginEvent, LogFile | None]:
        """Commit the attempt; return it and the file of its line, if it has one."""
        with self._ledger as ledger:
            instant = max(wall, ledger.instant)
            event = self._event(attempt, ledger.seq + 1, instant)
            record, line, file = encode(event), b"", None
            kind = log_of(event)
            if kind is not None:
                is_ours_and_late = attempt.at is not None and attempt.source is None
                time = printed_time(event.at) if is_ours_and_late else self._stamps.printed(instant)
                line = f"{line_of(event, kind, time)}\n".encode()
                if kind is Log.SUCCESSES:
                    line *= min(event.count, LINES_AT_MOST)
                file = ledger.successes if kind is Log.SUCCESSES else ledger.failures
            self._upkeep.make_way(ledger, instant, max(len(record), len(line)))
            ledger.commit(event.seq, instant, record, file, line)
            return event, file

    def _event(self, attempt: Attempt, seq: int, instant: int) -> LoginEvent:
        ip = attempt.connection.ip
        origin = self._origins.origin(ip) if ip is not None else None
        return event_of(
            attempt,
            seq=seq,
            id=f"{self._id}-{seq:x}",
            at=self._stamps.at(instant) if attempt.at is None else self._stamps.of(attempt.at),
            origin=origin_label(origin.label) if origin is not None else None,
            country=origin.country if origin is not None else None,
        )

    def _unrecorded(self, attempt: Attempt, wall: int, error: OSError) -> LoginEvent | None:
        if not self.unrecorded:
            log.critical(
                "Logins cannot be recorded; until they can, they are {fate}: {error}",
                fate=_FATES[self._on_failure],
                error=error,
            )
        self.unrecorded += 1
        self.failures += 1
        if self._on_failure is OnFailure.REFUSE:
            return None
        return self._event(attempt, self._ledger.seq + 1, max(wall, self._ledger.instant))

    def _recovered(self) -> None:
        log.warn(
            "Logins are recorded again; {count} attempts were not recorded", count=self.unrecorded
        )
        self.unrecorded = 0

    def _synced(self, events: Sequence[LoginEvent], error: OSError | None) -> bool:
        """Return whether these may continue; if they are not on disk, record their ids."""
        if error is None:
            self._alarms.clear(NOT_ON_DISK)
            return True
        self._alarms.raise_(NOT_ON_DISK, error)
        self.failures += len(events)
        ids = ", ".join(event.id for event in events)
        attempt = Attempt(
            kind=Kind.LOGIN,
            result=Result.UNAVAILABLE,
            reason=f"not on the disk, and {_FATES[self._on_failure]}: {ids}",
        )
        wall = instant_of(self._now())
        try:
            event, _ = self._write(attempt, wall)
        except OSError as further:
            self._unrecorded(attempt, wall, further)
        else:
            self.sinks.publish(event)
        return self._on_failure is OnFailure.ALLOW


_FATES = {OnFailure.REFUSE: "refused", OnFailure.ALLOW: "let in"}


def open_recorder(
    directory: Path,
    settings: LogConfig,
    *,
    origins: Origins,
    zone: tzinfo | None,
    now: Callable[[], float],
    threads: Threads,
    shared: SharedState | None = None,
) -> FileRecorder:
    """Lock a log directory, repair what a killed server left, and return its recorder.

    Workers attach to `shared`. Raises `DirectoryInUse`, and `OSError` if the logs cannot be opened.
    """
    ledger = Ledger(directory, shared=shared)
    try:
        ledger.open()
        recover(ledger, zone, now())
    except BaseException:
        ledger.close()
        raise
    recorder = FileRecorder(ledger, settings, origins=origins, zone=zone, now=now, threads=threads)
    recorder.look_at_clock()
    return recorder


def attach_recorder(
    directory: Path,
    settings: LogConfig,
    *,
    origins: Origins,
    zone: tzinfo | None,
    now: Callable[[], float],
    threads: Threads,
    shared: SharedState,
) -> FileRecorder:
    """Return a worker's recorder for a directory that its server has opened. Raises `OSError`."""
    ledger = Ledger(directory, shared=shared, owner=False)
    with ledger:
        pass  # when it takes the lock, it opens the files that the others use
    return FileRecorder(ledger, settings, origins=origins, zone=zone, now=now, threads=threads)
