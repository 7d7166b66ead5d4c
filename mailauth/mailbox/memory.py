"""The store in memory: bounded, and lost when the process ends."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

import msgspec

from mailauth.mailbox.contents import Contents, ReadableMailbox
from mailauth.mailbox.errors import MailboxNotAllowed, MaildropLocked, NoSuchMailbox
from mailauth.mailbox.intake import Intake
from mailauth.mailbox.message import FlagChange, Message, NewMessage, with_crlf
from mailauth.mailbox.names import INBOX, canonical_name
from mailauth.mailbox.room import Used, check_room, quota
from mailauth.mailbox.store import (
    Copied,
    Copying,
    Limits,
    ListEntry,
    MaildropLock,
    Quota,
    SpecialUse,
    Stored,
)
from mailauth.mailbox.tree import PROVIDED, creation, entries, renaming, special_use, subscribed


class Octets(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A message's content in memory."""

    data: bytes

    @property
    def size(self) -> int:
        """The number of octets."""
        return len(self.data)

    def read(self) -> bytes:
        """The octets."""
        return self.data


class Room:
    """The number and size of messages in the store, or in one account of it."""

    __slots__ = ("_store", "messages", "size")

    def __init__(self, store: "Room | None" = None) -> None:
        self.messages = 0
        self.size = 0
        self._store = store

    @property
    def used(self) -> Used:
        """The usage to compare with the limits."""
        return Used(self.messages, self.size, (self._store or self).size)

    def add(self, messages: int, size: int) -> None:
        """Count messages that were added; negative numbers count removed ones."""
        self.messages += messages
        self.size += size
        if self._store is not None:
            self._store.add(messages, size)


class MemoryMailbox(ReadableMailbox):
    """One mailbox of a `MemoryAccount`; see `store.Mailbox`."""

    def __init__(
        self,
        name: str,
        account: "MemoryAccount",
        limits: Limits,
        uid_validity: int,
        use: SpecialUse | None,
    ) -> None:
        super().__init__(name, uid_validity, use, Contents(limits))
        self._account = account

    def append(self, messages: Sequence[NewMessage]) -> list[int]:
        self._check_there()
        contents = [Octets(with_crlf(message.content)) for message in messages]
        self._account.check_sizes([content.size for content in contents])
        self._contents.check_keywords(message.flags for message in messages)
        uids = self._contents.add(
            [
                Message(0, 0, new.flags, new.internal_date.replace(microsecond=0), content)
                for new, content in zip(messages, contents, strict=True)
            ]
        )
        self._account.room.add(len(contents), sum(content.size for content in contents))
        self._tell()
        return list(uids)

    def store(
        self, uids: Iterable[int], change: FlagChange, unchanged_since: int | None = None
    ) -> Stored:
        self._check_there()
        plan = self._contents.planned(uids, change, unchanged_since)
        modseq = self.highest_modseq + 1
        for before, flags in plan.changes:
            self._contents.index.put(
                Message(before.uid, modseq, flags, before.internal_date, before.content)
            )
        if plan.changes:
            self._tell()
        return Stored(self._contents.present(plan.found), plan.modified, plan.before)

    def expunge(self, uids: Iterable[int], *, deleted: bool = False) -> list[int]:
        self._check_there()
        removed = self._contents.to_expunge(uids, deleted=deleted)
        self._contents.index.remove(message.uid for message in removed)
        if removed:
            self._account.room.add(-len(removed), -sum(message.size for message in removed))
            self._tell()
        return [message.uid for message in removed]

    def copy(self, uids: Iterable[int], target: str) -> Copied:
        copying = self.copying(target)
        copying.add(uids)
        return copying.commit()

    def copying(self, target: str) -> Copying:
        self._check_there()
        return MemoryCopying(self._account, self, self._account.mailbox(target))

    def move(self, uids: Iterable[int], target: str) -> Copied:
        self._check_there()
        messages = self._contents.present(uids)
        copied = self._account.mailbox(target).take(messages)
        if messages:
            self._contents.index.remove(message.uid for message in messages)
            self._tell()
        return copied

    def lend(self, uids: Iterable[int]) -> list[Message]:
        """Return those of the messages that exist; raises `NoSuchMailbox`."""
        self._check_there()
        return self._contents.present(uids)

    def check_taking(self, flag_sets: Iterable[frozenset[str]]) -> None:
        """Check that messages with these flags can be added.

        Raises `NoSuchMailbox` or `LimitReached`.
        """
        self._check_there()
        self._contents.check_keywords(flag_sets)

    def take(self, messages: Sequence[Message]) -> Copied:
        """Add copies of messages whose room is already reserved; raises `LimitReached`."""
        self._contents.check_keywords({message.flags for message in messages})
        uids = self._contents.add(messages)
        if messages:
            self._tell()
        pairs = zip([message.uid for message in messages], uids, strict=True)
        return Copied(self.uid_validity, list(pairs))

    def claim_recent(self, below: int) -> int:
        first = self._contents.index.recent_from
        self._contents.index.recent_from = max(first, below)
        return first

    def poll(self) -> None:
        pass  # there are no other processes

    def remove(self) -> None:
        """Mark the mailbox as deleted, and tell the sessions that have selected it."""
        counts = self.counts()
        self._account.room.add(-counts.messages, -counts.size)
        self.removed = True
        self._tell()


