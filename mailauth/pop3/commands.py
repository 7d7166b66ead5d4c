"""The table of commands, and the states in which they are allowed (RFC 1939 §9)."""

from collections.abc import Callable

import msgspec

from mailauth.pop3 import any_state, login, transaction
from mailauth.pop3.session import Pop3Session, State
from mailauth.wire.effects import Effect
from mailauth.wire.http import HTTP


class CommandEntry(msgspec.Struct, frozen=True):
    """A command: its function, which gets what follows keyword and space, and its states."""

    handler: Callable[[Pop3Session, bytes], list[Effect]]
    states: frozenset[State]


_AUTHORIZATION = frozenset({State.AUTHORIZATION})
_TRANSACTION = frozenset({State.TRANSACTION})
_ANY = _AUTHORIZATION | _TRANSACTION

COMMANDS: dict[bytes, CommandEntry] = {
    b"USER": CommandEntry(login.user, _ANY),
    b"PASS": CommandEntry(login.pass_, _ANY),
    b"APOP": CommandEntry(login.apop, _ANY),
    b"AUTH": CommandEntry(login.auth, _ANY),
    b"STLS": CommandEntry(login.stls, _AUTHORIZATION),
    b"UTF8": CommandEntry(login.utf8, _AUTHORIZATION),
    b"STAT": CommandEntry(transaction.stat, _TRANSACTION),
    b"LIST": CommandEntry(transaction.list_, _TRANSACTION),
    b"UIDL": CommandEntry(transaction.uidl, _TRANSACTION),
    b"RETR": CommandEntry(transaction.retr, _TRANSACTION),
    b"TOP": CommandEntry(transaction.top, _TRANSACTION),
    b"DELE": CommandEntry(transaction.dele, _TRANSACTION),
    b"RSET": CommandEntry(transaction.rset, _TRANSACTION),
    b"NOOP": CommandEntry(transaction.noop, _TRANSACTION),
    b"CAPA": CommandEntry(any_state.capa, _ANY),
    b"QUIT": CommandEntry(any_state.quit_, _ANY),
    **dict.fromkeys(HTTP, CommandEntry(any_state.http, _ANY)),
}
