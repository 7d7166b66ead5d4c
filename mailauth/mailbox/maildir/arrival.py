"""The file of a message, and the file of a copy that will become a message."""

from collections.abc import Callable
from typing import Protocol
from weakref import ReferenceType

import msgspec

from mailauth.mailbox.errors import MessageGone
from mailauth.mailbox.message import Message


class Folder(Protocol):
    """A folder of files."""

    def read(self, key: str) -> bytes:
        """Return a message's content; raises `MessageGone`, `StoreUnavailable`."""


class MaildirFile(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A message's content: a file, whose name may change until it is read."""

    folder: ReferenceType[Folder]
    key: str
    size: int

    def read(self) -> bytes:
        """Return the message; raises `MessageGone`, `StoreUnavailable`."""
        folder = self.folder()
        if folder is None:
            raise MessageGone("The mailbox is gone")
        return folder.read(self.key)


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A copy whose file exists, to become a message; `line` is for the journal."""

    message: Message  # with the UID and MODSEQ of the one it is a copy of
    file: MaildirFile
    place: str
    line: bytes


Carry = Callable[[Message, str], bool]  # transfers a message's file; returns whether it existed


def key_of(message: Message) -> str:
    """Return the key of a message's file."""
    assert isinstance(message.content, MaildirFile)
    return message.content.key
