"""Commands on many messages, done in slices so that other connections get their turn.

STORE, EXPUNGE and MOVE may succeed for some messages only (RFC 6851 §3.3). COPY must be atomic, so
its last step is not sliced.
"""

from collections.abc import Callable, Iterator

from mailauth.imap.command import Command
from mailauth.imap.errors import StatusError, as_status
from mailauth.mailbox.errors import MailboxError
from mailauth.wire.effects import Effect, Stream, Write

SLICE_MESSAGES = 100  # few enough for Maildirs to be done in `changes.QUICK` on a busy machine

Act = Callable[[list[int]], bytes]  # acts on these messages, and returns the responses
End = Callable[
    [StatusError | None], Iterator[bytes]
]  # returns the final responses to success or a refusal


def in_slices(command: Command, messages: list[int], act: Act, end: End) -> list[Effect]:
    """Act on all messages, given by number or UID, until one is refused.

    Up to `SLICE_MESSAGES` are done at once.
    """
    if len(messages) <= SLICE_MESSAGES:
        return [Write(act(messages) + b"".join(end(None)))]
    return [Stream(in_turns(command, _slices(messages, act, end)))]


def slices(messages: list[int]) -> Iterator[list[int]]:
    """Yield the messages in slices."""
    for start in range(0, len(messages), SLICE_MESSAGES):
        yield messages[start : start + SLICE_MESSAGES]


def in_turns(command: Command, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the chunks of a command's responses; a refusal becomes the tagged response."""
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
