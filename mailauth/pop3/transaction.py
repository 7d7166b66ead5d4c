"""Commands of the TRANSACTION state (RFC 1939 §5 and §7)."""

from mailauth.mailbox.errors import MailboxError
from mailauth.mailbox.message import Message
from mailauth.mime.downgraded import surrogate
from mailauth.pop3 import multiline
from mailauth.pop3.replies import BadCommand, ok, refused
from mailauth.pop3.session import Pop3Session
from mailauth.wire.effects import Effect, Stream
from mailauth.wire.work import Work

NUMBER_DIGITS = 10  # of a message-number or a number of lines


def stat(session: Pop3Session, argument: bytes) -> list[Effect]:
    """STAT: the number of messages and their total size."""
    _no_argument(argument)
    return [ok(f"{session.maildrop.count} {session.maildrop.octets}")]


def list_(session: Pop3Session, argument: bytes) -> list[Effect]:
    """LIST: the stored size of one message, or of each.

    RETR may send another number of octets when it downgrades a message to ASCII (RFC 6856 §2.1).
    Computing that size would require reading every message.
    """
    drop = session.maildrop
    if argument:
        number = _number(argument)
        return [ok(f"{number} {drop.message(number).size}")]
    listing = (f"{number} {message.size}" for number, message in drop.listing())
    return [ok(f"{drop.count} messages ({drop.octets} octets)"), multiline.listed(listing)]


def uidl(session: Pop3Session, argument: bytes) -> list[Effect]:
    """UIDL: the unique-id of one message, or of each."""
    drop = session.maildrop
    if argument:
        number = _number(argument)
        return [ok(f"{number} {drop.unique_id(drop.message(number))}")]
    listing = (f"{number} {drop.unique_id(message)}" for number, message in drop.listing())
    return [ok("Unique-ids follow"), multiline.listed(listing)]


def retr(session: Pop3Session, argument: bytes) -> list[Effect]:
    """RETR: a whole message."""
    content = _content(session.maildrop.message(_number(argument)))
    return [Stream(_sent(session, content, None))]


def top(session: Pop3Session, argument: bytes) -> list[Effect]:
    """TOP: the header of a message, and the first lines of its body."""
    number, _, lines = argument.partition(b" ")
    message = session.maildrop.message(_number(number))
    count = _number(lines)
    return [Stream(_sent(session, _content(message), count))]


def dele(session: Pop3Session, argument: bytes) -> list[Effect]:
    """DELE: mark a message as deleted."""
    number = _number(argument)
    session.maildrop.delete(number)
    return [ok(f"Message {number} deleted")]


def rset(session: Pop3Session, argument: bytes) -> list[Effect]:
    """RSET: unmark all messages."""
    _no_argument(argument)
    drop = session.maildrop
    drop.reset()
    return [ok(f"{drop.count} messages ({drop.octets} octets)")]


def noop(session: Pop3Session, argument: bytes) -> list[Effect]:
    """NOOP: do nothing."""
    _no_argument(argument)
    return [ok("Nothing done")]


def _content(message: Message) -> bytes:
    try:
        return message.content.read()
    except MailboxError as error:
        raise refused(error) from None


def _sent(session: Pop3Session, content: bytes, lines: int | None) -> Work[None]:
    """Yield a message, or its header and the given number of lines, for this client."""
    if not session.utf8:
        content = yield from surrogate(content)
    if lines is None:
        end = len(content)
        yield ok(f"{end} octets").data
    else:
        end = multiline.top(content, lines)
        yield ok("Top of message follows").data
    yield from multiline.message(content, end)


def _number(argument: bytes) -> int:
    if not argument.isdigit() or len(argument) > NUMBER_DIGITS:
        raise BadCommand("A number is missing or malformed")
    return int(argument)


def _no_argument(argument: bytes) -> None:
    if argument:
        raise BadCommand("This command takes no argument")
