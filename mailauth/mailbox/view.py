"""The view of a mailbox in one session: sequence numbers, and updates the client has not seen.

Numbers change only when the client is told (RFC 3501 §7.4.1, RFC 2180). Changes by other sessions
wait until `updates` is called; removals wait until it is called with `expunge`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

import msgspec

from mailauth.mailbox.message import SEEN, FlagChange, Message
from mailauth.mailbox.store import Copied, Copying, Listener, Mailbox

Range = tuple[int | None, int | None]  # of a sequence set, in either order; `None` is `*`


class Expunged(msgspec.Struct, frozen=True, gc=False):
    """`* number EXPUNGE`; numbers are valid when sent in this order."""

    number: int
    uid: int


class Exists(msgspec.Struct, frozen=True):
    """`* messages EXISTS`, and `* recent RECENT`."""

    messages: int
    recent: int


class Changed(msgspec.Struct, frozen=True):
    """`* number FETCH (FLAGS …)`."""

    number: int
    message: Message


Update = Expunged | Exists | Changed


class StoredHere(msgspec.Struct, frozen=True):
    """The result of STORE: the changed messages, and the numbers excluded by UNCHANGEDSINCE.

    `gone` says that other sessions had removed some of the messages (RFC 2180 §4.2).
    """

    messages: list[Changed]
    modified: list[int]
    gone: bool


class View:
    """A mailbox selected by one session. `read_only` is for EXAMINE.

    `changed` is called after every change to the mailbox. The view itself changes only when
    `updates` is called.
    """

    def __init__(
        self, mailbox: Mailbox, *, read_only: bool = False, changed: Listener | None = None
    ) -> None:
        mailbox.poll()
        self.mailbox = mailbox
        self.read_only = read_only
        self._listener = changed
        self._uids: list[int] = []
        self._recent: set[int] = set()
        self._uid_next = 1  # the client knows only lower UIDs
        self._told = mailbox.highest_modseq  # the client knows changes up to this MODSEQ
        self._expunged_told = self._told
        self._own: dict[int, int] = {}  # UID to MODSEQ: the client's own changes since `_told`
        self._add(mailbox.uids())
        if changed is not None:
            mailbox.watch(changed)

    def close(self) -> None:
        """End the selection; nothing is expunged."""
        if self._listener is not None:
            self.mailbox.unwatch(self._listener)
            self._listener = None

    @property
    def exists(self) -> int:
        """How many messages the client knows."""
        return len(self._uids)

    @property
    def uids(self) -> Sequence[int]:
        """Their UIDs, by number (from 0)."""
        return self._uids

    @property
    def recent(self) -> int:
        r"""How many of them are `\Recent` in this session."""
        return len(self._recent)

    def is_recent(self, uid: int) -> bool:
        r"""Return whether FETCH shows `\Recent`."""
        return uid in self._recent

    def first_unseen(self) -> int | None:
        r"""The number of the first message without `\Seen`."""
        for number, uid in enumerate(self._uids, 1):
            message = self.mailbox.get(uid)
            if message is not None and SEEN not in message.flags:
                return number
        return None

    def number(self, uid: int) -> int | None:
        """Return the sequence number of a UID, or `None` when the client does not know it."""
        at = bisect_left(self._uids, uid)
        return at + 1 if at < len(self._uids) and self._uids[at] == uid else None

    def uid(self, number: int) -> int:
        """The UID of a sequence number from 1 to `exists`."""
        return self._uids[number - 1]

    def message(self, number: int) -> Message | None:
        """Return a message by number; `None` when another session removed it (RFC 2180 §4.1)."""
        return self.mailbox.get(self._uids[number - 1])

    def numbers(self, ranges: Iterable[Range]) -> list[int]:
        """Return the numbers in a sequence set up to `exists`, ascending and without duplicates."""
        last = len(self._uids)
        spans = []
        for start, end in ranges:
            first, final = sorted((last if start is None else start, last if end is None else end))
            spans.append((max(first, 1), min(final, last)))
        return _joined(spans)

    def numbers_of_uids(self, ranges: Iterable[Range]) -> list[int]:
        """Return the numbers of the messages in a UID set, ascending and without duplicates."""
        last = self._uids[-1] if self._uids else 0
        spans = []
        for start, end in ranges:
            first, final = sorted((last if start is None else start, last if end is None else end))
            spans.append((bisect_left(self._uids, first) + 1, bisect_right(self._uids, final)))
        return _joined(spans)

    def updates(self, *, expunge: bool) -> list[Update]:
        """Return the updates that the client must be sent, in order, and consider them sent.

        `expunge` is false while the client may still use the old numbers: in responses to FETCH,
        STORE and SEARCH (RFC 3501 §7.4.1). Removals are withheld then.
        """
        self.mailbox.poll()
        modseq = self.mailbox.highest_modseq
        if modseq == self._told and (modseq == self._expunged_told or not expunge):
            return []
        updates: list[Update] = [*self._expunged()] if expunge else []
        changed = self._changed()
        new = self.mailbox.uids(self._uid_next)
        self._told = modseq
        self._own.clear()
        if new:
            self._add(new)
            updates.append(Exists(len(self._uids), len(self._recent)))
        return [*updates, *changed]

    def store(
        self,
        numbers: Iterable[int],
        change: FlagChange,
        *,
        unchanged_since: int | None = None,
        silent: bool = False,
    ) -> StoredHere:
        """Change flags; raises like `Mailbox.store`.

        `updates` will not repeat these changes. If `silent`, it still reports those of others.
        """
        wanted = [self._uids[number - 1] for number in numbers]
        stored = self.mailbox.store(wanted, change, unchanged_since)
        messages = []
        for message in stored.messages:
            number = self.number(message.uid)
            assert number is not None
            messages.append(Changed(number, message))
            if message.modseq > self._told:
                before = stored.before.get(message.uid, message.modseq)
                if not silent or self._is_known(message.uid, before):
                    self._own[message.uid] = message.modseq
        modified = [number for uid in stored.modified if (number := self.number(uid)) is not None]
        gone = len(messages) + len(modified) < len(wanted)
        return StoredHere(messages, modified, gone)

    def deleted(self, numbers: Iterable[int] | None = None) -> list[int]:
        r"""Return the UIDs of messages with `\Deleted`, optionally only among these numbers."""
        self.mailbox.poll()
        deleted = self.mailbox.deleted()
        if numbers is None:
            return deleted
        wanted = {self._uids[number - 1] for number in numbers}
        return [uid for uid in deleted if uid in wanted]

    def expunge(self, uids: Iterable[int]) -> None:
        r"""Remove those of the messages that still have `\Deleted`."""
        self.mailbox.expunge(uids, deleted=True)

    def copy(self, numbers: Iterable[int], target: str) -> Copied:
        """Copy; messages that are gone are left out. Raises like `Mailbox.copy`."""
        return self.mailbox.copy([self._uids[number - 1] for number in numbers], target)

    def copying(self, target: str) -> Copying:
        """Begin a copy of many messages, added by UID; raises like `Mailbox.copying`."""
        return self.mailbox.copying(target)

    def move(self, numbers: Iterable[int], target: str) -> Copied:
        """Move; messages that are gone are left out. Raises like `Mailbox.copy`."""
        return self.mailbox.move([self._uids[number - 1] for number in numbers], target)

    def _is_known(self, uid: int, modseq: int) -> bool:
        """Return whether the client knows the message at this MODSEQ, or changed it itself."""
        return modseq <= self._told or self._own.get(uid) == modseq

    def _add(self, new: Sequence[int]) -> None:
        if new:
            self._uids.extend(new)
            self._uid_next = new[-1] + 1
            first = self.mailbox.claim_recent(0 if self.read_only else self._uid_next)
            self._recent.update(uid for uid in new if uid >= first)

    def _changed(self) -> list[Changed]:
        """Return the known messages whose flags other sessions have changed, in order."""
        changed = [
            Changed(number, message)
            for message in self.mailbox.changed_since(self._told)
            if message.uid < self._uid_next
            and self._own.get(message.uid) != message.modseq
            and (number := self.number(message.uid)) is not None
        ]
        changed.sort(key=lambda change: change.number)
        return changed

    def _expunged(self) -> list[Expunged]:
        """Drop removed messages, highest number first, so that no number shifts another."""
        vanished = self.mailbox.vanished_since(self._expunged_told)
        if vanished is None:
            vanished = list(set(self._uids).difference(self.mailbox.uids()))
        self._expunged_told = self.mailbox.highest_modseq
        removed = set(vanished)
        numbered: Iterable[tuple[int | None, int]] = enumerate(self._uids, 1)
        if len(removed) < len(self._uids) // 20:  # a search for each is quicker than a pass
            numbered = [(self.number(uid), uid) for uid in sorted(removed)]
        expunged = [Expunged(n, uid) for n, uid in numbered if n is not None and uid in removed]
        if expunged:
            self._uids = [uid for uid in self._uids if uid not in removed]
            self._recent -= removed
        return expunged[::-1]


def _joined(spans: list[tuple[int, int]]) -> list[int]:
    """Return the numbers in inclusive spans, ascending and without duplicates."""
    spans.sort()
    numbers: list[int] = []
    after = 1
    for first, last in spans:
        numbers.extend(range(max(first, after), last + 1))
        after = max(after, last + 1)
    return numbers
