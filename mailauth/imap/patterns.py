"""Patterns of LIST: `*` is anything, `%` anything within a level (RFC 9051 §6.3.9)."""

from mailauth.mailbox.names import INBOX, SEPARATOR, canonical_name

MAX_PATTERN = 1_000  # characters; a longer one matches nothing, since names are shorter


class Pattern:
    """A pattern; what it costs to match grows with its length times the name's, and no faster.

    All places in it are tried at once, one bit each: bit n stands for what comes behind the first
    n characters.
    """

    __slots__ = ("_any", "_end", "_literals", "_text", "_wild")

    def __init__(self, text: str) -> None:
        self._text = text = canonical_name(text) if len(text) <= MAX_PATTERN else ""
        self._literals: dict[str, int] = {}  # the places of each character
        self._any = 0  # the places of *
        self._wild = 0  # the places of * and %
        for at, character in enumerate(text):
            if character in "*%":
                self._wild |= 1 << at
                if character == "*":
                    self._any |= 1 << at
            else:
                self._literals[character] = self._literals.get(character, 0) | 1 << at
        self._end = 1 << len(text)

    def matches(self, name: str) -> bool:
        """Say whether the whole name fits; INBOX does so in any letter case."""
        return self.fits(name) or (name == INBOX and Pattern(self._text.upper()).fits(name))

    def levels(self) -> bool:
        """Whether names may be shown only because others are below them: there is a `%`."""
        return self._any != self._wild

    def fits(self, name: str) -> bool:
        """Say whether the whole name fits, letter for letter."""
        places = self._passing(1)
        for character in name:
            stay = self._any if character == SEPARATOR else self._wild
            places = self._passing((places & self._literals.get(character, 0)) << 1 | places & stay)
            if not places:
                return False
        return bool(places & self._end)

    def _passing(self, places: int) -> int:
        """These places, and those that are reached by wildcards that stand for nothing."""
        while (passed := places | (places & self._wild) << 1) != places:
            places = passed
        return places