class MemoryCopying:
    """A copy of many messages; see `store.Copying`. It reserves room for each as it is added."""

    def __init__(
        self, account: "MemoryAccount", source: MemoryMailbox, target: MemoryMailbox
    ) -> None:
        self._account = account
        self._source = source
        self._target = target
        self._messages: list[Message] = []
        self._flag_sets: set[frozenset[str]] = set()

    def add(self, uids: Iterable[int]) -> None:
        messages = self._source.lend(uids)
        self._flag_sets.update(message.flags for message in messages)
        self._target.check_taking(self._flag_sets)
        sizes = [message.size for message in messages]
        self._account.check_sizes(sizes)
        self._account.room.add(len(sizes), sum(sizes))
        self._messages += messages

    def commit(self) -> Copied:
        self._target.check_taking(self._flag_sets)
        copied = self._target.take(self._messages)
        self._messages = []
        return copied

    def close(self) -> None:
        size = sum(message.size for message in self._messages)
        self._account.room.add(-len(self._messages), -size)
        self._messages = []


class MemoryAccount:
    """The mail of one account; see `store.AccountMail`."""

    def __init__(
        self, limits: Limits, room: Room, uid_validity: Callable[[], int], welcome: NewMessage
    ) -> None:
        self.room = room
        self._limits = limits
        self._uid_validity = uid_validity
        self._mailboxes: dict[str, MemoryMailbox] = {}
        self._locked = False
        self._subscriptions: set[str] = set()
        self._begin(welcome)

    def reset(self, welcome: NewMessage) -> None:
        """Return to the initial state, which sessions see as changes by another session.

        An unchanged account is left alone, so that sessions are told of nothing.
        """
        if self._state() == self._as_begun:
            return
        for name in [name for name in self._mailboxes if name not in (INBOX, *PROVIDED)]:
            self.delete(name)
        for mailbox in self._mailboxes.values():
            mailbox.expunge(mailbox.uids())
        self._begin(welcome)

    def _begin(self, welcome: NewMessage) -> None:
        for name in (INBOX, *PROVIDED):
            if name not in self._mailboxes:
                self._add(name)
        self._subscriptions = set(self._mailboxes)
        self._mailboxes[INBOX].append([welcome])
        self._as_begun = self._state()

    def _state(self) -> tuple[set[str], dict[int, int]]:
        """Return a value that differs after any change: names, and each mailbox's MODSEQ."""
        mailboxes = self._mailboxes.values()
        return set(self._subscriptions), {box.uid_validity: box.highest_modseq for box in mailboxes}

    def entries(self) -> list[ListEntry]:
        return entries({name: box.special_use for name, box in self._mailboxes.items()})

    def mailbox(self, name: str) -> MemoryMailbox:
        mailbox = self._mailboxes.get(canonical_name(name))
        if mailbox is None:
            raise NoSuchMailbox("The mailbox does not exist")
        return mailbox

    def create(self, name: str) -> MemoryMailbox:
        return [self._add(new) for new in creation(name, self._mailboxes, self._limits)][-1]

    def delete(self, name: str) -> None:
        mailbox = self.mailbox(name)
        if mailbox.name == INBOX:
            raise MailboxNotAllowed("INBOX cannot be deleted")
        del self._mailboxes[mailbox.name]
        mailbox.remove()

    def rename(self, name: str, to: str) -> None:
        if canonical_name(name) == INBOX:
            inbox = self._mailboxes[INBOX]
            inbox.move(inbox.uids(), self.create(to).name)
            return
        plan = renaming(name, to, self._mailboxes, self._limits)
        for superior in plan.created:
            self._add(superior)
        for old, new in plan.moved:
            mailbox = self._mailboxes.pop(old)
            mailbox.name = new
            self._mailboxes[new] = mailbox

    def subscribe(self, name: str) -> None:
        self._subscriptions = subscribed(name, self._subscriptions, self._limits)

    def unsubscribe(self, name: str) -> None:
        self._subscriptions.discard(canonical_name(name))

    def subscriptions(self) -> Collection[str]:
        return frozenset(self._subscriptions)

    def quota(self) -> Quota:
        return quota(self._limits, self.room.used)

    def check_room(self, size: int) -> None:
        self.check_sizes([size])

    def check_sizes(self, sizes: Sequence[int]) -> None:
        """Raises `OverQuota` or `MessageTooBig` unless messages of these sizes fit."""
        check_room(self._limits, self.room.used, sizes)

    def deliver(self, content: bytes, at: datetime) -> None:
        self._mailboxes[INBOX].append([NewMessage(content, at)])

    def lock_maildrop(self) -> MaildropLock:
        if self._locked:
            raise MaildropLocked("Another session has locked the maildrop")
        self._locked = True
        return Lock(self._unlock)

    def _unlock(self) -> None:
        self._locked = False

    def _add(self, name: str) -> MemoryMailbox:
        use = special_use(name, [mailbox.special_use for mailbox in self._mailboxes.values()])
        mailbox = MemoryMailbox(name, self, self._limits, self._uid_validity(), use)
        self._mailboxes[name] = mailbox
        return mailbox


