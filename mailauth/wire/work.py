"""Long work as a generator, which pauses after every bounded step.

It yields the empty chunk with which a `wire.effects.Stream` gives other connections their turn. A
stream does such work by `yield from`.
"""

from collections.abc import Generator
from typing import Final, TypeVar

T = TypeVar("T")

PAUSE: Final = b""
Work = Generator[bytes, None, T]


def done(work: Work[T]) -> T:
    """Do all of the work at once."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
