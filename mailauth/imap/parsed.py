"""Messages that have been read and taken apart, kept for the next question, within a bound."""

from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property, partial
from weakref import WeakValueDictionary

from mailauth.imap.envelope import envelope
from mailauth.imap.mime import MAX_HEADER, Part, fields, parse
from mailauth.imap.structure import body, bodystructure
from mailauth.mailbox.message import Content

TURN_OCTETS = 300_000  # of messages that are read at a time, while other connections wait
MESSAGE_OCTETS = 2_000  # that could be read in the time a message takes anyhow
MAX_OCTETS = 32 * 1024 * 1024
_MESSAGE = 1_000  # octets that a message takes beside its data
_PART = 1_000  # octets that a part takes


class ParsedMessage:
    """One message; what is asked for is worked out once. `grown` hears of the octets this takes.

    `octets` is what it all takes by now.
    """

    def __init__(self, data: bytes, grown: Callable[[int], None]) -> None:
        self.data = data
        self.octets = _MESSAGE + len(data)
        self._told = grown
        self._decoded: dict[Part, bytes] = {}
        self._bodies: dict[bool, bytes] = {}
        self._bodystructures: dict[bool, bytes] = {}

    @cached_property
    def header(self) -> bytes:
        """The header, with the blank line that ends it."""
        if self.data.startswith(b"\r\n"):
            return b"\r\n"
        blank = self.data.find(b"\n\r\n")
        header = self.data if blank < 0 else self.data[: blank + 3]
        self._grown(len(header))
        return header

    @cached_property
    def without_nul(self) -> bytes:
        """The message with another octet for each NUL, which no string of IMAP can have."""
        shown = self.data.replace(b"\0", b"\x80")
        self._grown(0 if shown is self.data else len(shown))
        return shown

    @cached_property
    def fields(self) -> dict[bytes, bytes]:
        """The fields that ENVELOPE speaks of, as in `mime.Part.fields`."""
        found = fields(self.header[:MAX_HEADER])
        self._grown(sum(map(len, found.values())))
        return found

    @cached_property
    def root(self) -> Part:
        """The message as the part that all others are in."""
        root = parse(self.data)
        self._grown(sum(_PART + part.looked_at - part.start for part in root.walk()))
        return root

    @cached_property
    def envelope(self) -> bytes:
        """ENVELOPE."""
        return self._kept(envelope(self.fields))

    def body(self, *, rev2: bool) -> bytes:
        """BODY, for who speaks IMAP4rev2 or does not."""
        made = self._bodies.get(rev2)
        if made is None:
            made = self._bodies[rev2] = self._kept(body(self.root, rev2=rev2))
        return made

    def bodystructure(self, *, rev2: bool) -> bytes:
        """BODYSTRUCTURE, likewise."""
        made = self._bodystructures.get(rev2)
        if made is None:
            made = self._bodystructures[rev2] = self._kept(bodystructure(self.root, rev2=rev2))
        return made

    def decoded(self, part: Part, decode: Callable[[], bytes]) -> bytes:
        """The body of a part of this message as `decode` returns it."""
        octets = self._decoded.get(part)
        if octets is None:
            octets = self._decoded[part] = self._kept(decode())
        return octets

    def _kept(self, octets: bytes) -> bytes:
        self._grown(len(octets))
        return octets

    def _grown(self, octets: int) -> None:
        self.octets += octets
        self._told(octets)


class ParsedMessages:
    """The messages used last; but for the very last, they take no more than so many octets.

    One that somebody still has is the same for everybody else.
    """

    def __init__(self, octets: int = MAX_OCTETS) -> None:
        self._limit = octets
        self._used = 0
        self._messages: OrderedDict[Content, ParsedMessage] = OrderedDict()
        self._in_use: WeakValueDictionary[Content, ParsedMessage] = WeakValueDictionary()

    def get(self, content: Content) -> ParsedMessage:
        """The message with this content; raises like `Content.read`."""
        message = self._messages.get(content)
        if message is None:
            message = self._in_use.get(content)
            if message is None:
                message = ParsedMessage(content.read(), partial(self._grow, content))
                self._in_use[content] = message
            self._messages[content] = message
            self._grow(content, message.octets)
        else:
            self._messages.move_to_end(content)
        return message

    def _grow(self, content: Content, octets: int) -> None:
        if content not in self._messages:
            return  # let go meanwhile; who still has it keeps it
        self._used += octets
        while self._used > self._limit and len(self._messages) > 1:
            _, oldest = self._messages.popitem(last=False)
            self._used -= oldest.octets
