"""The store in memory: bounded, gone with the process."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

import msgspec

from mailauth.mailbox.errors import (
    LimitReached,
    MailboxExists,
    MailboxNotAllowed,
    MaildropLocked,
    MessageTooBig,
    NoSuchMailbox,
    OverQuota,
)
from mailauth.mailbox.index import Index
from mailauth.mailbox.message import (
    Content,
    FlagChange,
    Keywords,
    Message,
    NewMessage,
    Operation,
    with_crlf,
)
from mailauth.mailbox.names import INBOX, canonical_name, entries, inferiors, new_name, superiors
from mailauth.mailbox.store import (
    Copied,
    Counts,
    Entry,
    Limits,
    Listener,
    MaildropLock,
    Quota,
    SpecialUse,
    Stored,
)

MAX_KEYWORD = 100  # characters
PROVIDED = {
    "Drafts": SpecialUse.DRAFTS,
    "Sent": SpecialUse.SENT,
    "Trash": SpecialUse.TRASH,
    "Junk": SpecialUse.JUNK,
    "Archive": SpecialUse.ARCHIVE,
}


class Octets(msgspec.Struct, frozen=True, eq=False):
    """A message's content, in memory."""

    data: bytes

    @property
    def size(self) -> int:
        """The number of octets."""
        return len(self.data)

    def read(self) -> bytes:
        """The octets."""
        return self.data


class Room:
    """How much of the store, and of one account, is used."""

    __slots__ = ("_limits", "_store", "messages", "size")

    def __init__(self, limits: Limits, store: "Room | None" = None) -> None:
        self.messages = 0
        self.size = 0
        self._limits = limits
        self._store = store

    def check(self, sizes: Sequence[int]) -> None:
        """Raises `MessageTooBig` or `OverQuota` when messages of these sizes cannot be added."""
        if any(size > self._limits.message_size for size in sizes):
            raise MessageTooBig(f"A message may have {self._limits.message_size} octets")
        if self.messages + len(sizes) > self._limits.account_messages:
            raise OverQuota(f"An account may have {self._limits.account_messages} messages")
        if self.size + sum(sizes) > self._limits.account_size:
            raise OverQuota(f"An account may have {self._limits.account_size} octets of mail")
        if self._store is not None and self._store.size + sum(sizes) > self._limits.total_size:
            raise OverQuota("The server has no room for more mail")

    def add(self, messages: int, size: int) -> None:
        """Count what came (or, negative, what went)."""
        self.messages += messages
        self.size += size
        if self._store is not None:
            self._store.add(messages, size)


