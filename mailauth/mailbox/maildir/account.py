"""The mail of one account: its folders, and the mailbox of each."""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from mailbox import Maildir
from pathlib import Path

from mailauth.mailbox.errors import (
    MailboxNotAllowed,
    MaildropLocked,
    NoSuchMailbox,
    StoreUnavailable,
)
from mailauth.mailbox.maildir.changes import Changes
from mailauth.mailbox.maildir.copying import MaildirCopying
from mailauth.mailbox.maildir.files import new_key, replace
from mailauth.mailbox.maildir.folder import MaildirMailbox
from mailauth.mailbox.maildir.gate import Gate
from mailauth.mailbox.maildir.journal import Begun, BrokenJournal, Journal
from mailauth.mailbox.maildir.total import Total
from mailauth.mailbox.maildir.usage import Usage
from mailauth.mailbox.message import NewMessage
from mailauth.mailbox.names import INBOX, canonical_name, new_name
from mailauth.mailbox.room import quota
from mailauth.mailbox.store import Counts, Limits, ListEntry, MaildropLock, Quota, SpecialUse
from mailauth.mailbox.tree import PROVIDED, creation, entries, renaming, special_use, subscribed
from mailauth.wire import utf7

_REMOVED = "mailauth-removed-"
_DRAFT_LIFE = 36 * 3600  # seconds, according to the rules of Maildir


