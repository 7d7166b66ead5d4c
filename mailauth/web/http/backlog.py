"""The backlog: answers that were made and that their clients have yet to take. Pure.

Memory for them is lent, of which each reader has a share. A client that does not take its
answers gets no more long ones, and no number of such clients takes more than there is.
"""

from mailauth.web.http.message import HttpError

ALL_OCTETS = 32 * 1024 * 1024
EACH_OCTETS = 8 * 1024 * 1024


class Backlog:
    """How much is held for whom; a reader is an account, or an address where nobody has logged in.

    What is held may exceed the limits by one answer, for how long one is shows when it is made.
    """

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self._all = 0

    def __len__(self) -> int:
        return self._all

    def must_have_room(self, reader: str) -> None:
        """Raise `HttpError` where no more is held for a reader."""
        if self._all >= ALL_OCTETS or self._held.get(reader, 0) >= EACH_OCTETS:
            raise HttpError(
                503, "Too much of earlier responses has not been read yet.", (b"Retry-After", b"5")
            )

    def hold(self, reader: str, octets: int) -> None:
        """Count an answer; raises `HttpError` if there is not room for it."""
        self.must_have_room(reader)
        self._held[reader] = self._held.get(reader, 0) + octets
        self._all += octets

    def release(self, reader: str, octets: int) -> None:
        """Forget an answer that was taken, or whose client has gone."""
        self._all -= octets
        self._held[reader] -= octets
        if not self._held[reader]:
            del self._held[reader]
