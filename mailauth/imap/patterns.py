"""LIST patterns: `*` matches anything, `%` anything within a level (RFC 9051 §6.3.9)."""

from mailauth.mailbox.names import INBOX, SEPARATOR, canonical_name

MAX_PATTERN = 1_000  # characters; a longer pattern matches nothing


class Pattern:
    """A pattern, matched in time proportional to its length times the name's.

    All positions in the pattern are tried at once: bit n is set while the first n characters of the
    pattern match.
    """

    __slots__ = ("_any", "_end", "_literals", "_text", "_wild")

    def __init__(self, text: str) -> None:
        self._text = text = canonical_name(text) if len(text) <= MAX_PATTERN else ""
        self._literals: dict[str, int] = {}  # the positions of each character
        self._any = 0  # the positions of *
        self._wild = 0  # the positions of * and %
        for at, character in enumerate(text):
            if character in "*%":
                self._wild |= 1 << at
                if character == "*":
                    self._any |= 1 << at
            else:
                self._literals[character] = self._literals.get(character, 0) | 1 << at
        self._end = 1 << len(text)

    def matches(self, name: str) -> bool:
        """Return whether the whole name matches; INBOX matches in any letter case."""
        return self.fits(name) or (name == INBOX and Pattern(self._text.upper()).fits(name))

    def levels(self) -> bool:
        """Return whether the pattern has a `%`, so that it may show names for their inferiors."""
        return self._any != self._wild

    def fits(self, name: str) -> bool:
        """Return whether the whole name matches, case-sensitively."""
        places = self._passing(1)
        for character in name:
            stay = self._any if character == SEPARATOR else self._wild
            places = self._passing((places & self._literals.get(character, 0)) << 1 | places & stay)
            if not places:
                return False
        return bool(places & self._end)

    def _passing(self, places: int) -> int:
        """Return these positions, and those reached by wildcards that match nothing."""
        while (passed := places | (places & self._wild) << 1) != places:
            places = passed
        return places
