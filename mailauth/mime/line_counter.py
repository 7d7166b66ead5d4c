"""Counts lines of parts (RFC 3501 §7.4.2), however deeply parts are nested."""

_BLOCK = 4_096


class LineCounter:
    """Counts lines in ranges of the same octets, sharing the work between ranges."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._before = [0]  # lines that end before each block, computed on demand

    def between(self, start: int, end: int) -> int:
        """Return the number of lines in a range; the last need not be ended."""
        if start >= end:
            return 0
        data = self._data
        first, last = start // _BLOCK + 1, end // _BLOCK
        if first >= last:
            ended = data.count(b"\n", start, end)
        else:
            ended = (
                data.count(b"\n", start, first * _BLOCK)
                + (self._ended_before(last) - self._ended_before(first))
                + data.count(b"\n", last * _BLOCK, end)
            )
        return ended if data[end - 1] == 10 else ended + 1

    def _ended_before(self, block: int) -> int:
        before = self._before
        while len(before) <= block:
            end = len(before) * _BLOCK
            before.append(before[-1] + self._data.count(b"\n", end - _BLOCK, end))
        return before[block]
