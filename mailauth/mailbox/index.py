"""The messages of one mailbox by UID and by MODSEQ (RFC 7162 §3.1), and the UIDs removed from it.

The cost of a change does not depend on the size of the mailbox. Removing any number of messages
takes one pass.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from mailauth.mailbox.message import DELETED, SEEN, Message
from mailauth.mailbox.store import Counts


class Index:
    """The contents of a mailbox. Every change uses the MODSEQ after `highest_modseq`."""

    __slots__ = (
        "_by_modseq",
        "_deleted",
        "_seen",
        "_uids",
        "_vanished",
        "forgotten",
        "highest_modseq",
        "recent_from",
        "size",
        "uid_next",
    )

    def __init__(self, vanished: int, uid_next: int = 1, highest_modseq: int = 1) -> None:
        self.uid_next = uid_next
        self.highest_modseq = highest_modseq
        self.recent_from = 1
        self.size = 0
        self._uids: list[int] = []  # ascending
        self._by_modseq: dict[int, Message] = {}  # by UID; the latest change is last
        self._deleted: set[int] = set()
        self._seen = 0
        self._vanished: deque[tuple[int, int]] = deque(maxlen=vanished)  # MODSEQ, UID
        self.forgotten = highest_modseq  # removals up to this MODSEQ are not remembered

    def __len__(self) -> int:
        return len(self._uids)

    def get(self, uid: int) -> Message | None:
        """Return a message, or `None`."""
        return self._by_modseq.get(uid)

    def uids(self, first: int = 1) -> list[int]:
        """Return the UIDs from `first` on."""
        return self._uids[bisect_left(self._uids, first) :]

    def messages(self) -> list[Message]:
        """Return all messages in order of UID."""
        return [self._by_modseq[uid] for uid in self._uids]

    def deleted(self) -> list[int]:
        r"""Return the UIDs with `\Deleted`, ascending."""
        return sorted(self._deleted)

    def counts(self) -> Counts:
        """Return the counts."""
        messages = len(self._uids)
        return Counts(
            messages=messages,
            unseen=messages - self._seen,
            deleted=len(self._deleted),
            recent=messages - bisect_left(self._uids, self.recent_from),
            size=self.size,
        )

    def put(self, message: Message) -> None:
        """Add a message with the highest UID so far, or replace its previous state."""
        uid = message.uid
        self.highest_modseq = max(self.highest_modseq, message.modseq)
        before = self._by_modseq.pop(uid, None)
        self._by_modseq[uid] = message
        if before is None:
            self._uids.append(uid)
            self.uid_next = max(self.uid_next, uid + 1)
            self.size += message.size
        else:
            self._seen -= SEEN in before.flags
        self._seen += SEEN in message.flags
        if DELETED in message.flags:
            self._deleted.add(uid)
        else:
            self._deleted.discard(uid)

    def extend(self, messages: Sequence[Message]) -> None:
        """Add new messages at the next MODSEQ, with UIDs ascending from `uid_next`."""
        if not messages:
            return
        uids = [message.uid for message in messages]
        self.highest_modseq = messages[-1].modseq
        self.uid_next = uids[-1] + 1
        self._uids += uids
        self._by_modseq.update(zip(uids, messages, strict=True))
        self.size += sum([message.content.size for message in messages])
        self._seen += sum([SEEN in message.flags for message in messages])
        self._deleted.update([message.uid for message in messages if DELETED in message.flags])

    def remove(self, uids: Iterable[int]) -> list[Message]:
        """Remove and return the messages with these UIDs, ascending, at the next MODSEQ."""
        gone = {uid: self._by_modseq[uid] for uid in sorted(uids) if uid in self._by_modseq}
        if not gone:
            return []
        modseq = self.highest_modseq = self.highest_modseq + 1
        for uid, message in gone.items():
            del self._by_modseq[uid]
            self._deleted.discard(uid)
            self._seen -= SEEN in message.flags
            self.size -= message.size
        self.remember(modseq, gone)
        self._uids = [uid for uid in self._uids if uid not in gone]
        return list(gone.values())

    def remember(self, modseq: int, uids: Iterable[int]) -> None:
        """Record removals, oldest first, for `vanished_since`."""
        for uid in uids:
            if len(self._vanished) == self._vanished.maxlen:
                self.forgotten = self._vanished[0][0] if self._vanished else modseq
            self._vanished.append((modseq, uid))

    def vanished(self) -> Iterator[tuple[int, int]]:
        """Yield the MODSEQ and UID of the remembered removals, oldest first."""
        return iter(self._vanished)

    def order(self) -> None:
        """Sort messages by MODSEQ after they were added in order of UID."""
        self._by_modseq = dict(sorted(self._by_modseq.items(), key=lambda one: one[1].modseq))

    def changed_since(self, modseq: int) -> list[Message]:
        """Return the messages with a higher MODSEQ, latest first."""
        changed = []
        for message in reversed(self._by_modseq.values()):
            if message.modseq <= modseq:
                break
            changed.append(message)
        return changed

    def vanished_since(self, modseq: int) -> list[int] | None:
        """Return the UIDs removed after `modseq`, or `None` when some of them are forgotten."""
        if modseq < self.forgotten:
            return None
        vanished = []
        for removed_at, uid in reversed(self._vanished):
            if removed_at <= modseq:
                break
            vanished.append(uid)
        return vanished
