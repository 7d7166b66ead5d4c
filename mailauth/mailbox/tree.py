"""The mailboxes of an account as a tree of names, for LIST, CREATE and RENAME."""

from collections.abc import Collection, Mapping

import msgspec

from mailauth.mailbox.errors import LimitReached, MailboxExists, MailboxNotAllowed, NoSuchMailbox
from mailauth.mailbox.names import INBOX, SEPARATOR, canonical_name, inferiors, new_name, superiors
from mailauth.mailbox.store import Limits, ListEntry, SpecialUse

PROVIDED = {
    "Drafts": SpecialUse.DRAFTS,
    "Sent": SpecialUse.SENT,
    "Trash": SpecialUse.TRASH,
    "Junk": SpecialUse.JUNK,
    "Archive": SpecialUse.ARCHIVE,
}
"""The initial mailboxes of an account, besides INBOX."""


class Renaming(msgspec.Struct, frozen=True):
    """The steps of a RENAME: mailboxes to create, then pairs of old and new names."""

    created: list[str]
    moved: list[tuple[str, str]]


def entries(mailboxes: Mapping[str, SpecialUse | None]) -> list[ListEntry]:
    """Return these mailboxes and their superiors for LIST, sorted, with INBOX first."""
    parents = {superior for name in mailboxes for superior in superiors(name)}
    names = sorted(
        mailboxes.keys() | parents, key=lambda name: (name != INBOX, name.split(SEPARATOR))
    )
    return [
        ListEntry(name, name in mailboxes, name in parents, mailboxes.get(name)) for name in names
    ]


def special_use(name: str, taken: Collection[SpecialUse | None]) -> SpecialUse | None:
    """Return the special use of a new mailbox, unless another mailbox has it already."""
    use = PROVIDED.get(name)
    return None if use in taken else use


def creation(name: str, mailboxes: Collection[str], limits: Limits) -> list[str]:
    """Return the names to create for a new mailbox: missing superiors, then its own.

    Raises `MailboxExists`, `MailboxNotAllowed`, `LimitReached`.
    """
    name = new_name(name)
    if name in mailboxes:
        raise MailboxExists("A mailbox of this name already exists")
    return [*_missing(name, mailboxes, limits, others=1), name]


def renaming(name: str, to: str, mailboxes: Collection[str], limits: Limits) -> Renaming:
    """Plan the renaming of `name`, which is not INBOX.

    Raises `NoSuchMailbox`, `MailboxExists`, `MailboxNotAllowed`, `LimitReached`.
    """
    name, to = canonical_name(name), new_name(to)
    moving = [one for one in (name, *inferiors(name, mailboxes)) if one in mailboxes]
    moving.sort(key=len)  # so that a name is freed before another mailbox takes it
    if not moving:
        raise NoSuchMailbox("The mailbox does not exist")
    if to in mailboxes:
        raise MailboxExists("A mailbox of this name already exists")
    if inferiors(name, [to]):
        raise MailboxNotAllowed("A mailbox cannot become its own inferior")
    moved = [(old, new_name(to + old[len(name) :])) for old in moving]
    if any(new in mailboxes and new not in moving for _, new in moved):
        raise MailboxExists("An inferior mailbox of the new name already exists")
    return Renaming(_missing(to, mailboxes, limits, others=0), moved)


def subscribed(name: str, subscriptions: Collection[str], limits: Limits) -> set[str]:
    """Return the subscriptions plus this one; raises `MailboxNotAllowed`, `LimitReached`."""
    with_it = {*subscriptions, new_name(name)}
    if len(with_it) > limits.mailboxes:
        raise LimitReached(f"An account may have at most {limits.mailboxes} subscriptions")
    return with_it


def _missing(name: str, mailboxes: Collection[str], limits: Limits, *, others: int) -> list[str]:
    """Return the missing superiors; raises `LimitReached` if they and `others` are too many."""
    missing = [superior for superior in superiors(name) if superior not in mailboxes]
    if len(mailboxes) + len(missing) + others > limits.mailboxes:
        raise LimitReached(f"An account may have at most {limits.mailboxes} mailboxes")
    return missing
