"""A cache of the user's: tables for the next report on the same files, with records only.

Files are the same if their device, inode, size, change time, and first and last octets are. The
cache directory is private to the user; if it cannot be used, nothing is cached, which is not an
error. It has at most `MAX_OCTETS`; the least recently used tables are removed first.
"""

import contextlib
import hashlib
import os
import secrets
import stat
import time
from pathlib import Path

import duckdb
import msgspec

from mailauth.report.sources import Source, Sources
from mailauth.report.tables import Tables, version

MAX_OCTETS = 1024**3
WORTH_KEEPING = 4 * 1024 * 1024  # octets of files; smaller ones are read as quickly
ABANDONED_SECONDS = 86_400.0  # after which an unfinished file counts as left by a killed command
_END_OCTETS = 4096
_SUFFIX = ".duckdb"
_UNFINISHED = ".new"


class Place(msgspec.Struct, frozen=True):
    """The file of new tables to be cached."""

    path: Path
    kept: Path

    def keep(self) -> None:
        """Add the closed tables to the cache."""
        with contextlib.suppress(OSError):
            self.path.chmod(0o600)
            self.path.rename(self.kept)
            _make_room(self.kept.parent)

    def discard(self) -> None:
        """Remove tables that are not to be cached."""
        for path in (self.path, self.path.with_name(f"{self.path.name}.wal")):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


class Keeper:
    """The cached tables in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def kept(self, sources: Sources) -> Tables | None:
        """Return the cached tables of these files, if the files have not changed."""
        path = self._path(sources)
        if path is None or not path.exists():
            return None
        try:
            tables = Tables(path, read_only=True)
            os.utime(path)
        except (duckdb.Error, OSError):
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        return tables

    def new(self, sources: Sources) -> Place | None:
        """Return a place for new tables of these files, if they are worth caching."""
        path = self._path(sources)
        if path is None:
            return None
        new = path.with_name(f"{path.stem}.{secrets.token_hex(4)}{_UNFINISHED}")
        return Place(new, path)

    def _path(self, sources: Sources) -> Path | None:
        try:
            files = [(source, source.path.stat()) for source in sources]
            if sum(status.st_size for _, status in files) < WORTH_KEEPING:
                return None
            if any(str(source) != str(source.path) for source in sources):
                return None  # a pipe cannot be read again
            key = hashlib.sha256(f"{version()} {os.environ.get('TZ')} {time.tzname}".encode())
            for source, status in files:
                key.update(_state(source, status))
            _make_private(self._directory)
        except OSError:
            return None
        return self._directory / f"{key.hexdigest()}{_SUFFIX}"


def cache_directory() -> Path:
    """Return the user's cache directory (XDG Base Directory Specification)."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "mailauth"


def _state(source: Source, status: os.stat_result) -> bytes:
    with source.path.open("rb") as file:
        head = file.read(_END_OCTETS)
        file.seek(max(0, status.st_size - _END_OCTETS))
        tail = file.read(_END_OCTETS)
    return msgspec.json.encode(
        (
            source.content.value,
            source.log_format,
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            hashlib.sha256(head + tail).hexdigest(),
        )
    )


def _make_private(directory: Path) -> None:
    """Create the directory, or check that nobody else can write to it. Raises `OSError`."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise PermissionError(f"{directory} is not ours")
    if status.st_mode & 0o077:
        directory.chmod(0o700)
    if not os.access(directory, os.W_OK):
        raise PermissionError(f"{directory} cannot be written to")


def _make_room(directory: Path) -> None:
    """Remove what killed commands left, and the least recently used tables."""
    total = 0
    files = [(path, path.stat()) for path in directory.iterdir() if path.is_file()]
    for path, status in sorted(files, key=lambda file: file[1].st_mtime, reverse=True):
        is_abandoned = not path.name.endswith(_SUFFIX) and (
            time.time() - status.st_mtime > ABANDONED_SECONDS
        )
        total += status.st_size
        if is_abandoned or total > MAX_OCTETS:
            path.unlink(missing_ok=True)
