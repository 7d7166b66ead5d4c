"""Commands that change many messages: some at a time, so that other connections have their turn.

Only for commands that may succeed in part, message by message: STORE, and MOVE (RFC 6851 §3.3).
"""

from collections.abc import Callable, Iterator

from mailauth.imap.command import Command
from mailauth.imap.errors import StatusError, refusal
from mailauth.imap.responses import status
from mailauth.mailbox.errors import MailboxError
from mailauth.wire.effects import Effect, Stream, Write

SLICE_MESSAGES = 1_000

Act = Callable[[list[int]], bytes]  # does it to messages of these numbers, returns what to say


def in_slices(
    command: Command, numbers: list[int], act: Act, end: Callable[[], bytes]
) -> list[Effect]:
    """Do it to all messages; `end` then says the rest. What is refused on the way ends it."""
    if len(numbers) <= SLICE_MESSAGES:
        return [Write(act(numbers) + end())]
    return [Stream(_slices(command, numbers, act, end))]


def _slices(
    command: Command, numbers: list[int], act: Act, end: Callable[[], bytes]
) -> Iterator[bytes]:
    try:
        for start in range(0, len(numbers), SLICE_MESSAGES):
            said = act(numbers[start : start + SLICE_MESSAGES])
            if said:
                yield said
            yield b""
        said = end()
    except StatusError as error:
        said = status(command.tag, error.condition, error.text, error.code)
    except MailboxError as error:
        refused = refusal(error)
        said = status(command.tag, refused.condition, refused.text, refused.code)
    yield said
