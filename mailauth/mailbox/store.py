"""What the protocols ask of a mail store, and all they know about it.

Everything is synchronous, done when the call returns, and done whole or not at all. What is refused
raises a `MailboxError`. There are no sequence numbers here: a session's `View` keeps those.
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
    """What a mailbox is for (RFC 6154), by its attribute."""

    DRAFTS = "\\Drafts"
    SENT = "\\Sent"
    TRASH = "\\Trash"
    JUNK = "\\Junk"
    ARCHIVE = "\\Archive"


class Limits(msgspec.Struct, frozen=True):
    """The bounds of a store; sizes are in octets."""

    message_size: int = 32 * 1024 * 1024
    account_messages: int = 100_000
    account_size: int = 256 * 1024 * 1024
    total_size: int = 1024 * 1024 * 1024
    arriving: int = 128 * 1024 * 1024  # of messages that have come in part, on all connections
    mailboxes: int = 1_000  # of one account, and as many subscriptions
    keywords: int = 256  # of one mailbox
    vanished: int = 10_000  # how many removed UIDs a mailbox remembers


class Quota(msgspec.Struct, frozen=True):
    """What an account uses, and may use; in octets, not in the 1,024 octets of RFC 9208."""

    size: int
    size_limit: int
    messages: int
    messages_limit: int


class Entry(msgspec.Struct, frozen=True):
    r"""A name that LIST shows; without `exists` it only has inferiors (`\NonExistent`)."""

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
    """What STORE did: every message that now is as asked, and the UIDs that UNCHANGEDSINCE spared.

    UIDs that are gone are in neither. `before` has the MODSEQs, by UID, of messages that changed.
    """

    messages: list[Message]
    modified: list[int]
    before: dict[int, int]


class Copied(msgspec.Struct, frozen=True):
    """COPYUID (RFC 4315): the target, and pairs of a UID there was and its copy's, ascending."""

    uid_validity: int
    uids: list[tuple[int, int]]


class Copying(Protocol):
    """A COPY that is prepared some messages at a time: nobody sees a copy before all are there.

    What is prepared takes room from then on, so that no more can be on its way than may be kept.
    """

    def add(self, uids: Iterable[int]) -> None:
        """Prepare copies of these messages, behind those added before; what is gone is left out.

        Raises `NoSuchMailbox` when either mailbox has been deleted, `OverQuota`, `LimitReached`.
        """

    def commit(self) -> Copied:
        """Let all be there, and at once; raises like `add`, and then none is. Nothing follows."""

    def close(self) -> None:
        """Give back what the preparation holds: without a `commit` nothing has happened."""


class Mailbox(Protocol):
    """One mailbox, the same object for every session of this process, renamed or not."""

    @property
    def name(self) -> str: ...
    @property
    def removed(self) -> bool:
        """Another session has deleted it; nothing more can be done with it."""

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
        """Count, in constant time."""

    def uids(self, first: int = 1) -> Sequence[int]:
        """The UIDs from `first` on, ascending: a snapshot."""

    def get(self, uid: int) -> Message | None:
        """The message as it is now, or `None` when it is gone."""

    def messages(self) -> list[Message]:
        """All of them in order of UID: a snapshot."""

    def deleted(self) -> list[int]:
        r"""The UIDs with `\Deleted`, ascending."""

    def changed_since(self, modseq: int) -> list[Message]:
        """The messages that came or changed after `modseq`, at the cost of their number."""

    def vanished_since(self, modseq: int) -> list[int] | None:
        """The UIDs removed after `modseq`; `None` when that is longer ago than is remembered."""

    def append(self, messages: Sequence[NewMessage]) -> list[int]:
        """Add all and return their UIDs; raises `OverQuota`, `MessageTooBig`, `LimitReached`."""

    def store(
        self, uids: Iterable[int], change: FlagChange, unchanged_since: int | None = None
    ) -> Stored:
        """Change flags; where they are so already, MODSEQ stays. Raises `LimitReached`."""

    def expunge(self, uids: Iterable[int], *, deleted: bool = False) -> list[int]:
        r"""Remove messages, or those of them with `\Deleted`; return their UIDs, ascending."""

    def copy(self, uids: Iterable[int], target: str) -> Copied:
        """Copy to the mailbox of that name; raises `NoSuchMailbox`, `OverQuota`, `LimitReached`."""

    def copying(self, target: str) -> Copying:
        """Begin a copy of many; raises `NoSuchMailbox`. It must be closed."""

    def move(self, uids: Iterable[int], target: str) -> Copied:
        """Copy and remove in one; raises like `copy`."""

    def claim_recent(self, below: int) -> int:
        r"""The first UID that is `\Recent` for who asks; below `below`, none is for others."""

    def poll(self) -> None:
        """Look for what other processes did; listeners hear of it."""

    def watch(self, listener: Listener) -> None:
        """Call `listener` after every change by anyone, its owner too; it must not raise."""

    def unwatch(self, listener: Listener) -> None:
        """Stop calling `listener`."""


class MaildropLock(Protocol):
    """The right to be the account's one POP3 session (RFC 1939 §4)."""

    def release(self) -> None:
        """Give it back."""


class AccountMail(Protocol):
    """The mailboxes of one account. Every name is taken in any letter case of INBOX."""

    def entries(self) -> list[Entry]:
        """All names, by name, INBOX first."""

    def mailbox(self, name: str) -> Mailbox:
        """Find a mailbox; raises `NoSuchMailbox`."""

    def create(self, name: str) -> Mailbox:
        """Make a mailbox and its superiors.

        Raises `MailboxExists`, `MailboxNotAllowed`, `LimitReached`.
        """

    def delete(self, name: str) -> None:
        """Remove a mailbox and its messages, not its inferiors.

        Raises `NoSuchMailbox`, `MailboxNotAllowed`.
        """

    def rename(self, name: str, to: str) -> None:
        """Rename a mailbox with its inferiors; INBOX stays, and its messages go (RFC 3501 §6.3.5).

        Raises `NoSuchMailbox`, `MailboxExists`, `MailboxNotAllowed`, `LimitReached`.
        """

    def subscribe(self, name: str) -> None:
        """Subscribe to a name, existing or not; raises `MailboxNotAllowed`, `LimitReached`."""

    def unsubscribe(self, name: str) -> None:
        """Forget a subscription, if there is one."""

    def subscriptions(self) -> Collection[str]:
        """The names subscribed to; the mailboxes that come with an account are."""

    def quota(self) -> Quota:
        """What is used, and what may be."""

    def check_room(self, size: int) -> None:
        """Raises `OverQuota` or `MessageTooBig` when a message of that size would be refused."""

    def deliver(self, content: bytes, at: datetime) -> None:
        """Put new mail into INBOX; raises `OverQuota`, `MessageTooBig`."""

    def lock_maildrop(self) -> MaildropLock:
        """Become the account's one POP3 session; raises `MaildropLocked`."""


class MailStore(Protocol):
    """The mail of all accounts."""

    @property
    def limits(self) -> Limits: ...
    @property
    def intake(self) -> Intake:
        """What bounds the messages that are on their way to this store."""

    def account(self, name: str) -> AccountMail:
        """The mail of an account, by its canonical name; made when first asked for."""

    def poll(self) -> None:
        """Look for what other processes did to the mailboxes that are watched.

        Where that cannot be seen, the others are looked at; then raises `StoreUnavailable`.
        """
