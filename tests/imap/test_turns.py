"""Answers that take reading are made in turns, so that other connections are heard meanwhile."""

from collections.abc import Iterator

import pytest

from mailauth.imap.parsed import MESSAGE_OCTETS, TURN_OCTETS
from mailauth.imap.slices import SLICE_MESSAGES
from mailauth.mailbox.memory import MemoryAccount
from mailauth.mailbox.message import FLAGGED, SEEN, FlagChange, NewMessage, Operation
from mailauth.wire.effects import Stream
from tests.imap.conftest import NOON, Connect, mail_of

OCTETS = 10_000
A_TURN = TURN_OCTETS // (OCTETS + MESSAGE_OCTETS) + 1  # messages
MESSAGES = 10 * A_TURN


def turns(log_in: Connect, mail: MemoryAccount, command: bytes) -> list[bytes]:
    """What is said in each turn: an empty chunk ends one."""
    content = b"Subject: x\r\n\r\n".ljust(OCTETS - 2, b"x") + b"\r\n"
    mail.create("Box").append([NewMessage(content, NOON) for _ in range(MESSAGES)])
    mary = log_in()
    mary.send(b"a SELECT Box\r\n")
    said = [b""]
    for effect in mary.core.receive(b"b %b\r\n" % command):
        if isinstance(effect, Stream):
            for chunk in effect.chunks:
                said[-1] += chunk
                if not chunk:
                    said.append(b"")
    return [turn for turn in said if turn]


@pytest.mark.parametrize(
    "command",
    [b"FETCH 1:* BODY[9.9]", b"FETCH 1:* (UID ENVELOPE)", b"UID FETCH 1:* BINARY.SIZE[1]"],
)
def test_fetch_of_what_has_to_be_read(log_in: Connect, mail: MemoryAccount, command: bytes) -> None:
    """However little is said of each message."""
    said = turns(log_in, mail, command)
    assert all(turn.count(b"* ") <= A_TURN for turn in said)
    assert b"".join(said).count(b"FETCH (") == MESSAGES
    assert said[-1].startswith(b"* ") or said[-1].startswith(b"b OK")


def test_search_of_what_has_to_be_read(log_in: Connect, mail: MemoryAccount) -> None:
    """Nothing is said before the end, and that in one piece."""
    content = turns(log_in, mail, b"SEARCH TEXT x")
    assert len(content) == 1
    assert content[0].startswith(b"* SEARCH 1 2 3")


MANY = 3 * SLICE_MESSAGES + 1


def slices(log_in: Connect, mail: MemoryAccount, command: bytes) -> Iterator[bytes]:
    """The chunks of an answer about many messages; nothing is done before they are asked for."""
    mail.create("Box").append([mail_of("x")] * MANY)
    mary = log_in()
    mary.send(b"a SELECT Box\r\n")
    return next(
        effect.chunks
        for effect in mary.core.receive(b"b %b\r\n" % command)
        if isinstance(effect, Stream)
    )


@pytest.mark.parametrize(
    "command", [b"STORE 1:* +FLAGS (\\Flagged)", b"UID STORE 1:* FLAGS \\Flagged"]
)
def test_store_of_many(log_in: Connect, mail: MemoryAccount, command: bytes) -> None:
    """Others have their turn when some are changed; all are in the end, and each is told once."""
    said, flagged = [], []
    for chunk in slices(log_in, mail, command):
        said.append(chunk)
        if not chunk:
            flagged.append(sum(FLAGGED in one.flags for one in mail.mailbox("Box").messages()))
    assert flagged == [SLICE_MESSAGES, 2 * SLICE_MESSAGES, 3 * SLICE_MESSAGES, MANY]
    told = b"".join(said)
    assert told.count(b" FETCH (") == MANY
    assert told.endswith(b"b OK %b completed\r\n" % command.partition(b" 1")[0])


def test_store_spares_what_another_changed_between_turns(
    log_in: Connect, mail: MemoryAccount
) -> None:
    """RFC 7162 §3.1.3: UNCHANGEDSINCE is held against each message when its turn comes."""
    box_of = slices(log_in, mail, b"STORE 1:* (UNCHANGEDSINCE 2) +FLAGS.SILENT (\\Flagged)")
    while next(box_of):
        continue
    box = mail.mailbox("Box")
    box.store([MANY], FlagChange(Operation.ADD, frozenset({SEEN})))
    assert f"b OK [MODIFIED {MANY}]".encode() in b"".join(box_of)
    last = box.get(MANY)
    assert last is not None
    assert FLAGGED not in last.flags


def test_store_in_a_mailbox_that_another_deletes(log_in: Connect, mail: MemoryAccount) -> None:
    """What is done stays done, and the command fails."""
    chunks = slices(log_in, mail, b"STORE 1:* +FLAGS.SILENT (\\Flagged)")
    next(chunks)
    mail.delete("Box")
    assert b"".join(chunks).startswith(b"b NO [NONEXISTENT] ")


def test_move_of_many(log_in: Connect, mail: MemoryAccount) -> None:
    """RFC 6851 §3.3: each message is in one of the two at any time; COPYUID is told once, first."""
    mail.create("Target")
    said = []
    for chunk in slices(log_in, mail, b"MOVE 1:* Target"):
        said.append(chunk)
        there = [mail.mailbox(name).counts().messages for name in ("Box", "Target")]
        assert sum(there) == MANY
        if len(said) == 1:
            assert there == [MANY - SLICE_MESSAGES, SLICE_MESSAGES]
    told = b"".join(said)
    assert told.startswith(b"* OK [COPYUID ")
    assert told.count(b"COPYUID") == 1
    assert told.count(b" EXPUNGE\r\n") == MANY
    assert told.endswith(b"b OK MOVE completed\r\n")


def test_move_whose_target_another_deletes(log_in: Connect, mail: MemoryAccount) -> None:
    """The rest stays where it is, and the command fails."""
    mail.create("Target")
    chunks = slices(log_in, mail, b"MOVE 1:* Target")
    next(chunks)
    mail.delete("Target")
    assert b"".join(chunks).startswith(b"b NO [TRYCREATE] ")
    assert mail.mailbox("Box").counts().messages == MANY - SLICE_MESSAGES
