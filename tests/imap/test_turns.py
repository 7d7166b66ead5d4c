"""Answers that take reading are made in turns, so that other connections are heard meanwhile."""

import pytest

from mailauth.imap.parsed import MESSAGE_OCTETS, TURN_OCTETS
from mailauth.mailbox.memory import MemoryAccount
from mailauth.mailbox.message import NewMessage
from mailauth.wire.effects import Stream
from tests.imap.conftest import NOON, Connect

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
