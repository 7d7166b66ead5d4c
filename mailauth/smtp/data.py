"""DATA (RFC 5321 §4.1.1.4) and BDAT (RFC 3030 §2): the message itself."""

import re

from mailauth.smtp.content import (
    DISCARDED_OCTETS,
    Collected,
    DotStuffed,
    Smuggling,
    TooMuch,
    has_bare_endings,
)
from mailauth.smtp.delivery import deliver
from mailauth.smtp.limits import PATIENCE_SECONDS
from mailauth.smtp.replies import SmtpError, bad_sequence, bad_syntax, reply
from mailauth.smtp.session import SmtpSession, Transaction
from mailauth.wire.effects import Close, Deadline, Effect

_CHUNK = re.compile(rb"([0-9]{1,20})( LAST)?", re.IGNORECASE)


def data(session: SmtpSession, argument: bytes) -> list[Effect]:
    """DATA: the message follows, up to a line with only a dot."""
    if argument:
        raise bad_syntax("DATA takes no argument")
    transaction = _begun(session)
    if transaction.collected is not None:
        raise bad_sequence("The message was begun with BDAT and must be continued with it")
    transaction.collected = Collected(session.message_size)
    session.continuation = DataContent(session, transaction.collected)
    return [reply(354, None, "Start mail input; end with <CRLF>.<CRLF>")]


class DataContent:
    """A DATA command that is receiving its content."""

    __slots__ = ("_content", "_session")

    def __init__(self, session: SmtpSession, collected: Collected) -> None:
        self._session = session
        self._content = DotStuffed(collected)

    def step(self) -> list[Effect] | None:
        """Take what has arrived of the message."""
        session = self._session
        arrived = session.input.take(len(session.input))
        if not arrived:
            return None
        try:
            rest = self._content.feed(arrived)
        except Smuggling:
            return [
                reply(554, "5.6.0", "A message must end with CRLF.CRLF, not with a bare LF"),
                Close(),
            ]
        except TooMuch:
            return [_too_big().reply, Close()]
        if rest is None:
            return [Deadline(PATIENCE_SECONDS)]
        session.input.feed(rest)
        session.continuation = None
        return _complete(session)


def bdat(session: SmtpSession, argument: bytes) -> list[Effect]:
    """BDAT: a chunk of the given size follows; its octets are read even when it is refused."""
    match = _CHUNK.fullmatch(argument)
    limit = session.message_size
    if match is None or int(match[1]) > limit + DISCARDED_OCTETS:
        error = bad_syntax("BDAT requires a size") if match is None else _too_big()
        return [error.reply, Close()]  # what follows cannot be told from commands
    chunk = Chunk(session, size=int(match[1]), is_last=match[2] is not None)
    session.continuation = chunk
    return chunk.step() or []


class Chunk:
    """A BDAT command that is receiving its octets; a refused chunk is discarded as it arrives."""

    __slots__ = ("_collected", "_is_last", "_missing", "_refusal", "_session", "_size")

    def __init__(self, session: SmtpSession, *, size: int, is_last: bool) -> None:
        self._session = session
        self._size = self._missing = size
        self._is_last = is_last
        self._collected: Collected | None = None
        self._refusal: SmtpError | None = None
        try:
            self._collected = self._admitted()
        except SmtpError as error:
            self._refusal = error

    def step(self) -> list[Effect] | None:
        """Take what has arrived of the chunk."""
        session = self._session
        arrived = session.input.take(self._missing)
        if self._missing and not arrived:
            return None
        self._missing -= len(arrived)
        if self._collected is not None:
            self._collected.add(arrived)
        if self._missing:
            return [Deadline(PATIENCE_SECONDS)]
        session.continuation = None
        if self._refusal is not None:
            raise self._refusal
        if self._is_last:
            return _complete(session)
        if self._collected is not None and self._collected.refused:
            session.transaction = None
            raise _too_much_at_once()
        return [reply(250, "2.0.0", f"{self._size} octets received")]

    def _admitted(self) -> Collected:
        """Return where the chunk goes; raises `SmtpError` when it must be refused."""
        session = self._session
        transaction = _begun(session)
        if transaction.collected is None:
            transaction.collected = Collected(session.message_size)
        if self._size > transaction.collected.room:
            session.transaction = None
            raise _too_big()
        return transaction.collected


def _begun(session: SmtpSession) -> Transaction:
    """Return the transaction, which must have a recipient; raises `SmtpError`."""
    if session.transaction is None:
        raise bad_sequence("Send MAIL and RCPT first")
    if not session.transaction.recipients:
        raise SmtpError(554, "5.5.1", "No valid recipients")
    return session.transaction


def _complete(session: SmtpSession) -> list[Effect]:
    transaction, session.transaction = session.transaction, None
    assert transaction is not None
    assert transaction.collected is not None
    if transaction.collected.refused:
        raise _too_much_at_once()
    if transaction.collected.room < 0:
        raise _too_big()
    content = transaction.collected.octets()
    if has_bare_endings(content):
        raise SmtpError(
            554, "5.6.0", "The message contains a bare CR or LF; lines must end with CRLF"
        )
    deliver(session, transaction, content)
    return [reply(250, "2.0.0", "Delivered")]


def _too_much_at_once() -> SmtpError:
    return SmtpError(452, "4.3.1", "The server is receiving too much mail; try again later")


def _too_big() -> SmtpError:
    return SmtpError(552, "5.3.4", "The message is too big")
