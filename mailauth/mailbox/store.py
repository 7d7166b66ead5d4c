"""The interface of a mail store, as the protocols use it.

Every operation is synchronous and atomic: it is complete when the call returns, or raises a
`MailboxError` and changes nothing. Sequence numbers belong to the `View` of a session, not to the
store.
"""

import enum
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from mailauth.mailbox.intake import Intake
from mailauth.mailbox.message import FlagChange, Message, NewMessage

Listener = Callable[[], None]


class SpecialUse(enum.Enum):
    """The special use of a mailbox (RFC 6154), by its attribute."""

    DRAFTS = "\\Drafts"
    SENT = "\\Sent"
    TRASH = "\\Trash"
    JUNK = "\\Junk"
    ARCHIVE = "\\Archive"


class Limits(msgspec.Struct, frozen=True):
    """The limits of a store; sizes are in octets."""

    message_size: int = 32 * 1024 * 1024
    account_messages: int = 100_000
    account_size: int = 256 * 1024 * 1024
    total_size: int = 1024 * 1024 * 1024
    arriving: int = 128 * 1024 * 1024  # of partly received messages, on all connections
    mailboxes: int = 1_000  # of one account; likewise its subscriptions
    keywords: int = 256  # of one mailbox
    vanished: int = 10_000  # removed UIDs that a mailbox remembers


class Quota(msgspec.Struct, frozen=True):
    """The usage and limits of an account, in octets rather than the units of RFC 9208."""

    size: int
    size_limit: int
    messages: int
    messages_limit: int


class ListEntry(msgspec.Struct, frozen=True):
    r"""A name for LIST; without `exists`, it only has inferiors (`\NonExistent`)."""

    name: str
    exists: bool
    has_children: bool
    special_use: SpecialUse | None


class Counts(msgspec.Struct, frozen=True):
    """The numbers of STATUS."""

    messages: int
    unseen: int
    deleted: int
    recent: int
    size: int


class Stored(msgspec.Struct, frozen=True):
    """The result of STORE.

    `messages` are those that now have the flags, `modified` the UIDs excluded by UNCHANGEDSINCE;
    removed UIDs are in neither. `before` has the previous MODSEQs, by UID, of changed messages.
    """

    messages: list[Message]
    modified: list[int]
    before: dict[int, int]


class Copied(msgspec.Struct, frozen=True):
    """COPYUID (RFC 4315): the target, and ascending pairs of the UIDs of messages and copies."""

    uid_validity: int
    uids: list[tuple[int, int]]


class Copying(Protocol):
    """A COPY that is prepared in steps; the copies become visible all at once.

    Prepared copies count against the quota.
    """

    def add(self, uids: Iterable[int]) -> None:
        """Prepare copies of more messages; removed messages are left out.

        Raises `NoSuchMailbox` when either mailbox was deleted, `OverQuota`, `LimitReached`.
        """

    def commit(self) -> Copied:
        """Make all copies visible at once; raises like `add`, and then copies nothing."""

    def close(self) -> None:
        """Release what the preparation holds; without a `commit`, nothing is copied."""


