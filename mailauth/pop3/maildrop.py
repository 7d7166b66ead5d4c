"""The maildrop: locked before a login is recorded, numbered once, changed by QUIT (RFC 1939)."""

from collections.abc import Iterator

from mailauth.login.accounts import Account
from mailauth.login.admission import Unavailable
from mailauth.login.outcome import Answer
from mailauth.mailbox.errors import MailboxError, MaildropLocked
from mailauth.mailbox.message import Message
from mailauth.mailbox.names import INBOX
from mailauth.mailbox.store import Mailbox, MaildropLock, MailStore
from mailauth.pop3.replies import Pop3Error


class Maildrop:
    """The INBOX of whoever logs in on one connection; the `Admission` of its login session.

    What is in it stays as it was at login, whatever other sessions do, but for messages that they
    remove: those can no longer be read.
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
            raise Unavailable(Answer.UNAVAILABLE, "the client did not wait")
        try:
            mail = self._store.account(account.name)
            self._lock = mail.lock_maildrop()
            self._inbox = mail.mailbox(INBOX)
            self._messages = self._inbox.messages()
        except MaildropLocked:
            raise Unavailable(Answer.MAILDROP_LOCKED, "maildrop locked") from None
        except MailboxError as error:
            self.release()
            raise Unavailable(Answer.UNAVAILABLE, str(error)) from None
        self.reset()

    def release(self) -> None:
        """Give back the lock, if we have it."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def close(self) -> None:
        """The connection is over: nobody is admitted any more."""
        self._is_over = True
        self.release()

    # What the commands ask.

    @property
    def count(self) -> int:
        """How many messages are not marked as deleted."""
        return len(self._messages) - len(self._deleted)

    @property
    def octets(self) -> int:
        """Their size."""
        return self._octets

    def listing(self) -> Iterator[tuple[int, Message]]:
        """The numbers of the messages not marked as deleted, and the messages."""
        for number, message in enumerate(self._messages, 1):
            if number not in self._deleted:
                yield number, message

    def message(self, number: int) -> Message:
        """Find a message by its number; raises `Pop3Error` when there is none any more."""
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
        """Mark a message as deleted; raises `Pop3Error` when there is none."""
        self._octets -= self.message(number).size
        self._deleted.add(number)

    def reset(self) -> None:
        """Take back every mark."""
        self._deleted.clear()
        self._octets = sum(message.size for message in self._messages)

    def update(self) -> None:
        """Remove what is marked as deleted, and unlock; raises `MailboxError` (RFC 1939 §6)."""
        try:
            if self._inbox is not None and self._deleted:
                self._inbox.expunge(self._messages[number - 1].uid for number in self._deleted)
        finally:
            self.release()
