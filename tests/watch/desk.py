"""What the tests of `watch` share: logs of a server, and a watcher that is killed and started."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailauth.events.history import JournalHistory
from mailauth.login.event import LoginEvent
from mailauth.record.recorder import FileRecorder
from mailauth.report.foreign.formats import FORMATS, Format
from mailauth.report.foreign.growing import followed
from mailauth.report.foreign.reading import ForeignLog
from mailauth.report.foreign.records import Record
from mailauth.watch.cursor import CursorFile, SourceCursor
from mailauth.watch.file import FollowedFile
from mailauth.watch.reading import Reading
from mailauth.watch.source import Start
from mailauth.watch.watcher import Watcher
from tests.record.desk import ATTEMPTS, OPENED, Clock, Places, journal, opened

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
IP = "192.0.2.10"


def stamp(second: int) -> str:
    """A stamp of syslog's, so many seconds after eleven."""
    return (NOW - timedelta(hours=1) + timedelta(seconds=second)).strftime("%b %d %H:%M:%S")


def dovecot(name: str, second: int = 0, *, tls: bool = True) -> str:
    """A login to Dovecot."""
    return (
        f"{stamp(second)} mx dovecot: imap-login: Login: user=<{name}>, method=PLAIN, "
        f"rip={IP}, lip=192.0.2.1, mpid=1{', TLS' if tls else ''}"
    )


def courier(event: str, name: str, second: int = 0, port: int = 4000) -> str:
    """A line of a Courier that tells of TLS at the end of a session only."""
    return f"{stamp(second)} mx imapd: {event}, user={name}, ip=[::ffff:{IP}], port=[{port}]"


class Watched:
    """A log directory, a home, and the watcher that is running, if one is."""

    def __init__(self, place: Path) -> None:
        self.log = place / "mail.log"
        self.logs = place / "home" / "logs"
        self.cursor = CursorFile(place / "watch.json")
        self.seconds = Clock(1_000.0)
        self.recognised: list[Format] = []
        self.recorder: FileRecorder
        self.watcher: Watcher
        self._recorders: list[FileRecorder] = []

    def append(self, *lines: str, path: Path | None = None) -> None:
        """Let the server write lines."""
        with (path or self.log).open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))

    def start(
        self,
        start: Start = Start.END,
        *,
        paths: Sequence[Path] = (),
        since: datetime | None = None,
        both: bool = False,
    ) -> None:
        """Start a watcher on the log."""
        self.recorder = opened(self.logs, NOW.timestamp)
        cursor = self.cursor.load()
        known = cursor.sources if cursor is not None else {}
        readings = [
            Reading(
                FollowedFile(
                    path,
                    start,
                    known.get(str(path)),
                    cursor.saved if cursor is not None else 0.0,
                    self.seconds,
                ),
                None,
                known.get(str(path), SourceCursor(seq=self.recorder.newest, since=since)),
                self.recognised.append,
            )
            for path in paths or (self.log,)
        ]
        self.watcher = Watcher(
            readings,
            self.recorder,
            JournalHistory(self.logs / ATTEMPTS),
            seconds=self.seconds,
            now=NOW.timestamp,
            save=self.cursor.save,
            both=both,
        )
        self.watcher.keep()

    def look(self, after: float = 0.25) -> list[LoginEvent]:
        """Let time pass, and let the watcher read what is there; return what is recorded."""
        self.seconds.seconds += after
        while self.watcher.look():
            pass
        return journal(self.logs)

    def kill(self) -> None:
        """End the watcher as `kill -9` does: nothing is kept that is not kept yet."""
        OPENED.remove(self.recorder)
        self.recorder.close()


def users(events: Sequence[LoginEvent]) -> list[str | None]:
    """Who logged in."""
    return [event.user for event in events]


def read_once(lines: Sequence[str]) -> list[Record]:
    """Read a log in one pass, as a report does."""
    log = ForeignLog(zone=UTC, modified=NOW, origin=Places().origin, formats=followed(FORMATS))
    records = log.read("\n".join(lines)) if lines else []
    return [*records, *log.finish()]


Act = Callable[[], object]
