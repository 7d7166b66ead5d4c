"""systemd's journal, followed by a `journalctl` process (journalctl(1), with JSON output).

When the process ends, it is restarted after a pause that grows with each failure.
"""

import os
import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
from twisted.logger import Logger

from mailauth.watch.cursor import SourceCursor
from mailauth.watch.source import LOOK_BACK_OCTETS, PIECE_OCTETS, Piece, Start, text_of

NAME = "journal"
PAUSES = (1.0, 60.0)  # seconds before the process is restarted: the first and the longest
LONGEST_ENTRY = 1024 * 1024  # octets; a longer line cannot be a login
LOOK_BACK_ENTRIES = 1_000
LOOK_BACK_SECONDS = 30.0
_FIELDS = "MESSAGE,SYSLOG_IDENTIFIER,SYSLOG_PID,_PID,_COMM,_HOSTNAME"
_COMMAND = ("journalctl", "--output=json", "--all", "--quiet", f"--output-fields={_FIELDS}")

log = Logger()


class _Entry(msgspec.Struct):
    cursor: str = msgspec.field(name="__CURSOR")


_entry = msgspec.json.Decoder(_Entry)


class NoJournal(OSError):
    """The journal cannot be read; the message is for the operator."""


class FollowedJournal:
    """The source of the journal. It continues at its `cursor`, or else at `start` or `since`.

    A piece begins after the entry in its beginning; `None` means at the first entry. `now` is a
    monotonic clock in seconds.
    """

    name = NAME

    def __init__(
        self,
        start: Start,
        cursor: SourceCursor | None,
        now: Callable[[], float],
        since: datetime | None = None,
    ) -> None:
        self._now = now
        self._since = since
        self._child: subprocess.Popen[bytes] | None = None
        self._rest, self._is_skipping = b"", False
        self._pause, self._again = PAUSES[0], 0.0
        self._last = cursor.entry if cursor is not None else None
        self._from_end = cursor is None and start is Start.END
        self.modified = datetime.now(UTC)

    def look_back(self) -> str:
        """Return some entries from before those that are read, and find where these begin."""
        if self._last is None and not self._from_end:
            return ""
        where = [] if self._last is None else [f"--cursor={self._last}"]
        command = [*_COMMAND, "--reverse", f"--lines={LOOK_BACK_ENTRIES}", *where]
        with _started(command) as child:
            try:
                found, said = child.communicate(timeout=LOOK_BACK_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                raise NoJournal("journalctl does not answer") from None
        if child.returncode:
            reason = said.decode("utf-8", "replace").strip() or f"status {child.returncode}"
            raise NoJournal(f"journalctl cannot read the journal: {reason}")
        lines = found.splitlines(keepends=True)
        if lines and self._last is None:
            self._last = _cursor_of(lines[0])
        octets = 0
        kept: list[bytes] = []
        for line in lines:
            octets += len(line)
            if octets > LOOK_BACK_OCTETS:
                break
            kept.append(line)
        return text_of(b"".join(reversed(kept)))

    def read(self) -> Piece[str | None] | None:
        """Return the next entries."""
        if self._child is None:
            if self._now() < self._again:
                return None
            self._child = self._begin()
        assert self._child.stdout is not None, "it is a pipe"
        while len(self._rest) < PIECE_OCTETS or b"\n" not in self._rest:
            if len(self._rest) > LONGEST_ENTRY:
                self._rest, self._is_skipping = b"", True
            block = _read_on(self._child.stdout.fileno())
            if block is None:
                break
            if not block:
                self._ended(self._child)
                break
            self._rest += block
            self._pause = PAUSES[0]
        return self._piece()

    @property
    def is_running(self) -> bool:
        """Whether the child runs."""
        return self._child is not None

    def cursor(self, undecided: Iterable[str | None]) -> SourceCursor:
        """Return where to continue: after the entry before the first undecided piece, else here."""
        return SourceCursor(entry=next(iter(undecided), self._last))

    def close(self) -> None:
        """End the process."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdout, child.stderr):
                if pipe is not None:
                    pipe.close()

    def _piece(self) -> Piece[str | None] | None:
        cut = self._rest.rfind(b"\n") + 1
        if not cut:
            return None
        lines, self._rest = self._rest[:cut], self._rest[cut:]
        if self._is_skipping:
            lines, self._is_skipping = lines.partition(b"\n")[2], False
            if not lines:
                return None
        piece = Piece(text_of(lines), self._last)
        self._last = _cursor_of(lines[lines.rfind(b"\n", 0, -1) + 1 :]) or self._last
        return piece

    def _begin(self) -> subprocess.Popen[bytes]:
        if self._last is not None:
            where = [f"--after-cursor={self._last}"]
        elif self._since is not None:
            where = [f"--since=@{self._since.timestamp():.0f}"]
        else:
            where = []
        self._rest, self._is_skipping = b"", False
        child = _started([*_COMMAND, "--follow", "--no-tail", *where])
        assert child.stdout is not None, "it is a pipe"
        os.set_blocking(child.stdout.fileno(), False)
        return child

    def _ended(self, child: subprocess.Popen[bytes]) -> None:
        """Schedule a restart of the process after the last whole line."""
        said = b""
        with suppress(subprocess.TimeoutExpired):
            said = child.communicate(timeout=1.0)[1]
        self.close()
        self._again = self._now() + self._pause
        log.warn(
            "journalctl ended (status {status}); it is started again in {seconds:.0f} s{said}",
            status=child.returncode,
            seconds=self._pause,
            said=f": {said.decode('utf-8', 'replace').strip()}" if said else "",
        )
        self._pause = min(2 * self._pause, PAUSES[1])


def _started(command: list[str]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603 (its own arguments only)
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except FileNotFoundError:
        raise NoJournal("journalctl is not installed, so the journal cannot be read") from None


def _read_on(descriptor: int) -> bytes | None:
    """Read the pipe: an empty result is its end, `None` means that there is nothing now."""
    try:
        return os.read(descriptor, PIECE_OCTETS)
    except BlockingIOError:
        return None


def _cursor_of(line: bytes) -> str | None:
    with suppress(msgspec.DecodeError):
        return _entry.decode(line).cursor
    return None