class MemoryMailbox:
    """One mailbox of a `MemoryAccount`; see `store.Mailbox`."""

    def __init__(
        self,
        name: str,
        account: "MemoryAccount",
        limits: Limits,
        uid_validity: int,
        special_use: SpecialUse | None,
    ) -> None:
        self.name = name
        self.removed = False
        self.uid_validity = uid_validity
        self.special_use = special_use
        self._account = account
        self._limits = limits
        self._index = Index(limits.vanished)
        self._keywords = Keywords()
        self._listeners: list[Listener] = []

    @property
    def uid_next(self) -> int:
        return self._index.uid_next

    @property
    def highest_modseq(self) -> int:
        return self._index.highest_modseq

    @property
    def keywords(self) -> Collection[str]:
        return self._keywords.all()

    @property
    def takes_keywords(self) -> bool:
        return len(self._keywords) < self._limits.keywords

    def counts(self) -> Counts:
        return self._index.counts()

    def uids(self, first: int = 1) -> Sequence[int]:
        return self._index.uids(first)

    def get(self, uid: int) -> Message | None:
        return self._index.get(uid)

    def messages(self) -> list[Message]:
        return self._index.messages()

    def deleted(self) -> list[int]:
        return self._index.deleted()

    def changed_since(self, modseq: int) -> list[Message]:
        return self._index.changed_since(modseq)

    def vanished_since(self, modseq: int) -> list[int] | None:
        return self._index.vanished_since(modseq)

    def append(self, messages: Sequence[NewMessage]) -> list[int]:
        self._check_there()
        contents = [Octets(with_crlf(message.content)) for message in messages]
        self._account.room.check([content.size for content in contents])
        self._check_keywords(message.flags for message in messages)
        modseq = self._index.highest_modseq + 1
        uids = [
            self._add(content, message.flags, message.internal_date, modseq)
            for content, message in zip(contents, messages, strict=True)
        ]
        self._account.room.add(len(contents), sum(content.size for content in contents))
        self._tell()
        return uids

    def store(
        self, uids: Iterable[int], change: FlagChange, unchanged_since: int | None = None
    ) -> Stored:
        self._check_there()
        learn = change.operation is not Operation.REMOVE
        if learn:
            self._check_keywords([change.flags])
        change = FlagChange(change.operation, self._keywords.spelled(change.flags, learn=learn))
        modseq = self._index.highest_modseq + 1
        stored: list[Message] = []
        modified: list[int] = []
        for uid in uids:
            message = self._index.get(uid)
            if message is None:
                continue
            if unchanged_since is not None and message.modseq > unchanged_since:
                modified.append(uid)
                continue
            flags = self._keywords.shared(change.apply(message.flags))
            if flags != message.flags:
                message = Message(uid, modseq, flags, message.internal_date, message.content)
                self._index.put(message)
            stored.append(message)
        if self._index.highest_modseq == modseq:
            self._tell()
        return Stored(stored, modified)

    def expunge(self, uids: Iterable[int]) -> list[int]:
        self._check_there()
        removed = self._index.remove(uids)
        if removed:
            self._account.room.add(-len(removed), -sum(message.size for message in removed))
            self._tell()
        return [message.uid for message in removed]

    def copy(self, uids: Iterable[int], target: str) -> Copied:
        self._check_there()
        into = self._account.mailbox(target)
        messages = self._present(uids)
        self._account.room.check([message.size for message in messages])
        copied = into.take(messages)
        self._account.room.add(len(messages), sum(message.size for message in messages))
        return copied

    def move(self, uids: Iterable[int], target: str) -> Copied:
        self._check_there()
        messages = self._present(uids)
        copied = self._account.mailbox(target).take(messages)
        if messages:
            self._index.remove(message.uid for message in messages)
            self._tell()
        return copied

    def take(self, messages: Sequence[Message]) -> Copied:
        """Add copies of messages that the account has room for already; raises `LimitReached`."""
        self._check_keywords(message.flags for message in messages)
        pairs: list[tuple[int, int]] = []
        if messages:
            modseq = self._index.highest_modseq + 1
            for message in messages:
                uid = self._add(message.content, message.flags, message.internal_date, modseq)
                pairs.append((message.uid, uid))
            self._tell()
        return Copied(self.uid_validity, pairs)

    def claim_recent(self, *, peek: bool) -> int:
        first = self._index.recent_from
        if not peek:
            self._index.recent_from = self._index.uid_next
        return first

    def poll(self) -> None:
        pass  # nobody else can have done anything

    def watch(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def unwatch(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    def remove(self) -> None:
        """Become a mailbox that was deleted; whoever has it selected is told."""
        counts = self._index.counts()
        self._account.room.add(-counts.messages, -counts.size)
        self.removed = True
        self._tell()

    def _present(self, uids: Iterable[int]) -> list[Message]:
        return [m for uid in sorted(uids) if (m := self._index.get(uid)) is not None]

    def _add(
        self, content: Content, flags: frozenset[str], internal_date: datetime, modseq: int
    ) -> int:
        uid = self._index.uid_next
        flags = self._keywords.spelled(flags, learn=True)
        internal_date = internal_date.replace(microsecond=0)
        self._index.put(Message(uid, modseq, flags, internal_date, content))
        return uid

    def _check_there(self) -> None:
        if self.removed:
            raise NoSuchMailbox("The mailbox has been deleted")

    def _check_keywords(self, flag_sets: Iterable[frozenset[str]]) -> None:
        unknown = self._keywords.unknown(flag for flags in flag_sets for flag in flags)
        if len(self._keywords) + len(unknown) > self._limits.keywords:
            raise LimitReached(f"A mailbox may have {self._limits.keywords} keywords")
        if any(len(keyword) > MAX_KEYWORD for keyword in unknown):
            raise LimitReached(f"A keyword may have {MAX_KEYWORD} characters")

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()


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
        for name in (INBOX, *PROVIDED):
            self._add(name)
        self._subscriptions = set(self._mailboxes)
        self._mailboxes[INBOX].append([welcome])

    def entries(self) -> list[Entry]:
        return entries({name: box.special_use for name, box in self._mailboxes.items()})

    def mailbox(self, name: str) -> MemoryMailbox:
        mailbox = self._mailboxes.get(canonical_name(name))
        if mailbox is None:
            raise NoSuchMailbox("No mailbox has this name")
        return mailbox

    def create(self, name: str) -> MemoryMailbox:
        name = new_name(name)
        if name in self._mailboxes:
            raise MailboxExists("There is a mailbox of this name")
        self._add_superiors(name, count=1)
        return self._add(name)

    def delete(self, name: str) -> None:
        mailbox = self.mailbox(name)
        if mailbox.name == INBOX:
            raise MailboxNotAllowed("INBOX cannot be deleted")
        del self._mailboxes[mailbox.name]
        mailbox.remove()

    def rename(self, name: str, to: str) -> None:
        name, to = canonical_name(name), new_name(to)
        moving = [n for n in (name, *inferiors(name, self._mailboxes)) if n in self._mailboxes]
        if not moving:
            raise NoSuchMailbox("No mailbox has this name")
        if to in self._mailboxes:
            raise MailboxExists("There is a mailbox of this name")
        if name == INBOX:
            created = self.create(to)
            inbox = self._mailboxes[INBOX]
            inbox.move(inbox.uids(), created.name)
            return
        self._check_rename(name, to, moving)
        self._add_superiors(to, count=0)
        for old in moving:
            mailbox = self._mailboxes.pop(old)
            mailbox.name = to + old[len(name) :]
            self._mailboxes[mailbox.name] = mailbox

    def subscribe(self, name: str) -> None:
        name = new_name(name)
        if len(self._subscriptions | {name}) > self._limits.mailboxes:
            raise LimitReached(f"An account may have {self._limits.mailboxes} subscriptions")
        self._subscriptions.add(name)

    def unsubscribe(self, name: str) -> None:
        self._subscriptions.discard(canonical_name(name))

    def subscriptions(self) -> Collection[str]:
        return frozenset(self._subscriptions)

    def quota(self) -> Quota:
        return Quota(
            size=self.room.size,
            size_limit=self._limits.account_size,
            messages=self.room.messages,
            messages_limit=self._limits.account_messages,
        )

    def check_room(self, size: int) -> None:
        self.room.check([size])

    def deliver(self, content: bytes, at: datetime) -> None:
        self._mailboxes[INBOX].append([NewMessage(content, at)])

    def lock_maildrop(self) -> MaildropLock:
        if self._locked:
            raise MaildropLocked("Another session has the maildrop")
        self._locked = True
        return Lock(self._unlock)

    def _unlock(self) -> None:
        self._locked = False

    def _check_rename(self, name: str, to: str, moving: Sequence[str]) -> None:
        if inferiors(name, [to]):
            raise MailboxNotAllowed("A mailbox cannot become its own inferior")
        names = [to + old[len(name) :] for old in moving]
        for new in names:
            new_name(new)
            if new in self._mailboxes and new not in moving:
                raise MailboxExists("There is an inferior of this name")

    def _add_superiors(self, name: str, *, count: int) -> None:
        missing = [superior for superior in superiors(name) if superior not in self._mailboxes]
        if len(self._mailboxes) + len(missing) + count > self._limits.mailboxes:
            raise LimitReached(f"An account may have {self._limits.mailboxes} mailboxes")
        for superior in missing:
            self._add(superior)

    def _add(self, name: str) -> MemoryMailbox:
        special_use = PROVIDED.get(name)
        if any(mailbox.special_use is special_use for mailbox in self._mailboxes.values()):
            special_use = None
        mailbox = MemoryMailbox(name, self, self._limits, self._uid_validity(), special_use)
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

    `uid_validity` is asked for each new mailbox, and answers with the seconds of a clock or the
    like; no two mailboxes get the same one. `welcome` makes an account's first message.
    """

    def __init__(
        self,
        uid_validity: Callable[[], int],
        welcome: Callable[[str], NewMessage],
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        self.limits = limits
        self._uid_validity = uid_validity
        self._last_uid_validity = 0
        self._welcome = welcome
        self._room = Room(limits)
        self._accounts: dict[str, MemoryAccount] = {}

    def account(self, name: str) -> MemoryAccount:
        account = self._accounts.get(name)
        if account is None:
            room = Room(self.limits, self._room)
            account = MemoryAccount(self.limits, room, self._next_uid_validity, self._welcome(name))
            self._accounts[name] = account
        return account

    def poll(self) -> None:
        pass  # nobody else can have done anything

    def _next_uid_validity(self) -> int:
        self._last_uid_validity = max(self._uid_validity(), self._last_uid_validity + 1)
        return self._last_uid_validity
