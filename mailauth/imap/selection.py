"""The selected mailbox of a connection, and what its client knows about it."""

from collections.abc import Callable

from mailauth.imap.errors import Bad, No
from mailauth.imap.sequence import Saved, SequenceSet
from mailauth.mailbox.store import Mailbox
from mailauth.mailbox.view import View


class Selection:
    """A selected mailbox: the session's view of it, the keywords it knows, and `$` (RFC 5182).

    `changed` is called once when the mailbox has changed while the client idles.
    """

    __slots__ = ("_changed", "idling", "keywords_told", "mailbox", "saved", "view")

    def __init__(self, mailbox: Mailbox, *, read_only: bool, changed: Callable[[], None]) -> None:
        self.mailbox = mailbox
        self.idling = False
        self.keywords_told = frozenset(mailbox.keywords)
        self.saved: list[int] = []  # the UIDs that `$` stands for
        self._changed = changed
        self.view = View(mailbox, read_only=read_only, changed=self._hear)

    def close(self) -> None:
        """Deselect the mailbox; nothing is expunged."""
        self.view.close()

    def check_writable(self) -> None:
        """Raises `No` when the mailbox was opened with EXAMINE."""
        if self.view.read_only:
            raise No("The mailbox is open read-only")

    def numbers(self, sequence_set: SequenceSet, *, uid: bool) -> list[int]:
        """Return the message numbers in a sequence set, ascending and without duplicates.

        Raises `Bad` for a number beyond the last message (RFC 9051 §9, seq-number), except for
        `1:*` in an empty mailbox. Unknown UIDs are ignored.
        """
        view = self.view
        if isinstance(sequence_set, Saved):
            known = (view.number(one) for one in self.saved)
            return [number for number in known if number is not None]
        if uid:
            return view.numbers_of_uids(sequence_set)
        last = view.exists
        if any(
            max(start or 0, end or 0) > (last if start and end else max(last, 1))
            for start, end in sequence_set
        ):
            raise Bad("A message number is greater than the number of messages")
        return view.numbers(sequence_set)

    def _hear(self) -> None:
        if self.idling:
            self.idling = False  # once is enough until the client has been told
            self._changed()
