"""Where a server keeps mail: in memory, or in a directory of Maildirs."""

from collections.abc import Callable
from pathlib import Path

from mailauth.mailbox.errors import StoreUnavailable
from mailauth.mailbox.maildir import MaildirStore
from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import NewMessage
from mailauth.mailbox.store import MailStore
from mailauth.record.alarms import Alarms


def open_store(
    maildir: Path | None, uid_validity: Callable[[], int], welcome: Callable[[str], NewMessage]
) -> MailStore:
    """Open the store, in memory if there is no directory; otherwise create that if necessary.

    Raises `OSError` with a message for the operator.
    """
    if maildir is None:
        return MemoryStore(uid_validity, welcome)
    try:
        return MaildirStore(maildir, uid_validity, welcome)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OSError(f"cannot store mail in {maildir}: {reason}") from error


class MailWatch:
    """Looks for changes of mail by other processes and programs; call it regularly."""

    def __init__(self, store: MailStore) -> None:
        self._store = store
        self._alarms = Alarms()

    def __call__(self) -> None:
        """Look for changes, so that waiting clients are told."""
        what = "Some mail cannot be read"
        try:
            self._store.poll()
        except StoreUnavailable as error:
            self._alarms.raise_(what, error.__cause__ or error)
        else:
            self._alarms.clear(what)
