"""The table of commands, by name, with the states in which each is valid (RFC 9051 §6)."""

import msgspec

from mailauth.imap import (
    any_state,
    append,
    copy,
    enable,
    expunge,
    idle,
    listing,
    login,
    mailboxes,
    quota,
    select,
    status,
    store,
)
from mailauth.imap.command import Handler
from mailauth.imap.fetch import fetch
from mailauth.imap.search import searching
from mailauth.imap.session import State

SELECTED = (State.SELECTED,)
LOGGED_IN = (State.AUTHENTICATED, State.SELECTED)
ANY = (State.NOT_AUTHENTICATED, State.AUTHENTICATED, State.SELECTED)


class CommandEntry(msgspec.Struct, frozen=True):
    """A command: its handler, and the states in which it is valid."""

    handler: Handler
    states: tuple[State, ...]


COMMANDS: dict[bytes, CommandEntry] = {
    b"CAPABILITY": CommandEntry(any_state.capability, ANY),
    b"NOOP": CommandEntry(any_state.noop, ANY),
    b"LOGOUT": CommandEntry(any_state.logout, ANY),
    b"ID": CommandEntry(any_state.client_id, ANY),
    # The login session refuses a second login after checking whether it exposed a password.
    b"STARTTLS": CommandEntry(login.starttls, ANY),
    b"AUTHENTICATE": CommandEntry(login.authenticate, ANY),
    b"LOGIN": CommandEntry(login.login, ANY),
    b"ENABLE": CommandEntry(enable.enable, LOGGED_IN),
    b"SELECT": CommandEntry(select.select, LOGGED_IN),
    b"EXAMINE": CommandEntry(select.examine, LOGGED_IN),
    b"CREATE": CommandEntry(mailboxes.create, LOGGED_IN),
    b"DELETE": CommandEntry(mailboxes.delete, LOGGED_IN),
    b"RENAME": CommandEntry(mailboxes.rename, LOGGED_IN),
    b"SUBSCRIBE": CommandEntry(mailboxes.subscribe, LOGGED_IN),
    b"UNSUBSCRIBE": CommandEntry(mailboxes.unsubscribe, LOGGED_IN),
    b"LIST": CommandEntry(listing.list_, LOGGED_IN),
    b"LSUB": CommandEntry(listing.lsub, LOGGED_IN),
    b"NAMESPACE": CommandEntry(listing.namespace, LOGGED_IN),
    b"STATUS": CommandEntry(status.status, LOGGED_IN),
    b"APPEND": CommandEntry(append.append, LOGGED_IN),
    b"IDLE": CommandEntry(idle.idle, LOGGED_IN),
    b"GETQUOTA": CommandEntry(quota.getquota, LOGGED_IN),
    b"GETQUOTAROOT": CommandEntry(quota.getquotaroot, LOGGED_IN),
    b"CHECK": CommandEntry(any_state.noop, SELECTED),
    b"CLOSE": CommandEntry(expunge.close, SELECTED),
    b"UNSELECT": CommandEntry(select.unselect, SELECTED),
    b"EXPUNGE": CommandEntry(expunge.expunge, SELECTED),
    b"UID EXPUNGE": CommandEntry(expunge.uid_expunge, SELECTED),
    b"FETCH": CommandEntry(fetch.fetch, SELECTED),
    b"UID FETCH": CommandEntry(fetch.uid_fetch, SELECTED),
    b"SEARCH": CommandEntry(searching.search, SELECTED),
    b"UID SEARCH": CommandEntry(searching.uid_search, SELECTED),
    b"STORE": CommandEntry(store.store, SELECTED),
    b"UID STORE": CommandEntry(store.uid_store, SELECTED),
    b"COPY": CommandEntry(copy.copy, SELECTED),
    b"UID COPY": CommandEntry(copy.uid_copy, SELECTED),
    b"MOVE": CommandEntry(copy.move, SELECTED),
    b"UID MOVE": CommandEntry(copy.uid_move, SELECTED),
}
