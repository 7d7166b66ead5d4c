"""Commands on many messages: some at a time, so that other connections have their turn.

STORE, EXPUNGE and MOVE may succeed in part, message by message (RFC 6851 §3.3); COPY may not, and
does its last step whole.
"""

from collections.abc import Callable, Iterator

from mailauth.imap.command import Command
from mailauth.imap.errors import StatusError, as_status
from mailauth.mailbox.errors import MailboxError
from mailauth.wire.effects import Effect, Stream, Write

SLICE_MESSAGES = 100  # few enough for Maildirs to be done in `changes.QUICK` on a busy machine

Act = Callable[[list[int]], bytes]  # does it to these messages, returns what to say
End = Callable[[StatusError | None], Iterator[bytes]]  # says the rest: all is done, or refused


def in_slices(command: Command, messages: list[int], act: Act, end: End) -> list[Effect]:
    """Do it to all messages, by number or UID; what is refused on the way ends it.

    Up to `SLICE_MESSAGES` are done at once, or refused at once.
    """
    if len(messages) <= SLICE_MESSAGES:
        return [Write(act(messages) + b"".join(end(None)))]
    return [Stream(in_turns(command, _slices(messages, act, end)))]


def slices(messages: list[int]) -> Iterator[list[int]]:
    """The messages, some at a time."""
    for start in range(0, len(messages), SLICE_MESSAGES):
        yield messages[start : start + SLICE_MESSAGES]


def in_turns(command: Command, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks of a command's answer; what is refused on the way is said in the end."""
    try:
        yield from chunks
    except (StatusError, MailboxError) as error:
        yield command.refused(as_status(error))


def _slices(messages: list[int], act: Act, end: End) -> Iterator[bytes]:
    refused = None
    try:
        for some in slices(messages):
            said = act(some)
            if said:
                yield said
            yield b""
    except (StatusError, MailboxError) as error:
        refused = as_status(error)
    yield from end(refused)
