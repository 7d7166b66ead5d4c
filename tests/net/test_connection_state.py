"""The inbox of a connection."""

from mailauth.net.connection_state import Inbox
from mailauth.wire.effects import Close, Effect, Write
from tests.support.toy import ToyServer


class Told(ToyServer):
    """A core that only says what it was told."""

    def __init__(self) -> None:
        pass

    def receive(self, data: bytes) -> list[Effect]:
        return [Write(data or b"go on")]

    def notified(self) -> list[Effect]:
        return [Write(b"news")]

    def shutting_down(self) -> list[Effect]:
        return [Write(b"stop")]


def test_a_core_hears_one_thing_at_a_time_and_in_this_order() -> None:
    """Its buffer came before the new segment; it takes leave only when all of both is answered."""
    inbox = Inbox(resumed=True, arrived=b"segment", news=True, stopping=True, input_ended=True)
    told = [inbox.tell(Told()) for _ in range(5)]
    said = [Write(b"go on"), Write(b"segment"), Write(b"news"), Write(b"stop"), Close()]
    assert told == [[each] for each in said]


def test_the_end_of_the_input_is_not_taken_back() -> None:
    inbox = Inbox()
    assert inbox.is_empty()
    inbox.input_ended = True
    inbox.tell(Told())
    assert not inbox.is_empty()