class Lock:
    """A held lock; see `store.MaildropLock`."""

    __slots__ = ("_unlock",)

    def __init__(self, unlock: Callable[[], None]) -> None:
        self._unlock: Callable[[], None] | None = unlock

    def release(self) -> None:
        unlock, self._unlock = self._unlock, None
        if unlock is not None:
            unlock()


class MemoryStore:
    """The mail of all accounts; see `store.MailStore`.

    `uid_validity` is called for each new mailbox and returns, for example, the seconds of a clock;
    no two mailboxes get the same number. `welcome` makes the first message of an account.
    """

    def __init__(
        self,
        uid_validity: Callable[[], int],
        welcome: Callable[[str], NewMessage],
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        self.limits = limits
        self.intake = Intake(limits.arriving)
        self._uid_validity = uid_validity
        self._last_uid_validity = 0
        self._welcome = welcome
        self._room = Room()
        self._accounts: dict[str, MemoryAccount] = {}

    def account(self, name: str) -> MemoryAccount:
        account = self._accounts.get(name)
        if account is None:
            room = Room(self._room)
            welcome = self._welcome(name)
            account = MemoryAccount(self.limits, room, self._next_uid_validity, welcome)
            self._accounts[name] = account
        return account

    def poll(self) -> None:
        pass  # there are no other processes

    def reset(self) -> None:
        """Return the mail of every account to its initial state."""
        for name, account in self._accounts.items():
            account.reset(self._welcome(name))

    def _next_uid_validity(self) -> int:
        self._last_uid_validity = max(self._uid_validity(), self._last_uid_validity + 1)
        return self._last_uid_validity
