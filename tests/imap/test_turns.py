"""Answers that take reading are made in turns, so that other connections are heard meanwhile."""

from collections.abc import Generator, Iterator

import pytest

from mailauth.imap.parsed import MESSAGE_OCTETS, TURN_OCTETS
from mailauth.imap.slices import SLICE_MESSAGES
from mailauth.mailbox.errors import OverQuota
from mailauth.mailbox.memory import MemoryAccount
from mailauth.mailbox.message import DELETED, FLAGGED, SEEN, FlagChange, NewMessage, Operation
from mailauth.mailbox.store import Limits
from mailauth.wire.effects import Stream
from tests.imap.conftest import Connect
from tests.support.mail import NOON, mail_of

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


@pytest.mark.parametrize(
    "command",
    [b"FETCH 1 BODYSTRUCTURE", b"FETCH 1 BODY[1.MIME]", b"FETCH 1 BINARY[2]", b"SEARCH BODY z"],
)
def test_one_message_of_many_parts(log_in: Connect, mail: MemoryAccount, command: bytes) -> None:
    """It is taken apart in turns, all of which but the last say nothing."""
    parts = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 10_000
    mail.create("Box").append([NewMessage(parts, NOON)])
    mary = log_in()
    mary.send(b"a SELECT Box\r\n")
    [chunks] = [
        effect.chunks
        for effect in mary.core.receive(b"b %b\r\n" % command)
        if isinstance(effect, Stream)
    ]
    said = list(chunks)
    assert said[:8] == [b""] * 8
    assert said[-1].endswith(b"completed\r\n")


def test_the_same_header_searched_again_and_again(log_in: Connect, mail: MemoryAccount) -> None:
    """Each time in a turn of its own, since a header may be long and what is found short."""
    mail.create("Box").append([NewMessage(b"X: y\r\n" * 100_000 + b"\r\n", NOON)])
    mary = log_in()
    mary.send(b"a SELECT Box\r\n")
    items = b" ".join(b"BODY.PEEK[HEADER.FIELDS (A%d)]" % number for number in range(100))
    [stream] = mary.core.receive(b"b FETCH 1 (%b)\r\n" % items)[1:]
    assert isinstance(stream, Stream)
    assert sum(not chunk for chunk in stream.chunks) >= 100


MANY = 3 * SLICE_MESSAGES + 1


def slices(
    log_in: Connect, mail: MemoryAccount, command: bytes, *, deleted: bool = False
) -> Generator[bytes]:
    """The chunks of an answer about many messages; nothing is done before they are asked for."""
    box = mail.create("Box")
    box.append([mail_of("x")] * MANY)
    if deleted:
        box.store(list(box.uids()), FlagChange(Operation.REPLACE, frozenset({DELETED})))
    mary = log_in()
    mary.send(b"a SELECT Box\r\n")
    [chunks] = [
        effect.chunks
        for effect in mary.core.receive(b"b %b\r\n" % command)
        if isinstance(effect, Stream)
    ]
    assert isinstance(chunks, Generator)
    return chunks


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


FIRST = f"1:{SLICE_MESSAGES}"
EXPUNGED = b"".join(b"* %d EXPUNGE\r\n" % number for number in range(SLICE_MESSAGES, 0, -1))


def test_move_whose_target_another_deletes(log_in: Connect, mail: MemoryAccount) -> None:
    """RFC 6851 §3.3, §4.3: the client hears what was moved; the rest stays where it is."""
    target = mail.create("Target")
    chunks = slices(log_in, mail, b"MOVE 1:* Target")
    next(chunks)
    mail.delete("Target")
    moved = f"* OK [COPYUID {target.uid_validity} {FIRST} {FIRST}] Moved\r\n".encode()
    refused = b"b NO [TRYCREATE] The mailbox does not exist\r\n"
    assert b"".join(chunks) == moved + EXPUNGED + refused
    assert mail.mailbox("Box").counts().messages == MANY - SLICE_MESSAGES


