"""The commands, by name, and the states in which each is valid (RFC 9051 §6)."""

import msgspec

from mailauth.imap import any_state, login
from mailauth.imap.command import Handler
from mailauth.imap.session import State

ANY = (State.NOT_AUTHENTICATED, State.AUTHENTICATED, State.SELECTED)


class Entry(msgspec.Struct, frozen=True):
    """A command: what carries it out, and when it may."""

    handler: Handler
    states: tuple[State, ...]


COMMANDS: dict[bytes, Entry] = {
    b"CAPABILITY": Entry(any_state.capability, ANY),
    b"NOOP": Entry(any_state.noop, ANY),
    b"LOGOUT": Entry(any_state.logout, ANY),
    b"ID": Entry(any_state.client_id, ANY),
    # The session itself refuses a second login, having looked whether it exposed a password.
    b"STARTTLS": Entry(login.starttls, ANY),
    b"AUTHENTICATE": Entry(login.authenticate, ANY),
    b"LOGIN": Entry(login.login, ANY),
}
