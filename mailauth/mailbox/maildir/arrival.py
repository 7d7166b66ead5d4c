"""A message's file in a folder, and the file of one that is to become a message."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from weakref import ReferenceType

import msgspec

from mailauth.mailbox.errors import MessageGone
from mailauth.mailbox.message import Message


class Folder(Protocol):
    """Where files are."""

    def read(self, key: str) -> bytes:
        """A message's content; raises `MessageGone`, `StoreUnavailable`."""


class MaildirFile(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A message's content: a file, under whatever name it has when it is read."""

    folder: ReferenceType[Folder]
    key: str
    size: int

    def read(self) -> bytes:
        """The message; raises `MessageGone`, `StoreUnavailable`."""
        folder = self.folder()
        if folder is None:
            raise MessageGone("The mailbox is gone")
        return folder.read(self.key)


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A copy whose file is there, to become a message: `line` is its part of the journal."""

    copied_from: int  # the UID in the mailbox it is copied from
    key: str
    place: str
    content: MaildirFile
    flags: frozenset[str]
    internal_date: datetime
    line: bytes


Carry = Callable[[Message, str], bool]  # lets a message's file be another's; says if it was there


def key_of(message: Message) -> str:
    """The key of a message's file."""
    assert isinstance(message.content, MaildirFile)
    return message.content.key