@pytest.mark.parametrize("limits", [Limits(keywords=1)])
def test_move_that_the_target_does_not_take_to_its_end(
    log_in: Connect, mail: MemoryAccount
) -> None:
    """A keyword too many comes late: what was moved before is told, the tagged answer is NO."""
    target = mail.create("Target")
    chunks = slices(log_in, mail, b"MOVE 1:* Target")
    next(chunks)
    target.append([mail_of("x", "mine")])
    mail.mailbox("Box").store([MANY], FlagChange(Operation.ADD, frozenset({"yours"})))
    told = b"".join(chunks)
    first, then = SLICE_MESSAGES, MANY - 1 - SLICE_MESSAGES
    assert target.counts().messages == first + 1 + then
    code = (
        f"COPYUID {target.uid_validity} 1:{first + then} 1:{first},{first + 2}:{first + then + 1}"
    )
    assert told.startswith(f"* OK [{code}] Moved\r\n".encode())
    assert told.count(b" EXPUNGE\r\n") == first + then == MANY - 1
    assert told.endswith(b"b NO [LIMIT] A mailbox may have at most 1 keywords\r\n")
    assert mail.mailbox("Box").counts().messages == 1


def test_move_of_what_another_expunges_between_turns(log_in: Connect, mail: MemoryAccount) -> None:
    """What is gone is in neither mailbox: COPYUID does not name it, and EXPUNGE does."""
    target = mail.create("Target")
    chunks = slices(log_in, mail, b"MOVE 1:* Target")
    next(chunks)
    mail.mailbox("Box").expunge([1, MANY])
    told = b"".join(chunks)
    moved = f"1:{MANY - 1}"
    code = f"COPYUID {target.uid_validity} {moved} {moved}"
    assert told.startswith(f"* OK [{code}] Moved\r\n".encode())
    assert told.count(b" EXPUNGE\r\n") == MANY
    assert told.endswith(b"b OK MOVE completed\r\n")


@pytest.mark.parametrize("turns", range(5))
def test_store_whose_client_goes_away(log_in: Connect, mail: MemoryAccount, turns: int) -> None:
    """Each message is changed or not."""
    chunks = slices(log_in, mail, b"STORE 1:* +FLAGS.SILENT (\\Flagged)")
    assert all(next(chunks) == b"" for _ in range(turns))
    chunks.close()
    messages = mail.mailbox("Box").messages()
    changed = [message.uid for message in messages if FLAGGED in message.flags]
    assert changed == list(range(1, min(turns * SLICE_MESSAGES, MANY) + 1))


@pytest.mark.parametrize("turns", range(5))
def test_move_whose_client_goes_away(log_in: Connect, mail: MemoryAccount, turns: int) -> None:
    """Each message is in one mailbox (RFC 6851 §3.3)."""
    target = mail.create("Target")
    chunks = slices(log_in, mail, b"MOVE 1:* Target")
    assert all(next(chunks) == b"" for _ in range(turns))
    chunks.close()
    moved = min(turns * SLICE_MESSAGES, MANY)
    assert list(target.uids()) == list(range(1, moved + 1))
    assert list(mail.mailbox("Box").uids()) == list(range(moved + 1, MANY + 1))
    assert mail.quota().messages == 1 + MANY


TURNS = 4  # that it takes to prepare a COPY of so many


def prepare(chunks: Iterator[bytes]) -> None:
    """Let a COPY get all of it ready; it is to end in the next turn."""
    assert all(next(chunks) == b"" for _ in range(TURNS))


@pytest.mark.parametrize("command", [b"COPY 1:* Target", b"UID COPY 1:* Target"])
def test_copy_of_many(log_in: Connect, mail: MemoryAccount, command: bytes) -> None:
    """RFC 9051 §6.4.7: all are there at once, in a turn that does nothing else."""
    target = mail.create("Target")
    seen: list[int] = []
    target.watch(lambda: seen.append(target.counts().messages))
    chunks = slices(log_in, mail, command)
    used = mail.quota()
    prepare(chunks)
    assert target.uid_next == 1
    assert mail.quota().messages == used.messages + MANY
    assert next(chunks) == b""
    assert seen == [MANY]
    every = f"1:{MANY}"
    told = (
        f"b OK [COPYUID {target.uid_validity} {every} {every}] {command[:-11].decode()} completed"
    )
    assert list(chunks) == [told.encode() + b"\r\n"]
    assert mail.quota().messages == used.messages + MANY
    assert mail.quota().size == used.size + target.counts().size


@pytest.mark.parametrize("turns", range(5))
def test_copy_whose_client_goes_away(log_in: Connect, mail: MemoryAccount, turns: int) -> None:
    """Nobody sees anything of it."""
    target = mail.create("Target")
    chunks = slices(log_in, mail, b"COPY 1:* Target")
    assert all(next(chunks) == b"" for _ in range(turns))
    chunks.close()
    assert (target.counts().messages, target.uid_next, target.highest_modseq) == (0, 1, 1)
    assert mail.quota().messages == 1 + MANY


