"""Limits for requests whose responses take long to make or to send, for each reader."""

from collections import Counter
from collections.abc import Callable
from inspect import isawaitable

import msgspec

from mailauth.web.http.backlog import Backlog
from mailauth.web.http.message import HttpError, Response
from mailauth.web.routes import EventualResponse
from mailauth.web.turns import Turn

REQUESTS_EACH = 50  # at a time, of an account that sees only its own sign-ins


class Readers:
    """Answers readers in turns, unless they have too many requests or unread responses."""

    def __init__(self, turn: Turn, backlog: Backlog) -> None:
        self._turn = turn
        self._backlog = backlog
        self._requests: Counter[str] = Counter()

    async def answer(
        self, reader: str, make: Callable[[], EventualResponse], *, is_bounded: bool
    ) -> Response:
        """Make a response when it is the reader's turn. Raises `HttpError`.

        Only some readers are limited in the number of their requests.
        """
        self._backlog.must_have_room(reader)
        if is_bounded and self._requests[reader] >= REQUESTS_EACH:
            raise HttpError(503, "Too many requests are waiting.", (b"Retry-After", b"5"))
        self._requests[reader] += 1
        try:
            await self._turn()
            answer = make()
            response = await answer if isawaitable(answer) else answer
        finally:
            self._requests[reader] -= 1
            if not self._requests[reader]:
                del self._requests[reader]
        return msgspec.structs.replace(response, reader=reader)