class MaildirAccount:
    """The mail of one account; see `store.AccountMail`.

    A mailbox is identified by its UIDVALIDITY, so that sessions follow a folder that is renamed.
    """

    def __init__(
        self, path: Path, limits: Limits, total: Total, uid_validity: Callable[[], int]
    ) -> None:
        self.path = path
        self._limits = limits
        self._uid_validity = uid_validity
        self._mailboxes: dict[str, MaildirMailbox] = {}
        self._inodes: dict[str, int] = {}  # of the folders, by name
        self._edition = -1  # the edition in which folders were matched to mailboxes
        self._abandoned: list[MaildirCopying] = []
        self._gate = Gate(path)
        self._usage = Usage(path, limits, total, self._counts)

    def provide(self, welcome: NewMessage) -> None:
        """Create the initial mailboxes besides INBOX, and the first message."""
        with self._gate.lock():
            self.identify()
            for name in PROVIDED:
                self._make(name)
            self._subscribe([INBOX, *PROVIDED])
            self.mailbox(INBOX).append([welcome])

    def entries(self) -> list[ListEntry]:
        with self._gate.lock():
            self.identify()
            return entries({name: box.special_use for name, box in self._mailboxes.items()})

    def mailbox(self, name: str) -> MaildirMailbox:
        with self._gate.lock():
            self.identify()
            while mailbox := self._mailboxes.get(canonical_name(name)):
                mailbox.sync()
                if not mailbox.removed:
                    return mailbox
            raise NoSuchMailbox("The mailbox does not exist")

    def create(self, name: str) -> MaildirMailbox:
        with self._gate.lock():
            self.identify()
            for new in creation(name, self._mailboxes, self._limits):
                mailbox = self._make(new)
            mailbox.sync()
            return mailbox

    def delete(self, name: str) -> None:
        with self._gate.lock():
            mailbox = self.mailbox(name)
            if mailbox.name == INBOX:
                raise MailboxNotAllowed("INBOX cannot be deleted")
            removed = self.path / f"{_REMOVED}{new_key()}"
            self._gate.amend()
            self._directory(mailbox.name).rename(removed)
            self.identify()
            shutil.rmtree(removed)
            self._usage.update()

    def rename(self, name: str, to: str) -> None:
        with self._gate.lock():
            self.identify()
            if canonical_name(name) == INBOX:
                inbox = self.mailbox(INBOX)
                inbox.move(inbox.uids(), self.create(to).name)
                return
            plan = renaming(name, to, self._mailboxes, self._limits)
            for superior in plan.created:
                self._make(superior)
            self._gate.amend()
            with Changes() as changes:
                for old, new in plan.moved:
                    changes.rename(str(self._directory(old)), str(self._directory(new)))
            self.identify()

    def subscribe(self, name: str) -> None:
        with self._gate.lock():
            self._subscribe(subscribed(name, self.subscriptions(), self._limits))

    def unsubscribe(self, name: str) -> None:
        with self._gate.lock():
            self._subscribe({*self.subscriptions()} - {canonical_name(name)})

    def subscriptions(self) -> Collection[str]:
        try:
            text = (self.path / "mailauth-subscriptions").read_text("utf-8", "replace")
        except FileNotFoundError:
            return frozenset()
        return frozenset(text.split("\n")[:-1])

    def quota(self) -> Quota:
        with self._gate.lock():
            return quota(self._limits, self._usage.update())

    def check_room(self, size: int) -> None:
        with self._gate.lock():
            self._usage.check([size])

    def deliver(self, content: bytes, at: datetime) -> None:
        self.mailbox(INBOX).append([NewMessage(content, at)])

    def lock_maildrop(self) -> MaildropLock:
        file = self.path / "mailauth-pop3.lock"
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable("The maildrop cannot be locked") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise MaildropLocked("Another session has locked the maildrop") from error
        return HeldLock(descriptor)

    def watched(self) -> list[MaildirMailbox]:
        """Return the mailboxes that have listeners."""
        return [mailbox for mailbox in self._mailboxes.values() if mailbox.is_watched]

    def identify(self, doubted: MaildirMailbox | None = None) -> None:
        """Find the folders, and match them to mailboxes. The lock must be held.

        A folder keeps its mailbox unless that is `doubted`.
        """
        edition = self._gate.edition()
        folders = self._folders()
        by_validity = {mailbox.uid_validity: mailbox for mailbox in self._mailboxes.values()}
        found: dict[str, MaildirMailbox] = {}
        known: set[int] = set()
        for name, inode in folders.items():
            mailbox = self._mailboxes.get(name)
            if (
                mailbox is None
                or mailbox is doubted
                or edition != self._edition
                or inode != self._inodes.get(name)
            ):
                begun = self._begun(name, known)
                mailbox = by_validity.get(begun.uid_validity)
                if mailbox is None:
                    mailbox = self._opened(name, begun)
                mailbox.relocate(name, self._directory(name))
            known.add(mailbox.uid_validity)
            found[name] = mailbox
        gone = set(self._mailboxes.values()).difference(found.values())
        self._mailboxes, self._inodes, self._edition = found, folders, edition
        for mailbox in gone:
            mailbox.vanish()

    def abandon(self, copying: MaildirCopying) -> None:
        """Schedule the cleanup of an abandoned copy."""
        self._abandoned.append(copying)

    def tidy(self) -> None:
        """Do part of the scheduled cleanup."""
        if self._abandoned:
            with self._gate.lock():
                if self._abandoned[0].undo():
                    del self._abandoned[0]

    def sweep(self) -> None:
        """Remove what a killed process has left behind."""
        with self._gate.lock():
            for removed in self.path.glob(f"{_REMOVED}*"):
                shutil.rmtree(removed)
            self.identify()
            for name, mailbox in tuple(self._mailboxes.items()):
                mailbox.clear()
                for draft in (self._directory(name) / "tmp").iterdir():
                    with suppress(FileNotFoundError):  # delivered meanwhile
                        if time.time() - draft.stat().st_mtime > _DRAFT_LIFE:
                            draft.unlink()

    def _counts(self) -> list[Counts]:
        """Return the current counts of each mailbox. The lock must be held."""
        self.identify()
        for mailbox in tuple(self._mailboxes.values()):
            mailbox.sync()
        return [mailbox.counts() for mailbox in self._mailboxes.values()]

    def _folders(self) -> dict[str, int]:
        """Return the inodes of the folders by mailbox name, INBOX first."""
        folders = {}
        if (self.path / "cur").is_dir():
            folders[INBOX] = self.path.stat().st_ino
        with os.scandir(self.path) as scan:
            for entry in scan:
                name = _mailbox_name(entry.name)
                if name in self._mailboxes or (name and (self._directory(name) / "cur").is_dir()):
                    folders[name] = entry.inode()
        return folders

    def _directory(self, name: str) -> Path:
        return self.path if name == INBOX else self.path / f".{utf7.encode(name).decode('ascii')}"

    def _begun(self, name: str, known: Collection[int]) -> Begun:
        """Return the first line of a folder's journal; create one if it is missing or copied."""
        journal = Journal(self._directory(name))
        try:
            begun = journal.begun()
        except BrokenJournal:
            journal.set_aside()
            begun = None
        if begun is None or begun.uid_validity in known:
            use = special_use(name, [box.special_use for box in self._mailboxes.values()])
            begun = self._begin(name, use)
        return begun

    def _begin(self, name: str, use: SpecialUse | None) -> Begun:
        """Write the first line of a folder's journal."""
        self._gate.amend()
        begun = Begun(
            version=1,
            generation=1,
            uid_validity=self._next_uid_validity(),
            special_use=use,
            uid_next=1,
            highest_modseq=1,
            recent_from=1,
            forgotten=1,
        )
        Journal(self._directory(name)).write([begun])
        return begun

    def _make(self, name: str) -> MaildirMailbox:
        """Create a missing folder; INBOX always exists."""
        Maildir(self.path).add_folder(self._directory(name).name[1:])
        for part in ("cur", "new", "tmp"):  # `add_folder` skips them in an existing directory
            (self._directory(name) / part).mkdir(mode=0o700, exist_ok=True)
        begun = self._begin(
            name, special_use(name, [box.special_use for box in self._mailboxes.values()])
        )
        mailbox = self._opened(name, begun)
        self._mailboxes[name] = mailbox
        self._inodes[name] = self._directory(name).stat().st_ino
        return mailbox

    def _opened(self, name: str, begun: Begun) -> MaildirMailbox:
        return MaildirMailbox(
            name, self._directory(name), begun, self, self._gate, self._usage, self._limits
        )

    def _next_uid_validity(self) -> int:
        """Return a UIDVALIDITY that is new to the account."""
        file = self.path / "mailauth-uidvalidity"
        last = int(file.read_bytes()) if file.exists() else 0
        uid_validity = max(self._uid_validity(), last + 1)
        replace(file, b"%d\n" % uid_validity)
        return uid_validity

    def _subscribe(self, names: Collection[str]) -> None:
        text = "".join(f"{name}\n" for name in sorted(names))
        replace(self.path / "mailauth-subscriptions", text.encode())


class HeldLock:
    """A lock on an open file; see `store.MaildropLock`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def _mailbox_name(directory: str) -> str:
    """Return the mailbox name of a directory; empty when it is not a folder."""
    if not directory.startswith("."):
        return ""
    try:
        name = utf7.decode(directory[1:].encode("ascii"))
        return name if new_name(name) == name != INBOX else ""
    except (utf7.InvalidUtf7, UnicodeEncodeError, MailboxNotAllowed):
        return ""
