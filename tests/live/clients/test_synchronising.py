"""Clients that keep a Maildir and the server alike, by every way in."""

import mailbox
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.live.support.clients import mbsync, offlineimap
from tests.live.support.letters import Letter
from tests.live.support.onlooker import Onlooker
from tests.live.support.watching import Watched
from tests.live.support.ways import BOB, IMAP, MARY, Access, Way


class Client(msgspec.Struct, frozen=True):
    """How to have both sides made alike, and where the local one is."""

    sync: Callable[[Access], None]
    folder: Callable[[Access, str], mailbox.Maildir]


CLIENTS = {
    "mbsync": Client(mbsync.sync, mbsync.folder),
    "offlineimap": Client(offlineimap.sync, offlineimap.folder),
}
SUBJECTS = ("Flag me there", "Flag me here", "Delete me there", "Delete me here")


def letter(subject: str) -> str:
    return str(Letter(MARY, BOB, subject, f"{subject}.\n"))


def flags(folder: mailbox.Maildir) -> dict[str, str]:
    """Return the flags of messages, by their subjects."""
    return {message["Subject"]: message.get_flags() for message in folder}


def changed(folder: mailbox.Maildir, subject: str, flags: str) -> None:
    """Give a message these flags and no others."""
    for key, message in folder.iteritems():
        if message["Subject"] == subject:
            message.set_subdir("cur")
            message.set_flags(flags)
            folder[key] = message


def removed(folder: mailbox.Maildir, subject: str) -> None:
    for key, message in list(folder.iteritems()):
        if message["Subject"] == subject:
            folder.discard(key)


@pytest.mark.parametrize("way", IMAP, ids=str)
@pytest.mark.parametrize("client", CLIENTS)
def test_both_sides_become_alike(
    bob: Onlooker, demo: Watched, tmp_path: Path, client: str, way: Way
) -> None:
    """New messages, flags, deletions and folders pass both ways; each run is one login."""
    access = demo.access(way, tmp_path, BOB)
    program = CLIENTS[client]
    for subject in SUBJECTS:
        bob.deliver(letter(subject))
    program.sync(access)
    here = program.folder(access, "INBOX")
    assert {message["Subject"]: message.get_payload() for message in here} == {
        subject: f"{subject}.\n" for subject in SUBJECTS
    }

    here.add(letter("Made here"))
    program.folder(access, "Trips").add(letter("Filed here"))
    changed(here, "Flag me here", "FS")
    removed(here, "Delete me here")
    bob.deliver(letter("Made there"), r"\Answered")
    bob.store(1, "+FLAGS", r"(\Flagged)")
    bob.store(3, "+FLAGS", r"(\Deleted)")
    program.sync(access)
    there = {message.subject: message.flags for message in bob.messages()}
    assert there == {
        "Flag me there": {r"\Flagged"},
        "Flag me here": {r"\Flagged", r"\Seen"},
        "Made there": {r"\Answered"},
        "Made here": set(),
    }
    (filed,) = bob.messages("Trips")
    assert (filed.subject, filed.body) == ("Filed here", "Filed here.\n")
    assert flags(program.folder(access, "INBOX")) == {
        "Flag me there": "F",
        "Flag me here": "FS",
        "Made there": "R",
        "Made here": "",
    }

    program.sync(access)
    assert len(bob.messages()) == len(program.folder(access, "INBOX")) == 4
    logins = demo.the_logins(BOB, way, way, way)
    names_itself = client == "offlineimap" and not way.starttls  # it does so before STARTTLS
    name = "OfflineIMAP" if names_itself else None
    assert {demo.client_of(login)[0] for login in logins} == {name}
