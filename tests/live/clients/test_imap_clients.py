"""IMAP clients that people use, by every way in."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.support.clients import alpine, neomutt, s_nail, scripts
from tests.live.support.letters import TO_MARY, Letter
from tests.live.support.onlooker import Onlooker
from tests.live.support.watching import Watched
from tests.live.support.ways import BOB, IMAP, MARY, SUBMISSION, Access, Way

SUBJECTS = ("Read me", "File me", "Flag me", "Delete me")

CLIENTS: dict[str, Callable[[Access], str]] = {
    "neomutt": neomutt.work,
    "alpine": alpine.work,
    "s-nail": s_nail.work,
    "Mail::IMAPClient": scripts.mail_imapclient,
    "Net::IMAP": scripts.net_imap,
}
CALLS_ITSELF = {"alpine": "alpine", "Mail::IMAPClient": "Mail::IMAPClient"}
APPENDS_A_LINE = ("s-nail",)


def letter(subject: str) -> str:
    return str(Letter(MARY, BOB, subject, f"This says: {subject.lower()}.\n"))


@pytest.mark.parametrize("way", IMAP, ids=str)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_works_on_its_mail(
    bob: Onlooker, demo: Watched, tmp_path: Path, client: str, way: Way
) -> None:
    """It lists and reads, files, flags and deletes, in one login that is one line."""
    for subject in SUBJECTS:
        bob.deliver(letter(subject))
    shown = CLIENTS[client](demo.access(way, tmp_path, bob.name))
    assert [subject for subject in SUBJECTS if subject not in shown] == []
    assert "This says: read me." in shown
    name, version = demo.client_of(demo.the_login(way, bob.name))
    assert name == CALLS_ITSELF.get(client)
    assert (version is None) is (name is None)
    inbox = {message.subject: message.flags for message in bob.messages()}
    assert inbox == {"Read me": {r"\Seen"}, "Flag me": {r"\Flagged"}}
    (filed,) = bob.messages("Archive")
    assert filed.content == letter("File me") + ("\n" if client in APPENDS_A_LINE else "")


@pytest.mark.parametrize(("reading", "sending"), [*zip(IMAP, SUBMISSION, strict=True)], ids=str)
def test_neomutt_keeps_a_copy_of_what_it_sends(
    bob: Onlooker, mary: Onlooker, demo: Watched, tmp_path: Path, reading: Way, sending: Way
) -> None:
    """Two logins, two lines; the copy in Sent is the mail that mary gets."""
    access = demo.access(reading, tmp_path, BOB)
    neomutt.write(access, demo.access(sending, tmp_path, BOB), TO_MARY)
    demo.the_logins(BOB, reading, sending)
    (copy,) = bob.messages("Sent")
    (arrived,) = mary.messages()
    assert copy.subject == arrived.subject == TO_MARY.subject
    assert copy.body == arrived.body == TO_MARY.body
    assert copy.flags == {r"\Seen"}
