"""A bounded cache of messages that were read and parsed."""

from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property, partial
from weakref import WeakValueDictionary

from mailauth.imap.envelope import envelope
from mailauth.imap.structure import body, bodystructure
from mailauth.mailbox.message import Content
from mailauth.mime.parts import MAX_HEADER, Part, fields, parsing
from mailauth.wire.work import Work, done

TURN_OCTETS = 300_000  # of messages that are read in one turn, while other connections wait
MESSAGE_OCTETS = 2_000  # that could be read in the time that any message takes
MAX_OCTETS = 32 * 1024 * 1024
_MESSAGE = 1_000  # octets of memory that a message takes besides its data
_PART = 1_000  # octets of memory that a part takes
_WITHOUT_NUL = b"\x80" + bytes(range(1, 256))


class ParsedMessage:
    """One message, whose derived data are computed once, on demand.

    `octets` is the memory it takes; `grown` is called with every increase.
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
        """Return at most the first `octets` of the header."""
        return self.data[: min(self.header_octets, octets)]

    @cached_property
    def without_nul(self) -> bytes:
        """The message with NULs replaced, since an IMAP string cannot contain them."""
        if b"\0" not in self.data:
            return self.data
        return self._kept(self.data.translate(_WITHOUT_NUL))

    @cached_property
    def fields(self) -> dict[bytes, bytes]:
        """The fields that ENVELOPE needs, as in `mime.Part.fields`."""
        found = fields(self.beginning(MAX_HEADER))
        self._grown(sum(map(len, found.values())))
        return found

    @property
    def root(self) -> Part:
        """The outermost part, which is the message itself."""
        return done(self.parsing())

    def parsing(self) -> Work[Part]:
        """Compute `root` step by step."""
        if self._root is None:
            root = yield from parsing(self.data)
            if self._root is None:  # unless another connection was quicker
                self._root = root
                self._grown(sum(_PART + part.looked_at - part.start for part in root.walk()))
        return self._root

    def envelope(self) -> Work[bytes]:
        """ENVELOPE."""
        if self._envelope is None:
            self._envelope = self._kept((yield from envelope(self.fields)))
        return self._envelope

    def body(self, *, rev2: bool) -> Work[bytes]:
        """BODY, for IMAP4rev2 or IMAP4rev1."""
        if rev2 not in self._bodies:
            root = yield from self.parsing()
            self._bodies[rev2] = self._kept((yield from body(root, rev2=rev2)))
        return self._bodies[rev2]

    def bodystructure(self, *, rev2: bool) -> Work[bytes]:
        """BODYSTRUCTURE, for IMAP4rev2 or IMAP4rev1."""
        if rev2 not in self._bodystructures:
            root = yield from self.parsing()
            made = yield from bodystructure(root, rev2=rev2)
            self._bodystructures[rev2] = self._kept(made)
        return self._bodystructures[rev2]

    def decoded(self, part: Part, decode: Callable[[], bytes]) -> bytes:
        """Return the decoded body of a part; `decode` is called once."""
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
    """The most recently used messages, within a limit of memory.

    The latest message is kept even if it exceeds the limit. A message that is still in use
    elsewhere is shared rather than read again.
    """

    def __init__(self, octets: int = MAX_OCTETS) -> None:
        self._limit = octets
        self._used = 0
        self._messages: OrderedDict[Content, ParsedMessage] = OrderedDict()
        self._in_use: WeakValueDictionary[Content, ParsedMessage] = WeakValueDictionary()

    def get(self, content: Content) -> ParsedMessage:
        """Return the message with this content; raises like `Content.read`."""
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
            return  # it was evicted, but is still in use elsewhere
        self._used += octets
        while self._used > self._limit and len(self._messages) > 1:
            _, oldest = self._messages.popitem(last=False)
            self._used -= oldest.octets
