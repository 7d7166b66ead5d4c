"""What other programs did to the files of a folder, as the journal will tell it."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from mailauth.mailbox.maildir.files import flags_of, from_disk, split
from mailauth.mailbox.maildir.journal import Added, Flagged, Record, Removed
from mailauth.mailbox.message import SYSTEM_FLAGS, Message

SETTLED = 50_000_000  # nanoseconds; what changed later than that may change again at the same time

Listing = dict[str, str]
"""By key: a file's place in its folder, as in `cur/KEY:2,S`."""


class Seen(msgspec.Struct, frozen=True):
    """What there is, what that comes to, and when `new` and `cur` were changed (0: look again)."""

    places: Listing
    records: list[Record]
    new: int
    cur: int


def modified(directory: Path) -> int:
    """When a directory was changed last, in nanoseconds."""
    return directory.stat().st_mtime_ns


def listed(folder: Path) -> Listing:
    """The files of a folder. `new` comes first, for files are moved from there to `cur`.

    A name that is no UTF-8 is none that a Maildir has.
    """
    places = {}
    for directory in ("new", "cur"):
        for name in os.listdir(folder / directory):  # noqa: PTH208 - names are quicker than paths
            if not name.startswith(".") and _is_text(name):
                places[split(name)[0]] = f"{directory}/{name}"
    return places


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def differences(
    folder: Path, known: Mapping[str, Message | None], uid_next: int, modseq: int
) -> Seen:
    """Hold a folder against what is known of it; new messages get UIDs from `uid_next` on."""
    new, cur = (_settled(modified(folder / directory)) for directory in ("new", "cur"))
    places = listed(folder)
    if not known.keys() <= places.keys():  # renamed while the directory was read?
        places = listed(folder) | {
            key: place for key, place in places.items() if (folder / place).exists()
        }
    removed = sorted(
        message.uid for key, message in known.items() if message is not None and key not in places
    )
    records: list[Record] = [Removed(removed)] if removed else []
    modseq += len(records)
    records += _flagged(places, known, modseq)
    records += _added(folder, [key for key in places if key not in known], places, uid_next, modseq)
    return Seen(places, records, new, cur)


def _settled(at: int) -> int:
    return at if time.time_ns() - at > SETTLED else 0


def _flagged(places: Listing, known: Mapping[str, Message | None], modseq: int) -> list[Flagged]:
    """The messages whose letters do not tell their system flags."""
    flagged = []
    for key, message in known.items():
        place = places.get(key)
        if message is None or place is None:
            continue
        flags = message.flags.difference(SYSTEM_FLAGS) | flags_of(split(place)[1])
        if flags != message.flags:
            flagged.append(Flagged(message.uid, modseq, sorted(flags)))
    return flagged


def _added(folder: Path, keys: list[str], places: Listing, uid: int, modseq: int) -> list[Added]:
    """The messages that nobody knew of, in the order in which they came, by their names."""
    added = []
    for key in sorted(keys, key=_arrival):
        file = folder / places[key]
        try:
            octets = file.read_bytes()
            date = int(file.stat().st_mtime)
        except OSError:  # gone already, or none of our business: a directory, or not to be read
            del places[key]
            continue
        flags = sorted(flags_of(split(places[key])[1]))
        added.append(Added(uid, modseq, key, len(from_disk(octets)), date, 0, flags))
        uid += 1
    return added


def _arrival(key: str) -> tuple[int, str]:
    """The seconds that a key begins with, and the key."""
    seconds = key.partition(".")[0]
    return (int(seconds) if seconds.isascii() and seconds.isdecimal() else 0, key)
