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


class Entry(msgspec.Struct, frozen=True):
    """A command: its handler, and the states in which it is valid."""

    handler: Handler
    states: tuple[State, ...]


COMMANDS: dict[bytes, Entry] = {
    b"CAPABILITY": Entry(any_state.capability, ANY),
    b"NOOP": Entry(any_state.noop, ANY),
    b"LOGOUT": Entry(any_state.logout, ANY),
    b"ID": Entry(any_state.client_id, ANY),
    # The login session refuses a second login after checking whether it exposed a password.
    b"STARTTLS": Entry(login.starttls, ANY),
    b"AUTHENTICATE": Entry(login.authenticate, ANY),
    b"LOGIN": Entry(login.login, ANY),
    b"ENABLE": Entry(enable.enable, LOGGED_IN),
    b"SELECT": Entry(select.select, LOGGED_IN),
    b"EXAMINE": Entry(select.examine, LOGGED_IN),
    b"CREATE": Entry(mailboxes.create, LOGGED_IN),
    b"DELETE": Entry(mailboxes.delete, LOGGED_IN),
    b"RENAME": Entry(mailboxes.rename, LOGGED_IN),
    b"SUBSCRIBE": Entry(mailboxes.subscribe, LOGGED_IN),
    b"UNSUBSCRIBE": Entry(mailboxes.unsubscribe, LOGGED_IN),
    b"LIST": Entry(listing.list_, LOGGED_IN),
    b"LSUB": Entry(listing.lsub, LOGGED_IN),
    b"NAMESPACE": Entry(listing.namespace, LOGGED_IN),
    b"STATUS": Entry(status.status, LOGGED_IN),
    b"APPEND": Entry(append.append, LOGGED_IN),
    b"IDLE": Entry(idle.idle, LOGGED_IN),
    b"GETQUOTA": Entry(quota.getquota, LOGGED_IN),
    b"GETQUOTAROOT": Entry(quota.getquotaroot, LOGGED_IN),
    b"CHECK": Entry(any_state.noop, SELECTED),
    b"CLOSE": Entry(expunge.close, SELECTED),
    b"UNSELECT": Entry(select.unselect, SELECTED),
    b"EXPUNGE": Entry(expunge.expunge, SELECTED),
    b"UID EXPUNGE": Entry(expunge.uid_expunge, SELECTED),
    b"FETCH": Entry(fetch.fetch, SELECTED),
    b"UID FETCH": Entry(fetch.uid_fetch, SELECTED),
    b"SEARCH": Entry(searching.search, SELECTED),
    b"UID SEARCH": Entry(searching.uid_search, SELECTED),
    b"STORE": Entry(store.store, SELECTED),
    b"UID STORE": Entry(store.uid_store, SELECTED),
    b"COPY": Entry(copy.copy, SELECTED),
    b"UID COPY": Entry(copy.uid_copy, SELECTED),
    b"MOVE": Entry(copy.move, SELECTED),
    b"UID MOVE": Entry(copy.uid_move, SELECTED),
}
