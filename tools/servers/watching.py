"""`mailauth watch` on a server's log while the driver logs in: what it records, and how soon."""

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from mailauth.record.ledger import JOURNAL
from mailauth.report.foreign.formats import FORMATS
from mailauth.report.foreign.growing import GrowingLog, Memory
from mailauth.testing.running import NotStarted
from tests.live.support.running_watch import RunningWatch
from tools.servers.comparison import Record

_PRESSURE = Path("/proc/pressure/cpu")
_BUSY = 0.9  # of the time

_LOOK_SECONDS = 0.01
_QUIET_SECONDS = 2.5  # without a new record: the watcher has none left
_LAST_SECONDS = 0.5  # the same, if there are as many as logins were made


class _Growth:
    """The lines of a file, each with the instant at which it was seen to be whole."""

    def __init__(self, file: Path) -> None:
        self.lines: list[tuple[float, bytes]] = []
        self._file = file
        self._at = 0
        self._rest = b""

    def look(self) -> None:
        with suppress(FileNotFoundError), self._file.open("rb") as file:
            file.seek(self._at)
            added = file.read()
            self._at += len(added)
            *whole, self._rest = (self._rest + added).split(b"\n")
            now = time.monotonic()
            self.lines += [(now, line) for line in whole]


class Watching:
    """Follows a log into a home in a folder, from now on until `stop`."""

    def __init__(self, directory: Path, log: Path) -> None:
        log.chmod(0o644)
        self.was_busy = False
        self._watch = RunningWatch(directory / "watch", str(log))
        try:
            self._watch.start()
        except NotStarted as error:
            raise OSError(f"mailauth watch: {error}") from None
        self._log, self._records = _Growth(log), _Growth(self._watch.home / "logs" / JOURNAL)
        self._began, self._waited = time.monotonic(), _waited()
        self._over = threading.Event()
        self._looking = threading.Thread(target=self._look, daemon=True)
        self._looking.start()

    def stop(self, expected: int) -> None:
        """End when all is recorded, or what is not does not come."""
        count, since = -1, time.monotonic()
        while time.monotonic() - since < (_QUIET_SECONDS if count < expected else _LAST_SECONDS):
            if (now := len(self._records.lines)) != count:
                count, since = now, time.monotonic()
            time.sleep(_LOOK_SECONDS)
        share = (_waited() - self._waited) / (time.monotonic() - self._began)
        self.was_busy = share > _BUSY
        self._watch.stop()
        self._over.set()
        self._looking.join()

    @property
    def text(self) -> bytes:
        """The record itself."""
        return b"\n".join(line for _, line in self._records.lines)

    @property
    def records(self) -> list[Record]:
        """What was recorded."""
        return [msgspec.json.decode(line, type=Record) for _, line in self._records.lines]

    def delays(self) -> list[float]:
        """Return how long after the line that decides each login its record was there.

        Which line decides is found by reading the log again, line by line. Raises `OSError` for a
        record of which no line of the log makes one with the same id.
        """
        decided = self._decided()
        found = []
        for at, line in self._records.lines:
            record = msgspec.json.decode(line, type=_Known)
            if record.kind == "login" and record.id not in decided:
                raise OSError(f"no line decides {line!r}")
            if record.kind == "login":
                found.append(at - decided[record.id])
        return found

    def _decided(self) -> dict[str, float]:
        log = GrowingLog(
            zone=UTC,
            modified=datetime.now(UTC),
            formats=FORMATS,
            memory=Memory(),
            recognised=lambda _: None,
        )
        decided = {}
        for turn, (at, line) in enumerate(self._log.lines):
            log.begin(turn)
            for record in log.read(line.decode("utf-8", "replace")):
                decided[record.id] = at
        return decided

    def _look(self) -> None:
        while not self._over.is_set():
            self._log.look()
            self._records.look()
            time.sleep(_LOOK_SECONDS)


def _waited() -> float:
    """Seconds in which something on this machine has waited for a processor, since it started."""
    if not _PRESSURE.exists():
        return 0.0
    return int(_PRESSURE.read_text().partition("total=")[2].split()[0]) / 1_000_000


class _Known(msgspec.Struct):
    id: str
    kind: str
