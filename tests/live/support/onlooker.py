"""Somebody who is logged in all the while, and sees what clients do to the mailboxes."""

import imaplib
import re
from collections.abc import Sequence
from typing import Self

import msgspec

from mailauth.testing import RunningServer
from tests.live.support.ways import PASSWORD

_SAID = re.compile(rb"\d+ \(FLAGS \((.*?)\) BODY\[\] \{\d+\}")
SPECIAL = ("Archive", "Drafts", "Junk", "Sent", "Trash")


class Seen(msgspec.Struct, frozen=True):
    """A message: its flags, but for \\Recent, and what is in it, with LF line endings."""

    flags: frozenset[str]
    content: str

    @property
    def subject(self) -> str:
        """Its subject."""
        match = re.search(r"^Subject: (.*)$", self.content, re.MULTILINE)
        assert match is not None, self.content
        return match[1]

    @property
    def body(self) -> str:
        """What stands below its header."""
        return self.content.partition("\n\n")[2]


class Onlooker:
    """One account, by an IMAP session of its own."""

    def __init__(self, server: RunningServer, name: str) -> None:
        self.name = name
        self._imap = imaplib.IMAP4("127.0.0.1", server.port("imap"), timeout=20)
        self._imap.login(name, PASSWORD)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Log out."""
        self._imap.logout()

    def empty(self) -> None:
        """Leave nothing in the account but empty mailboxes that every account has."""
        for folder in self.folders():
            if folder not in ("INBOX", *SPECIAL):
                self._ok(self._imap.delete(f'"{folder}"'))
            else:
                self._ok(self._imap.select(folder))
                self._ok(self._imap.store("1:*", "+FLAGS.SILENT", r"(\Deleted)"))
                self._ok(self._imap.close())

    def deliver(self, content: str, *flags: str, folder: str = "INBOX") -> None:
        """Put a message into a folder."""
        message = content.replace("\n", "\r\n").encode()
        self._ok(self._imap.append(f'"{folder}"', " ".join(flags), "", message))

    def store(self, number: int, change: str, flags: str, folder: str = "INBOX") -> None:
        """Change the flags of a message; what is \\Deleted then is expunged."""
        self._ok(self._imap.select(f'"{folder}"'))
        self._ok(self._imap.store(str(number), change, flags))
        self._ok(self._imap.close())

    def folders(self) -> list[str]:
        """Return the names of all folders."""
        _, listed = self._imap.list()
        names = [line.rpartition(b' "." ')[2] for line in listed if isinstance(line, bytes)]
        return [name.decode("ascii").strip('"') for name in names]

    def messages(self, folder: str = "INBOX") -> list[Seen]:
        """Return what is in a folder, without changing a flag."""
        self._ok(self._imap.select(f'"{folder}"', readonly=True))
        answers = self._imap.fetch("1:*", "(FLAGS BODY.PEEK[])")[1]
        self._ok(self._imap.unselect())
        seen = []
        for answer in answers:
            if isinstance(answer, tuple):
                match = _SAID.fullmatch(answer[0])
                assert match is not None, answer
                flags = frozenset(match[1].decode("ascii").split()) - {r"\Recent"}
                seen.append(Seen(flags, answer[1].replace(b"\r\n", b"\n").decode()))
        return seen

    def subjects(self, folder: str = "INBOX") -> list[str]:
        """Return the subjects of what is in a folder."""
        return [message.subject for message in self.messages(folder)]

    def _ok(self, answer: tuple[str, Sequence[object]]) -> None:
        assert answer[0] == "OK", answer
