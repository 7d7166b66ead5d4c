"""Finds the changes that other programs made to a folder, as records for the journal."""

import math
import os
import time
from collections.abc import Mapping
from time import monotonic

import msgspec

from mailauth.mailbox.maildir.files import flags_of, from_disk, split
from mailauth.mailbox.maildir.journal import Added, Flagged, Record, Removed
from mailauth.mailbox.maildir.marks import without_copies
from mailauth.mailbox.message import SYSTEM_FLAGS, Message

# A change later than that may be followed by another one with the same timestamp.
GRANULARITY = 50_000_000  # nanoseconds

# Seconds after changes by mailauth until the folder is listed to find simultaneous ones.
TRUST = 60.0
LITTLE_TRUST = 1.0  # after changes that took long, or to `new`, where other programs deliver

Listing = dict[str, str]
"""The places of files in a folder, such as `cur/KEY:2,S`, by key."""


class ScanResult(msgspec.Struct, frozen=True):
    """The places of files, and the changes they imply."""

    places: Listing
    records: list[Record]


class DirectoryScan:
    """The last state of a folder, so that it is listed only when it may have changed."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._due = math.inf
        self.forget()

    def forget(self) -> None:
        """Force a listing next time."""
        self._new = self._cur = 0  # their last known times of change

    def is_current(self) -> bool:
        """Return whether the folder is unchanged; raises `FileNotFoundError`."""
        return (
            monotonic() < self._due
            and modified(f"{self.folder}/new") == self._new
            and modified(f"{self.folder}/cur") == self._cur
        )

    def touched(self, cur: int, new: int = 0) -> None:
        """Note that a mailauth process has changed the folder and recorded that; see `Touched`.

        A simultaneous change by another program will be noticed a little later.
        """
        self._cur = cur
        self._new = new or self._new
        trust = LITTLE_TRUST if new else TRUST
        self._due = min(self._due, monotonic() + trust)

    def update(self, known: Mapping[str, Message | None], uid_next: int, modseq: int) -> ScanResult:
        """Compare the folder with what is known; new messages get UIDs from `uid_next` on."""
        new, cur = (_if_certain(modified(f"{self.folder}/{part}")) for part in ("new", "cur"))
        seen = _differences(self.folder, known, uid_next, modseq)
        self._new, self._cur = new, cur
        self._due = math.inf
        return seen


def modified(directory: str) -> int:
    """Return when a directory was changed last, in nanoseconds."""
    return os.stat(directory).st_mtime_ns


def listed(folder: str) -> Listing:
    """List the files of a folder; `new` first, since files are moved from there to `cur`.

    Names that are not UTF-8 are ignored.
    """
    places = {}
    for directory in ("new", "cur"):
        for name in os.listdir(f"{folder}/{directory}"):
            if not name.startswith(".") and _is_text(name):
                places[split(name)[0]] = f"{directory}/{name}"
    return places


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _differences(
    folder: str, known: Mapping[str, Message | None], uid_next: int, modseq: int
) -> ScanResult:
    places = listed(folder)
    if not known.keys() <= places.keys():  # renamed while the directory was read?
        places = listed(folder) | {
            key: place for key, place in places.items() if os.path.exists(f"{folder}/{place}")
        }
    removed = sorted(
        message.uid for key, message in known.items() if message is not None and key not in places
    )
    records: list[Record] = [Removed(removed)] if removed else []
    modseq += len(records)
    records += _flagged(places, known, modseq)
    unknown = without_copies(folder, [key for key in places if key not in known])
    records += _added(folder, unknown, places, uid_next, modseq)
    return ScanResult(places, records)


def _if_certain(at: int) -> int:
    return at if time.time_ns() - at > GRANULARITY else 0


def _flagged(places: Listing, known: Mapping[str, Message | None], modseq: int) -> list[Flagged]:
    """Return the messages whose letters differ from their system flags."""
    flagged = []
    for key, message in known.items():
        place = places.get(key)
        if message is None or place is None:
            continue
        flags = message.flags.difference(SYSTEM_FLAGS) | flags_of(split(place)[1])
        if flags != message.flags:
            flagged.append(Flagged(message.uid, modseq, sorted(flags)))
    return flagged


def _added(folder: str, keys: list[str], places: Listing, uid: int, modseq: int) -> list[Added]:
    """Return the unknown messages in order of arrival, according to their names."""
    added = []
    for key in sorted(keys, key=_arrival):
        try:
            with open(f"{folder}/{places[key]}", "rb") as file:
                octets = file.read()
                date = int(os.fstat(file.fileno()).st_mtime)
        except OSError:  # removed already, a directory, or not readable
            del places[key]
            continue
        flags = sorted(flags_of(split(places[key])[1]))
        added.append(Added(uid, modseq, key, len(from_disk(octets)), date, 0, flags))
        uid += 1
    return added


def _arrival(key: str) -> tuple[int, str]:
    """Return the seconds at the beginning of a key, and the key."""
    seconds = key.partition(".")[0]
    return (int(seconds) if seconds.isascii() and seconds.isdecimal() else 0, key)
