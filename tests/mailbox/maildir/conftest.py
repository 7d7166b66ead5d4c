"""Maildirs on which several processes work."""

import errno
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from mailauth.mailbox.errors import NoSuchMailbox
from mailauth.mailbox.maildir import MaildirStore
from mailauth.mailbox.maildir.folder import MaildirMailbox
from tests.support.mail import welcome

Process = Callable[[], MaildirStore]


@pytest.fixture
def process(tmp_path: Path) -> Process:
    """Another process on the same directory: it shares nothing else with the ones before."""
    clock = count(1000)
    return lambda: MaildirStore(tmp_path / "mail", clock.__next__, welcome)


@pytest.fixture
def bob(tmp_path: Path, process: Process) -> Path:
    """Bob's directory."""
    process().account("bob")
    return tmp_path / "mail" / "bob"


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The directories `cur` that have been listed."""
    listdir = os.listdir
    directories: list[str] = []

    def noted(directory: str | Path) -> list[str]:
        if str(directory).endswith("/cur"):
            directories.append(str(directory))
        return listdir(directory)

    monkeypatch.setattr(os, "listdir", noted)
    return directories


def box(store: MaildirStore, name: str = "Box") -> MaildirMailbox:
    """Bob's mailbox of that name, which is made if need be."""
    account = store.account("bob")
    try:
        return account.mailbox(name)
    except NoSuchMailbox:
        return account.create(name)


class FullDisk:
    """Lets the disk be full for what is appended to a journal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch

    def __enter__(self) -> None:
        def refuse(descriptor: int, octets: bytes, at: int) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        self._patch.setattr(os, "pwrite", refuse)

    def __exit__(self, *error: object) -> None:
        self._patch.undo()
