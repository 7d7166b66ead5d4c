"""Work that may take long, as a generator: it stops after every bounded step.

What it yields is the empty chunk with which a `wire.effects.Stream` lets others have their turn, so
that a stream does such work by `yield from`.
"""

from collections.abc import Generator
from typing import Final, TypeVar

T = TypeVar("T")

PAUSE: Final = b""
Work = Generator[bytes, None, T]


def done(work: Work[T]) -> T:
    """Do all of it at once."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
