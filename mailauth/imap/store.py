"""STORE: change flags (RFC 9051 §6.4.6, RFC 7162 §3.1.3, RFC 2180 §4.2)."""

from collections.abc import Iterator

import msgspec

from mailauth.imap import condstore, sequence
from mailauth.imap.command import Command
from mailauth.imap.errors import StatusError
from mailauth.imap.grammar import Parser
from mailauth.imap.sequence import SequenceSet
from mailauth.imap.session import ImapSession
from mailauth.imap.slices import in_slices
from mailauth.imap.updates import changed, new_keywords, updates
from mailauth.mailbox.message import FlagChange, Operation
from mailauth.wire.effects import Effect


class Stores(msgspec.Struct, frozen=True):
    """The arguments of STORE."""

    messages: SequenceSet
    change: FlagChange
    silent: bool
    unchanged_since: int | None


_SIGNS = {b"+": Operation.ADD, b"-": Operation.REMOVE}


def store(session: ImapSession, command: Command) -> list[Effect]:
    """STORE"""
    return _store(session, command, uid=False)


def uid_store(session: ImapSession, command: Command) -> list[Effect]:
    """UID STORE"""
    return _store(session, command, uid=True)


def _store(session: ImapSession, command: Command, *, uid: bool) -> list[Effect]:
    asked = _store_arguments(command.arguments)
    selection = session.selected
    numbers = selection.numbers(asked.messages, uid=uid)
    selection.check_writable()
    storing = _Storing(session, command, asked, uid=uid)
    return in_slices(command, numbers, storing.store, storing.end)


class _Storing:
    """The progress of one STORE."""

    def __init__(self, session: ImapSession, command: Command, asked: Stores, *, uid: bool) -> None:
        self._session = session
        self._command = command
        self._asked = asked
        self._uid = uid
        self._modified: list[int] = []  # the numbers of messages excluded by UNCHANGEDSINCE
        self._gone = False

    def store(self, numbers: list[int]) -> bytes:
        """Change the flags of these messages; return the responses."""
        session, asked = self._session, self._asked
        selection = session.selected
        said = [condstore.enable(session)] if asked.unchanged_since is not None else []
        stored = selection.view.store(
            numbers, asked.change, unchanged_since=asked.unchanged_since, silent=asked.silent
        )
        self._modified += stored.modified
        self._gone = self._gone or stored.gone
        said.append(new_keywords(selection))
        if not asked.silent or session.condstore:  # MODSEQ is reported even if silent
            said += [
                changed(
                    session, one.number, one.message, uid=self._uid, with_flags=not asked.silent
                )
                for one in stored.messages
            ]
        return b"".join(said)

    def end(self, refused: StatusError | None) -> Iterator[bytes]:
        """Yield the changes of other sessions and the tagged OK, or the refusal."""
        if refused is not None:
            yield self._command.refused(refused)
            return
        code = None
        if self._modified:
            spared = self._modified
            if self._uid:
                spared = [self._session.selected.view.uid(number) for number in spared]
            code = f"MODIFIED {sequence.written(spared)}"
        elif self._gone:
            code = "EXPUNGEISSUED"
        yield updates(self._session, expunge=self._uid) + self._command.ok(code=code)


def _store_arguments(parser: Parser) -> Stores:
    parser.sp()
    messages = parser.sequence_set()
    parser.sp()
    unchanged_since = None
    if parser.peek(b"("):
        parser.expect(b"(UNCHANGEDSINCE ")
        unchanged_since = parser.number64()
        parser.expect(b") ")
    operation = next(
        (operation for sign, operation in _SIGNS.items() if parser.accept(sign)),
        Operation.REPLACE,
    )
    parser.expect(b"FLAGS")
    silent = parser.accept(b".SILENT")
    parser.sp()
    flags = parser.flag_list() if parser.peek(b"(") else _flags(parser)
    parser.end()
    return Stores(messages, FlagChange(operation, frozenset(flags)), silent, unchanged_since)


def _flags(parser: Parser) -> list[str]:
    """flag *(SP flag): STORE also accepts flags without parentheses."""
    flags = [parser.flag()]
    while not parser.at_end():
        parser.sp()
        flags.append(parser.flag())
    return flags
