"""The maildrop: locked before a login is recorded, numbered once, changed by QUIT (RFC 1939)."""

from collections.abc import Iterator

from mailauth.login.accounts import Account
from mailauth.login.admission import Unavailable
from mailauth.login.decision import Decision
from mailauth.mailbox.errors import MailboxError, MaildropLocked
from mailauth.mailbox.message import Message
from mailauth.mailbox.names import INBOX
from mailauth.mailbox.store import Mailbox, MaildropLock, MailStore
from mailauth.pop3.replies import Pop3Error


class Maildrop:
    """The INBOX of the account logged in, and the `Admission` of its login session.

    Its messages and their numbers stay as they were at login. A message that another session has
    removed can no longer be read.
    """

    __slots__ = ("_deleted", "_inbox", "_is_over", "_lock", "_messages", "_octets", "_store")

    def __init__(self, store: MailStore) -> None:
        self._store = store
        self._lock: MaildropLock | None = None
        self._inbox: Mailbox | None = None
        self._messages: list[Message] = []
        self._deleted: set[int] = set()  # by number
        self._octets = 0
        self._is_over = False

    # Admission

    def admit(self, account: Account) -> None:
        """Lock the account's maildrop, and number its messages."""
        if self._is_over:
            raise Unavailable(Decision.NOT_ADMITTED, "the client did not wait")
        try:
            mail = self._store.account(account.name)
            self._lock = mail.lock_maildrop()
            self._inbox = mail.mailbox(INBOX)
            self._messages = self._inbox.messages()
        except MaildropLocked:
            raise Unavailable(Decision.MAILDROP_LOCKED) from None
        except MailboxError:
            self.release()
            raise Unavailable(Decision.STORE_UNAVAILABLE) from None
        self.reset()

    def release(self) -> None:
        """Release the lock, if it is held."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def close(self) -> None:
        """The connection has ended: release the lock, and admit nobody from now on."""
        self._is_over = True
        self.release()

    # Used by the commands.

    @property
    def count(self) -> int:
        """How many messages are not marked as deleted."""
        return len(self._messages) - len(self._deleted)

    @property
    def octets(self) -> int:
        """The total size of those messages."""
        return self._octets

    def listing(self) -> Iterator[tuple[int, Message]]:
        """Yield the number and message of each message that is not marked as deleted."""
        for number, message in enumerate(self._messages, 1):
            if number not in self._deleted:
                yield number, message

    def message(self, number: int) -> Message:
        """Return a message by number; raises `Pop3Error` when it does not exist or is deleted."""
        if not 1 <= number <= len(self._messages):
            raise Pop3Error(f"No such message, only {len(self._messages)} in the maildrop")
        if number in self._deleted:
            raise Pop3Error(f"Message {number} is deleted")
        return self._messages[number - 1]

    def unique_id(self, message: Message) -> str:
        """The unique-id, which lasts as long as the message (RFC 1939 §7)."""
        assert self._inbox is not None, "nobody has been admitted"
        return f"{self._inbox.uid_validity}.{message.uid}"

    def delete(self, number: int) -> None:
        """Mark a message as deleted; raises `Pop3Error` when it does not exist."""
        self._octets -= self.message(number).size
        self._deleted.add(number)

    def reset(self) -> None:
        """Unmark all messages."""
        self._deleted.clear()
        self._octets = sum(message.size for message in self._messages)

    def update(self) -> None:
        """Remove the marked messages and release the lock; raises `MailboxError` (RFC 1939 §6)."""
        try:
            if self._inbox is not None and self._deleted:
                self._inbox.expunge(self._messages[number - 1].uid for number in self._deleted)
        finally:
            self.release()
