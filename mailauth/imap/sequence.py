"""Sequence sets of message numbers or UIDs (RFC 9051 §9)."""

import enum
import itertools
from collections.abc import Iterable

from mailauth.mailbox.view import Range


class Saved(enum.Enum):
    """`$`: the last saved search result (RFC 5182)."""

    RESULT = "$"


SequenceSet = tuple[Range, ...] | Saved


def written(numbers: Iterable[int]) -> str:
    """Format numbers as a sequence set, in order; consecutive numbers become ranges."""
    parts = []
    for _, run in itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        first, last = members[0], members[-1]
        parts.append(f"{first}" if first == last else f"{first}:{last}")
    return ",".join(parts)
