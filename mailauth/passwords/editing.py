"""Editing a password file: one line changes, and all others stay as they are.

Readers see the old file or the new one. A second editor waits.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from mailauth.home.replacing import edited_alone, replace_file
from mailauth.passwords.passwd_file import AccountLine, entry_of, is_entry, lines_of

_NAME = re.compile(r"[^\s:#][^\s:]*")


class CannotEdit(Exception):
    """The change is not possible; the message says why."""


class PasswdFile:
    """A password file to edit; `check` is called with the new accounts, and may raise.

    The methods raise `CannotEdit`, `PasswdFileError`, `OSError`, and what `check` raises.
    """

    def __init__(self, path: Path, check: Callable[[Path], object] = lambda _: None) -> None:
        self._path = path.resolve()  # a symbolic link is kept
        self._check = check

    def add(self, name: str, stored: str, extra: list[str]) -> None:
        """Add an account with these extra fields."""
        for each in (name, *(field.partition("=")[2] for field in extra)):
            check_name(each)
        with self._lines() as lines:
            if _index(lines, name) is not None:
                raise CannotEdit(f"there is already an account {name}")
            lines.append(AccountLine(name, stored, []).with_extra(extra).line())

    def set_password(self, name: str, stored: str) -> None:
        """Change an account's password."""
        self._replace(name, lambda entry: msgspec.structs.replace(entry, stored=stored))

    def set_app_password(self, name: str, label: str, stored: str | None) -> None:
        """Set an account's password for one application; `None` removes it."""
        check_name(label)
        if stored is not None and len(stored.split()) != 1:
            raise CannotEdit("an app password that is stored in the clear must not contain spaces")
        key = f"app_{label}"

        def change(entry: AccountLine) -> AccountLine:
            extra = entry.extra()
            others = [field for field in extra if field.partition("=")[0] != key]
            if stored is None and others == extra:
                raise CannotEdit(f"{name} has no password for {label}")
            return entry.with_extra(others if stored is None else [*others, f"{key}={stored}"])

        self._replace(name, change)

    def set_disabled(self, name: str, disabled: bool) -> None:
        """Disable or enable an account."""

        def change(entry: AccountLine) -> AccountLine:
            extra = [field for field in entry.extra() if field.partition("=")[0] != "nologin"]
            return entry.with_extra([*extra, "nologin"] if disabled else extra)

        self._replace(name, change)

    def remove(self, name: str) -> None:
        """Remove an account."""
        with self._lines() as lines:
            del lines[_known(lines, name)]

    def _replace(self, name: str, change: Callable[[AccountLine], AccountLine]) -> None:
        with self._lines() as lines:
            index = _known(lines, name)
            ending = "\r" if lines[index].endswith("\r") else ""
            lines[index] = change(entry_of(lines[index])).line() + ending

    @contextlib.contextmanager
    def _lines(self) -> Iterator[list[str]]:
        """Yield the lines to change, and then write all of them at once."""
        with edited_alone(self._path, CannotEdit):
            lines = lines_of(self._path) if self._path.exists() else []
            lines = [] if lines == [""] else lines
            yield lines
            text = "".join(line + "\n" for line in lines)
            replace_file(self._path, text.encode(), self._take_after, self._check)

    def _take_after(self, descriptor: int) -> None:
        """Give the new file the owner and mode of the old one; the first file is private.

        If root creates the first file, it belongs to the owner of the directory: probably the
        server.
        """
        is_there = self._path.exists()
        model = (self._path if is_there else self._path.parent).stat()
        if is_there or os.geteuid() == 0:
            os.fchown(descriptor, model.st_uid, model.st_gid)
        os.fchmod(descriptor, model.st_mode & 0o777 if is_there else 0o600)


def check_name(name: str) -> None:
    """Check that the file can hold a name. Raises `CannotEdit`."""
    if not _NAME.fullmatch(name) or not name.isprintable():
        raise CannotEdit(
            "a name must not contain spaces, colons or control characters, or begin with #"
        )


def _known(lines: list[str], name: str) -> int:
    index = _index(lines, name)
    if index is None:
        raise CannotEdit(f"there is no account {name} in the users file")
    return index


def _index(lines: list[str], name: str) -> int | None:
    for index, line in enumerate(lines):
        if is_entry(line) and line.partition(":")[0].casefold() == name.casefold():
            return index
    return None