class Mailbox(Protocol):
    """One mailbox. All sessions of a process share the object, even after a RENAME."""

    @property
    def name(self) -> str: ...
    @property
    def removed(self) -> bool:
        """Whether it was deleted; all operations fail then."""

    @property
    def uid_validity(self) -> int: ...
    @property
    def uid_next(self) -> int: ...
    @property
    def highest_modseq(self) -> int: ...
    @property
    def keywords(self) -> Collection[str]:
        """Every keyword in use, for FLAGS."""

    @property
    def takes_keywords(self) -> bool:
        r"""Whether there is room for another keyword: `\*` in PERMANENTFLAGS."""

    def counts(self) -> Counts:
        """Return the counts, in constant time."""

    def uids(self, first: int = 1) -> Sequence[int]:
        """Return a snapshot of the UIDs from `first` on, ascending."""

    def get(self, uid: int) -> Message | None:
        """Return the current state of a message, or `None` when it was removed."""

    def messages(self) -> list[Message]:
        """Return a snapshot of all messages, in order of UID."""

    def deleted(self) -> list[int]:
        r"""Return the UIDs with `\Deleted`, ascending."""

    def changed_since(self, modseq: int) -> list[Message]:
        """Return the messages added or changed after `modseq`, in time proportional to them."""

    def vanished_since(self, modseq: int) -> list[int] | None:
        """Return the UIDs removed after `modseq`; `None` when some of them are forgotten."""

    def append(self, messages: Sequence[NewMessage]) -> list[int]:
        """Add all and return their UIDs; raises `OverQuota`, `MessageTooBig`, `LimitReached`."""

    def store(
        self, uids: Iterable[int], change: FlagChange, unchanged_since: int | None = None
    ) -> Stored:
        """Change flags; an unchanged message keeps its MODSEQ. Raises `LimitReached`."""

    def expunge(self, uids: Iterable[int], *, deleted: bool = False) -> list[int]:
        r"""Remove messages, or only those with `\Deleted`; return their UIDs, ascending."""

    def copy(self, uids: Iterable[int], target: str) -> Copied:
        """Copy to the mailbox of that name; raises `NoSuchMailbox`, `OverQuota`, `LimitReached`."""

    def copying(self, target: str) -> Copying:
        """Begin a copy of many messages, which must be closed; raises `NoSuchMailbox`."""

    def move(self, uids: Iterable[int], target: str) -> Copied:
        """Copy and remove in one operation; raises like `copy`."""

    def claim_recent(self, below: int) -> int:
        r"""Return the first UID that is `\Recent` for the caller; claim all UIDs below `below`."""

    def poll(self) -> None:
        """Look for changes by other processes, and tell the listeners."""

    def watch(self, listener: Listener) -> None:
        """Call `listener` after every change, including its owner's; it must not raise."""

    def unwatch(self, listener: Listener) -> None:
        """Stop calling `listener`."""


class MaildropLock(Protocol):
    """The right to be the account's one POP3 session (RFC 1939 §4)."""

    def release(self) -> None:
        """Release the lock."""


class AccountMail(Protocol):
    """The mailboxes of one account. INBOX may be given in any letter case."""

    def entries(self) -> list[ListEntry]:
        """Return all names, sorted, with INBOX first."""

    def mailbox(self, name: str) -> Mailbox:
        """Find a mailbox; raises `NoSuchMailbox`."""

    def create(self, name: str) -> Mailbox:
        """Create a mailbox and its missing superiors.

        Raises `MailboxExists`, `MailboxNotAllowed`, `LimitReached`.
        """

    def delete(self, name: str) -> None:
        """Delete a mailbox and its messages, but not its inferiors.

        Raises `NoSuchMailbox`, `MailboxNotAllowed`.
        """

    def rename(self, name: str, to: str) -> None:
        """Rename a mailbox and its inferiors; INBOX only loses its messages (RFC 3501 §6.3.5).

        Raises `NoSuchMailbox`, `MailboxExists`, `MailboxNotAllowed`, `LimitReached`.
        """

    def subscribe(self, name: str) -> None:
        """Subscribe to a name, which need not exist; raises `MailboxNotAllowed`, `LimitReached`."""

    def unsubscribe(self, name: str) -> None:
        """Remove a subscription, if there is one."""

    def subscriptions(self) -> Collection[str]:
        """Return the subscribed names, initially those of the mailboxes provided."""

    def quota(self) -> Quota:
        """Return the usage and the limits."""

    def check_room(self, size: int) -> None:
        """Raises `OverQuota` or `MessageTooBig` unless a message of that size fits."""

    def deliver(self, content: bytes, at: datetime) -> None:
        """Deliver a message to INBOX; raises `OverQuota`, `MessageTooBig`."""

    def lock_maildrop(self) -> MaildropLock:
        """Lock the maildrop for a POP3 session; raises `MaildropLocked`."""


class MailStore(Protocol):
    """The mail of all accounts."""

    @property
    def limits(self) -> Limits: ...
    @property
    def intake(self) -> Intake:
        """The bound on partly received messages."""

    def account(self, name: str) -> AccountMail:
        """Return the mail of an account, by canonical name; it is created on first use."""

    def poll(self) -> None:
        """Look for changes by other processes to watched mailboxes.

        Raises `StoreUnavailable` if some cannot be read, after looking at the others.
        """
