"""The memory for responses that their clients have not read yet. Pure.

Each reader may use a share of it. A client that does not read its responses gets no further long
ones, and such clients together cannot use more than the limit.
"""

from mailauth.web.http.message import HttpError

ALL_OCTETS = 32 * 1024 * 1024
EACH_OCTETS = 8 * 1024 * 1024


class Backlog:
    """The memory in use for each reader: an account, or an address without a login.

    A limit may be exceeded by one response, since its length is known only when it is made.
    """

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self._all = 0

    def __len__(self) -> int:
        return self._all

    def must_have_room(self, reader: str) -> None:
        """Raise `HttpError` if a reader's share, or all of the memory, is in use."""
        if self._all >= ALL_OCTETS or self._held.get(reader, 0) >= EACH_OCTETS:
            raise HttpError(
                503, "Too much of earlier responses has not been read yet.", (b"Retry-After", b"5")
            )

    def hold(self, reader: str, octets: int) -> None:
        """Count a response. Raises `HttpError` if there is no room for it."""
        self.must_have_room(reader)
        self._held[reader] = self._held.get(reader, 0) + octets
        self._all += octets

    def release(self, reader: str, octets: int) -> None:
        """Subtract a response that was read, or whose client has disconnected."""
        self._all -= octets
        self._held[reader] -= octets
        if not self._held[reader]:
            del self._held[reader]
