"""The recorder: an attempt is stamped, numbered and written before anybody hears of it."""

import secrets
from collections.abc import Callable, Iterable
from datetime import tzinfo
from pathlib import Path
from typing import Protocol

from twisted.logger import Logger

from mailauth.config import OnFailure
from mailauth.login.event import Attempt, LoginEvent
from mailauth.origin import Origin
from mailauth.record.entry import Log, line_of, log_of
from mailauth.record.journal import encode
from mailauth.record.ledger import Ledger
from mailauth.record.line import origin_label, printed_time
from mailauth.record.recovery import recover
from mailauth.record.shared import SharedState
from mailauth.record.stamp import MICROSECONDS, Stamps, instant_of

VERSION = 1  # of the journal's records

log = Logger()


class Origins(Protocol):
    """Who knows where addresses are."""

    def origin(self, ip: str) -> Origin:
        """Return the origin of a client's address."""


class Sink(Protocol):
    """Who wants to hear of what was recorded: it must not block, and cannot change anything."""

    def publish(self, event: LoginEvent) -> None:
        """Take an event that stands in the record."""


class FileRecorder:
    """Writes attempts into the logs of one directory (`login.session.Recorder`)."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        origins: Origins,
        zone: tzinfo | None,
        now: Callable[[], float],
        on_failure: OnFailure = OnFailure.REFUSE,
        sinks: Iterable[Sink] = (),
    ) -> None:
        self.sink_failures = 0
        self.unrecorded = 0  # since the record began to fail; 0 while all is well
        self._ledger = ledger
        self._origins = origins
        self._stamps = Stamps(zone)
        self._now = now
        self._on_failure = on_failure
        self._sinks = list(sinks)
        self._failed_sinks: set[int] = set()
        self._id = secrets.token_hex(8)
        self._looked_at = 0
        self._astray = False

    @property
    def newest(self) -> int:
        """The number of the last record, 0 before the first."""
        return self._ledger.seq

    def add_sink(self, sink: Sink) -> None:
        """Let a sink hear of what is recorded from now on."""
        self._sinks.append(sink)

    def remove_sink(self, sink: Sink) -> None:
        """Let a sink hear no more."""
        self._sinks.remove(sink)

    def record(self, attempt: Attempt) -> LoginEvent | None:
        """Write the attempt and return it as an event; `None` when it could not be written whole.

        A failure is told to the operator once, and its end once; then every attempt tries anew.
        """
        wall = instant_of(self._now())
        if wall // MICROSECONDS != self._looked_at:
            self._look_for_files(wall // MICROSECONDS)
        try:
            event = self._write(attempt, wall)
        except OSError as error:
            return self._unrecorded(attempt, wall, error)
        if self.unrecorded:
            self._recovered()
        for sink in tuple(self._sinks):
            self._publish(sink, event)
        return event

    def reopen(self) -> None:
        """Go on with the files that stand at the paths now (SIGHUP, after they were moved away).

        When they cannot be opened, writing goes on in the old ones, and opening is tried again
        every second.
        """
        try:
            with self._ledger as ledger:
                ledger.reopen()
        except OSError as error:
            if not self._astray:
                self._astray = True
                log.critical("The log files cannot be reopened: {error}", error=error)
        else:
            self._astray = False

    def close(self) -> None:
        """Close the logs, and let another server have the directory."""
        self._ledger.close()

    def _write(self, attempt: Attempt, wall: int) -> LoginEvent:
        with self._ledger as ledger:
            instant = max(wall, ledger.instant)
            event = self._event(attempt, ledger.seq + 1, instant)
            record = encode(event)
            kind = log_of(event)
            if kind is None:
                ledger.commit(event.seq, instant, record)
                return event
            time = self._stamps.printed(instant) if attempt.at is None else printed_time(event.at)
            line = f"{line_of(event, kind, time)}\n".encode()
            file = ledger.successes if kind is Log.SUCCESSES else ledger.failures
            ledger.commit(event.seq, instant, record, file, line)
            return event

    def _event(self, attempt: Attempt, seq: int, instant: int) -> LoginEvent:
        origin = self._origins.origin(attempt.ip) if attempt.ip is not None else None
        return LoginEvent(
            v=VERSION,
            seq=seq,
            id=f"{self._id}-{seq:x}",
            at=self._stamps.at(instant) if attempt.at is None else self._stamps.of(attempt.at),
            kind=attempt.kind,
            result=attempt.result,
            reason=attempt.reason,
            protocol=attempt.protocol,
            listener=attempt.listener,
            local_port=attempt.local_port,
            session=attempt.session,
            secure=attempt.secure,
            security=attempt.security,
            tls_version=attempt.tls_version,
            tls_cipher=attempt.tls_cipher,
            tls_sni=attempt.tls_sni,
            tls_alpn=attempt.tls_alpn,
            mechanism=attempt.mechanism,
            user=attempt.user,
            authcid=attempt.authcid,
            authzid=attempt.authzid,
            ip=attempt.ip,
            port=attempt.port,
            peer=attempt.peer,
            origin=origin_label(origin.label) if origin is not None else None,
            country=origin.country if origin is not None else None,
            exposed=attempt.exposed,
            client_name=attempt.client_name,
            client_version=attempt.client_version,
        )

    def _unrecorded(self, attempt: Attempt, wall: int, error: OSError) -> LoginEvent | None:
        refuse = self._on_failure is OnFailure.REFUSE
        if not self.unrecorded:
            log.critical(
                "Logins cannot be recorded, and are {fate} until they can: {error}",
                fate="refused" if refuse else "let in unrecorded",
                error=error,
            )
        self.unrecorded += 1
        if refuse:
            return None
        return self._event(attempt, self._ledger.seq + 1, max(wall, self._ledger.instant))

    def _recovered(self) -> None:
        log.warn("Logins are recorded again; {count} attempts were not", count=self.unrecorded)
        self.unrecorded = 0

    def _look_for_files(self, second: int) -> None:
        """Once a second, see whether the files were moved away without a word."""
        self._looked_at = second
        if self._ledger.replaced:
            self.reopen()

    def _publish(self, sink: Sink, event: LoginEvent) -> None:
        try:
            sink.publish(event)
        except Exception:  # noqa: BLE001 - a sink may fail alone
            self.sink_failures += 1
            if id(sink) not in self._failed_sinks:
                self._failed_sinks.add(id(sink))
                log.failure("A sink failed; only its first failure is logged")


def open_recorder(
    directory: Path,
    *,
    origins: Origins,
    zone: tzinfo | None,
    now: Callable[[], float],
    on_failure: OnFailure = OnFailure.REFUSE,
    shared: SharedState | None = None,
) -> FileRecorder:
    """Take a log directory, mend what a killed server left there, and return its recorder.

    `shared` is for the workers to come. Raises `DirectoryInUse`, and `OSError` when the logs cannot
    be opened.
    """
    ledger = Ledger(directory, shared=shared)
    try:
        ledger.open()
        recover(ledger, zone, now())
    except BaseException:
        ledger.close()
        raise
    return FileRecorder(ledger, origins=origins, zone=zone, now=now, on_failure=on_failure)
