"""The part of a mailbox that is common to all stores: an `Index` of messages, and listeners."""

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


class IndexedMailbox:
    """The part of `store.Mailbox` that uses an index and calls listeners."""

    def __init__(
        self, name: str, uid_validity: int, special_use: SpecialUse | None, limits: Limits
    ) -> None:
        self.name = name
        self.removed = False
        self.uid_validity = uid_validity
        self.special_use = special_use
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

    def _check_keywords(self, flag_sets: Iterable[frozenset[str]]) -> None:
        """Raises `LimitReached` when these flags add too many keywords, or too long ones."""
        unknown = self._keywords.unknown(flag for flags in flag_sets for flag in flags)
        if len(self._keywords) + len(unknown) > self._limits.keywords:
            raise LimitReached(f"A mailbox may have at most {self._limits.keywords} keywords")
        if any(len(keyword) > MAX_KEYWORD for keyword in unknown):
            raise LimitReached(f"A keyword may have at most {MAX_KEYWORD} characters")

    def _learnt(self, flag_sets: Iterable[frozenset[str]]) -> dict[frozenset[str], frozenset[str]]:
        """Return these flags in the spelling of this mailbox; new keywords are added."""
        distinct = dict.fromkeys(flag_sets)
        return {flags: self._keywords.spelled(flags, learn=True) for flags in distinct}

    def _spelled(self, change: FlagChange) -> FlagChange:
        """Return a change in the spelling of this mailbox; raises `LimitReached`."""
        learn = change.operation is not Operation.REMOVE
        if learn:
            self._check_keywords([change.flags])
        return FlagChange(change.operation, self._keywords.spelled(change.flags, learn=learn))

    def _planned(
        self, uids: Iterable[int], change: FlagChange, unchanged_since: int | None
    ) -> Plan:
        """Plan a STORE; raises `LimitReached`.

        A keyword is added only if a message will have it.
        """
        plan = Plan([], [], [])
        found = []
        for uid in uids:
            message = self._index.get(uid)
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
            flags = self._keywords.shared(change.apply(message.flags))
            if flags != message.flags:
                plan.changes.append((message, flags))
        return plan

    def _to_expunge(self, uids: Iterable[int], *, deleted: bool) -> list[Message]:
        """Return the messages that an EXPUNGE removes."""
        found = self._present(uids)
        return [one for one in found if DELETED in one.flags] if deleted else found

    def _present(self, uids: Iterable[int]) -> list[Message]:
        """Return those of the messages that exist, in order of UID."""
        return [m for uid in sorted(uids) if (m := self._index.get(uid)) is not None]
