"""Sequence sets (RFC 9051 §9): of message numbers or UIDs, as they come and as they are written."""

import enum
import itertools
from collections.abc import Iterable

from mailauth.mailbox.view import Range


class Saved(enum.Enum):
    """`$`: the search result that was saved last (RFC 5182)."""

    RESULT = "$"


SequenceSet = tuple[Range, ...] | Saved


def written(numbers: Iterable[int]) -> str:
    """A sequence set of these numbers in their order; runs that ascend by one are ranges."""
    parts = []
    for _, run in itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        first, last = members[0], members[-1]
        parts.append(f"{first}" if first == last else f"{first}:{last}")
    return ",".join(parts)