def test_copy_whose_target_another_deletes(log_in: Connect, mail: MemoryAccount) -> None:
    """RFC 9051 §6.4.7; another mailbox that has got the name meanwhile is another."""
    mail.create("Target")
    chunks = slices(log_in, mail, b"COPY 1:* Target")
    prepare(chunks)
    mail.delete("Target")
    mail.create("Target")
    assert b"".join(chunks) == b"b NO [TRYCREATE] The mailbox has been deleted\r\n"
    assert mail.mailbox("Target").counts().messages == 0


def test_copy_out_of_a_mailbox_that_another_deletes(log_in: Connect, mail: MemoryAccount) -> None:
    """It is not the target that the client would have to create."""
    mail.create("Target")
    chunks = slices(log_in, mail, b"COPY 1:* Target")
    next(chunks)
    mail.delete("Box")
    assert b"".join(chunks) == b"b NO [NONEXISTENT] The mailbox has been deleted\r\n"


JUST_ENOUGH = Limits(account_messages=1 + 2 * MANY)


@pytest.mark.parametrize("limits", [JUST_ENOUGH])
def test_copy_has_the_room_for_what_it_has_ready(log_in: Connect, mail: MemoryAccount) -> None:
    """Nobody else gets it; when the client goes away, it is free again."""
    chunks = slices(log_in, mail, b"COPY 1:* Archive")
    prepare(chunks)
    with pytest.raises(OverQuota):
        mail.deliver(b"x", NOON)
    chunks.close()
    mail.deliver(b"x", NOON)
    assert mail.quota().messages == 2 + MANY


@pytest.mark.parametrize("limits", [JUST_ENOUGH])
@pytest.mark.parametrize("turns", range(TURNS))
def test_copy_that_no_longer_fits(log_in: Connect, mail: MemoryAccount, turns: int) -> None:
    """Room that another takes meanwhile is missing, and nothing is copied."""
    target = mail.create("Target")
    chunks = slices(log_in, mail, b"COPY 1:* Target")
    assert all(next(chunks) == b"" for _ in range(turns))
    target.append([mail_of("mine")])
    assert b"".join(chunks) == b"b NO [OVERQUOTA] An account may have at most %d messages\r\n" % (
        1 + 2 * MANY
    )
    assert list(target.uids()) == [1]


def test_copy_of_what_another_expunges_between_turns(log_in: Connect, mail: MemoryAccount) -> None:
    """What is gone when its turn comes is left out; what was ready before is copied."""
    target = mail.create("Target")
    chunks = slices(log_in, mail, b"COPY 1:* Target")
    next(chunks)
    mail.mailbox("Box").expunge([1, MANY])
    told = b"".join(chunks)
    copied = f"1:{MANY - 1}"
    assert f"b OK [COPYUID {target.uid_validity} {copied} {copied}] COPY".encode() in told
    assert told.count(b" EXPUNGE\r\n") == 2


@pytest.mark.parametrize("turns", range(5))
@pytest.mark.parametrize("command", [b"EXPUNGE", b"UID EXPUNGE 1:*", b"CLOSE"])
def test_expunge_whose_client_goes_away(
    log_in: Connect, mail: MemoryAccount, command: bytes, turns: int
) -> None:
    """Each message is there or not."""
    chunks = slices(log_in, mail, command, deleted=True)
    assert all(next(chunks) == b"" for _ in range(turns))
    chunks.close()
    removed = min(turns * SLICE_MESSAGES, MANY)
    assert list(mail.mailbox("Box").uids()) == list(range(removed + 1, MANY + 1))


def test_expunge_of_what_another_undeletes_between_turns(
    log_in: Connect, mail: MemoryAccount
) -> None:
    """It stays; what is gone is told at the end."""
    chunks = slices(log_in, mail, b"EXPUNGE", deleted=True)
    next(chunks)
    mail.mailbox("Box").store([MANY], FlagChange(Operation.REPLACE, frozenset()))
    told = b"".join(chunks)
    assert told.count(b" EXPUNGE\r\n") == MANY - 1
    assert told.endswith(b"b OK EXPUNGE completed\r\n")
    assert list(mail.mailbox("Box").uids()) == [MANY]


def test_close_says_nothing_of_what_it_removes(log_in: Connect, mail: MemoryAccount) -> None:
    """RFC 9051 §6.4.1."""
    assert b"".join(slices(log_in, mail, b"CLOSE", deleted=True)) == b"b OK CLOSE completed\r\n"
    assert list(mail.mailbox("Box").uids()) == []
