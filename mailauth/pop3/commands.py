"""The table of commands, and the states in which they are allowed (RFC 1939 §9)."""

from collections.abc import Callable

import msgspec

from mailauth.pop3 import any_state, login, transaction
from mailauth.pop3.session import Pop3Session, State
from mailauth.wire.effects import Effect
from mailauth.wire.http import HTTP


class Command(msgspec.Struct, frozen=True):
    """A command: its function, which gets what follows keyword and space, and its states."""

    run: Callable[[Pop3Session, bytes], list[Effect]]
    states: frozenset[State]


_AUTHORIZATION = frozenset({State.AUTHORIZATION})
_TRANSACTION = frozenset({State.TRANSACTION})
_ANY = _AUTHORIZATION | _TRANSACTION

COMMANDS: dict[bytes, Command] = {
    b"USER": Command(login.user, _ANY),
    b"PASS": Command(login.pass_, _ANY),
    b"APOP": Command(login.apop, _ANY),
    b"AUTH": Command(login.auth, _ANY),
    b"STLS": Command(login.stls, _AUTHORIZATION),
    b"UTF8": Command(login.utf8, _AUTHORIZATION),
    b"STAT": Command(transaction.stat, _TRANSACTION),
    b"LIST": Command(transaction.list_, _TRANSACTION),
    b"UIDL": Command(transaction.uidl, _TRANSACTION),
    b"RETR": Command(transaction.retr, _TRANSACTION),
    b"TOP": Command(transaction.top, _TRANSACTION),
    b"DELE": Command(transaction.dele, _TRANSACTION),
    b"RSET": Command(transaction.rset, _TRANSACTION),
    b"NOOP": Command(transaction.noop, _TRANSACTION),
    b"CAPA": Command(any_state.capa, _ANY),
    b"QUIT": Command(any_state.quit_, _ANY),
    **dict.fromkeys(HTTP, Command(any_state.http, _ANY)),
}
