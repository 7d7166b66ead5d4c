"""What a mailbox has in every store: its contents, and the listeners that are told of changes."""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from mailauth.mailbox.errors import LimitReached, NoSuchMailbox
from mailauth.mailbox.index import Index
from mailauth.mailbox.message import DELETED, FlagChange, Keywords, Message, Operation
from mailauth.mailbox.store import Counts, Limits, Listener, SpecialUse

MAX_KEYWORD = 100  # characters


class Plan(msgspec.Struct, frozen=True):
    """The effect of a STORE: UIDs found, messages to change, and UIDs left out as modified."""

    found: list[int]
    changes: list[tuple[Message, frozenset[str]]]
    modified: list[int]

    @property
    def before(self) -> dict[int, int]:
        """The MODSEQs, by UID, of the messages before the change."""
        return {message.uid: message.modseq for message, _ in self.changes}


class Contents:
    """The messages of a mailbox and its keywords."""

    def __init__(self, limits: Limits) -> None:
        self.index = Index(limits.vanished)
        self.keywords = Keywords()
        self._limits = limits

    @property
    def takes_keywords(self) -> bool:
        """Whether there is room for another keyword."""
        return len(self.keywords) < self._limits.keywords

    def restart(self, uid_next: int, highest_modseq: int) -> Index:
        """Forget all messages but no keyword, and return the index, which begins anew."""
        self.index = Index(self._limits.vanished, uid_next, highest_modseq)
        return self.index

    def check_keywords(self, flag_sets: Iterable[frozenset[str]]) -> None:
        """Raises `LimitReached` when these flags add too many keywords, or too long ones."""
        unknown = self.keywords.unknown(flag for flags in flag_sets for flag in flags)
        if len(self.keywords) + len(unknown) > self._limits.keywords:
            raise LimitReached(f"A mailbox may have at most {self._limits.keywords} keywords")
        if any(len(keyword) > MAX_KEYWORD for keyword in unknown):
            raise LimitReached(f"A keyword may have at most {MAX_KEYWORD} characters")

    def add(self, messages: Sequence[Message]) -> range:
        """Add copies of messages and return their UIDs: the next ones, at the next MODSEQ.

        Their flags are in the spelling of this mailbox; new keywords are added.
        """
        first, modseq = self.index.uid_next, self.index.highest_modseq + 1
        distinct = dict.fromkeys(message.flags for message in messages)
        flags = {one: self.keywords.spelled(one, learn=True) for one in distinct}
        self.index.extend(
            [
                Message(uid, modseq, flags[one.flags], one.internal_date, one.content)
                for uid, one in enumerate(messages, first)
            ]
        )
        return range(first, self.index.uid_next)

    def planned(self, uids: Iterable[int], change: FlagChange, unchanged_since: int | None) -> Plan:
        """Plan a STORE; raises `LimitReached`.

        A keyword is added only if a message will have it.
        """
        plan = Plan([], [], [])
        found = []
        for uid in uids:
            message = self.index.get(uid)
            if message is None:
                continue
            if unchanged_since is not None and message.modseq > unchanged_since:
                plan.modified.append(uid)
            else:
                plan.found.append(uid)
                found.append(message)
        if found:
            change = self._spelled(change)
        for message in found:
            flags = self.keywords.shared(change.apply(message.flags))
            if flags != message.flags:
                plan.changes.append((message, flags))
        return plan

    def to_expunge(self, uids: Iterable[int], *, deleted: bool) -> list[Message]:
        """Return the messages that an EXPUNGE removes."""
        found = self.present(uids)
        return [one for one in found if DELETED in one.flags] if deleted else found

    def present(self, uids: Iterable[int]) -> list[Message]:
        """Return those of the messages that exist, in order of UID."""
        return [m for uid in sorted(uids) if (m := self.index.get(uid)) is not None]

    def _spelled(self, change: FlagChange) -> FlagChange:
        """Return a change in the spelling of this mailbox; raises `LimitReached`."""
        learn = change.operation is not Operation.REMOVE
        if learn:
            self.check_keywords([change.flags])
        return FlagChange(change.operation, self.keywords.spelled(change.flags, learn=learn))


class ReadableMailbox:
    """The part of `store.Mailbox` that reads the contents, and calls the listeners."""

    def __init__(
        self, name: str, uid_validity: int, special_use: SpecialUse | None, contents: Contents
    ) -> None:
        self.name = name
        self.removed = False
        self.uid_validity = uid_validity
        self.special_use = special_use
        self._contents = contents
        self._listeners: list[Listener] = []

    @property
    def uid_next(self) -> int:
        return self._contents.index.uid_next

    @property
    def highest_modseq(self) -> int:
        return self._contents.index.highest_modseq

    @property
    def keywords(self) -> Collection[str]:
        return self._contents.keywords.all()

    @property
    def takes_keywords(self) -> bool:
        return self._contents.takes_keywords

    def counts(self) -> Counts:
        return self._contents.index.counts()

    def uids(self, first: int = 1) -> Sequence[int]:
        return self._contents.index.uids(first)

    def get(self, uid: int) -> Message | None:
        return self._contents.index.get(uid)

    def messages(self) -> list[Message]:
        return self._contents.index.messages()

    def deleted(self) -> list[int]:
        return self._contents.index.deleted()

    def changed_since(self, modseq: int) -> list[Message]:
        return self._contents.index.changed_since(modseq)

    def vanished_since(self, modseq: int) -> list[int] | None:
        return self._contents.index.vanished_since(modseq)

    @property
    def is_watched(self) -> bool:
        """Whether there are listeners."""
        return bool(self._listeners)

    def watch(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def unwatch(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def _check_there(self) -> None:
        if self.removed:
            raise NoSuchMailbox("The mailbox has been deleted")
