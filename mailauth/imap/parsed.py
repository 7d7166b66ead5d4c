"""Messages that have been read and taken apart, kept for the next question, within a bound."""

from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property, partial
from weakref import WeakValueDictionary

from mailauth.imap.envelope import envelope
from mailauth.imap.structure import body, bodystructure
from mailauth.mailbox.message import Content
from mailauth.mime.parts import MAX_HEADER, Part, fields, parsing
from mailauth.wire.work import Work, done

TURN_OCTETS = 300_000  # of messages that are read at a time, while other connections wait
MESSAGE_OCTETS = 2_000  # that could be read in the time a message takes anyhow
MAX_OCTETS = 32 * 1024 * 1024
_MESSAGE = 1_000  # octets that a message takes beside its data
_PART = 1_000  # octets that a part takes
_WITHOUT_NUL = b"\x80" + bytes(range(1, 256))


class ParsedMessage:
    """One message; what is asked for is worked out once. `grown` hears of the octets this takes.

    `octets` is what it all takes by now.
    """

    def __init__(self, data: bytes, grown: Callable[[int], None]) -> None:
        self.data = data
        self.octets = _MESSAGE + len(data)
        self._told = grown
        self._decoded: dict[Part, bytes] = {}
        self._root: Part | None = None
        self._envelope: bytes | None = None
        self._bodies: dict[bool, bytes] = {}
        self._bodystructures: dict[bool, bytes] = {}

    @cached_property
    def header_octets(self) -> int:
        """The length of the header, with the blank line that ends it."""
        if self.data.startswith(b"\r\n"):
            return 2
        blank = self.data.find(b"\n\r\n")
        return len(self.data) if blank < 0 else blank + 3

    def beginning(self, octets: int) -> bytes:
        """The header, as far as it has so many octets."""
        return self.data[: min(self.header_octets, octets)]

    @cached_property
    def without_nul(self) -> bytes:
        """The message with another octet for each NUL, which no string of IMAP can have."""
        if b"\0" not in self.data:
            return self.data
        return self._kept(self.data.translate(_WITHOUT_NUL))

    @cached_property
    def fields(self) -> dict[bytes, bytes]:
        """The fields that ENVELOPE speaks of, as in `mime.Part.fields`."""
        found = fields(self.beginning(MAX_HEADER))
        self._grown(sum(map(len, found.values())))
        return found

    @property
    def root(self) -> Part:
        """The message as the part that all others are in."""
        return done(self.parsing())

    def parsing(self) -> Work[Part]:
        """`root`, step by step."""
        if self._root is None:
            root = yield from parsing(self.data)
            if self._root is None:  # nobody else was quicker
                self._root = root
                self._grown(sum(_PART + part.looked_at - part.start for part in root.walk()))
        return self._root

    def envelope(self) -> Work[bytes]:
        """ENVELOPE."""
        if self._envelope is None:
            self._envelope = self._kept((yield from envelope(self.fields)))
        return self._envelope

    def body(self, *, rev2: bool) -> Work[bytes]:
        """BODY, for who speaks IMAP4rev2 or does not."""
        if rev2 not in self._bodies:
            root = yield from self.parsing()
            self._bodies[rev2] = self._kept((yield from body(root, rev2=rev2)))
        return self._bodies[rev2]

    def bodystructure(self, *, rev2: bool) -> Work[bytes]:
        """BODYSTRUCTURE, likewise."""
        if rev2 not in self._bodystructures:
            root = yield from self.parsing()
            made = yield from bodystructure(root, rev2=rev2)
            self._bodystructures[rev2] = self._kept(made)
        return self._bodystructures[rev2]

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
