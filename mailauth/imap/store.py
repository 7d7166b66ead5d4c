"""STORE: change flags (RFC 9051 §6.4.6, RFC 7162 §3.1.3, RFC 2180 §4.2)."""

import msgspec

from mailauth.imap import condstore, sequence
from mailauth.imap.command import Command
from mailauth.imap.grammar import Parser
from mailauth.imap.sequence import SequenceSet
from mailauth.imap.session import ImapSession
from mailauth.imap.updates import changed, completed, new_keywords
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
    conditional = asked.unchanged_since is not None
    said = [condstore.enable(session)] if conditional else []
    stored = selection.view.store(
        numbers, asked.change, unchanged_since=asked.unchanged_since, silent=asked.silent
    )
    said.append(new_keywords(selection))
    if not asked.silent or session.condstore:  # MODSEQ is never kept silent
        said += [
            changed(session, one.number, one.message, uid=uid, with_flags=not asked.silent)
            for one in stored.messages
        ]
    code = None
    if stored.modified:
        spared = stored.modified
        if uid:
            spared = [selection.view.uid(number) for number in spared]
        code = f"MODIFIED {sequence.written(spared)}"
    elif stored.gone:
        code = "EXPUNGEISSUED"
    return completed(session, command, b"".join(said), code=code, expunge=uid)


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
    """flag *(SP flag), which STORE takes without parentheses, too."""
    flags = [parser.flag()]
    while not parser.at_end():
        parser.sp()
        flags.append(parser.flag())
    return flags
