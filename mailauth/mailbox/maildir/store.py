"""The Maildirs of all accounts, in one directory."""

import hashlib
import shutil
from collections.abc import Callable
from mailbox import Maildir
from pathlib import Path
from urllib.parse import quote

from mailauth.home.directories import PRIVATE, made
from mailauth.mailbox.errors import StoreUnavailable
from mailauth.mailbox.intake import Intake
from mailauth.mailbox.maildir.account import MaildirAccount
from mailauth.mailbox.maildir.files import locked
from mailauth.mailbox.maildir.total import Total
from mailauth.mailbox.message import NewMessage
from mailauth.mailbox.store import Limits

_LONGEST = 200  # characters of a directory's name


class MaildirStore:
    """The mail of all accounts, in a directory that is created; see `store.MailStore`.

    Changes are visible to other processes at once and survive the end of this process, but they are
    not synced to disk. `uid_validity` and `welcome` are as for `MemoryStore`. Other programs may
    have created an account's directory. Raises `OSError`.
    """

    def __init__(
        self,
        directory: Path,
        uid_validity: Callable[[], int],
        welcome: Callable[[str], NewMessage],
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        made(directory, PRIVATE)
        self.limits = limits
        self.intake = Intake(limits.arriving)
        self._directory = directory
        self._uid_validity = uid_validity
        self._welcome = welcome
        self._accounts: dict[str, MaildirAccount] = {}
        self._total = Total(directory)
        self._total.recount(
            [path for path in directory.iterdir() if path.name[0] != "." and path.is_dir()]
        )

    def account(self, name: str) -> MaildirAccount:
        path = self._directory / _directory_name(name)
        account = self._accounts.get(name)
        if account is None or not path.is_dir():
            try:
                account = self._accounts[name] = self._opened(name, path)
            except OSError as error:
                raise StoreUnavailable("The mail store cannot open the account") from error
        return account

    def poll(self) -> None:
        unavailable = None
        for account in tuple(self._accounts.values()):
            for look in (*(mailbox.poll for mailbox in account.watched()), account.tidy):
                try:
                    look()
                except StoreUnavailable as error:
                    unavailable = error
        if unavailable is not None:
            raise unavailable

    def _opened(self, name: str, path: Path) -> MaildirAccount:
        with locked(self._directory / ".lock"):
            if not path.is_dir():
                self._make(name, path)
        account = self._at(path)
        account.sweep()
        return account

    def _make(self, name: str, path: Path) -> None:
        """Create an account's directory atomically."""
        draft = self._directory / ".new"
        if draft.exists():
            shutil.rmtree(draft)
        Maildir(draft)
        self._at(draft).provide(self._welcome(name))
        draft.rename(path)

    def _at(self, path: Path) -> MaildirAccount:
        return MaildirAccount(path, self.limits, self._total, self._uid_validity)


def _directory_name(account: str) -> str:
    """Return the unique directory name of an account: its name, quoted if necessary."""
    quoted = quote(account, safe="@+", errors="surrogatepass").replace("~", "%7E")
    if quoted.startswith("."):
        quoted = f"%2E{quoted[1:]}"
    if len(quoted) > _LONGEST:
        digest = hashlib.sha256(account.encode("utf-8", "surrogatepass")).hexdigest()
        quoted = f"{quoted[:100]}%{digest}"
    return quoted
