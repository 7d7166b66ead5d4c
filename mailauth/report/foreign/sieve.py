"""The relevant lines of a log, found quickly by their tags and marks.

Nearly always, the lines of a chunk are of one month and syslogd has not replaced any of them by
"last message repeated". Then the relevant lines are enough. Otherwise all lines are kept.
"""

import re
from collections.abc import Iterable

import msgspec

from mailauth.report.foreign.envelope import LAST_REPEATED
from mailauth.report.foreign.formats import Format
from mailauth.report.foreign.postfix import Thinner

BEGINNING = 4  # characters: a month and a space, or a year
_MONTH = re.compile(r"[A-Z][a-z]{2} \Z")
_YEAR = re.compile(r"\d{4}\Z", re.ASCII)
_TAG = re.compile(r"\S+ ([^\s:\[\]]+)(?:\[\d+\])?\Z", re.ASCII)
_STAMP = 16  # characters of a stamp without a year, and a space
_LONGEST_TAG = 112  # characters of host, program and process
_TAG_END = _STAMP + _LONGEST_TAG
_TAGS = 50_000  # of which the relevant marks are cached
_OF_OCTETS = '"MESSAGE":['  # a message of journald without a mark


class Sifted(msgspec.Struct, frozen=True, array_like=True):
    """The lines that are kept of a chunk of `count` lines, and the last line of the chunk.

    If there are `marks`, all lines are kept, and those with a mark are relevant.
    """

    lines: list[str]
    count: int
    last: str
    marks: list[str] | None = None


class Sieve:
    """Sifts the chunks of one log in order."""

    def __init__(self, formats: Iterable[Format]) -> None:
        self._marks = _Marks(formats)
        self._thinner = Thinner()
        self._beginning = ""  # of the line before

    def sift(self, text: str) -> Sifted:
        """Sift whole lines, joined by line feeds."""
        lines = text.split("\n")
        begin, marks = self._beginning, self._marks
        is_uniform = text.startswith(begin) and text.count(f"\n{begin}") == len(lines) - 1
        self._beginning = lines[-1][:BEGINNING]
        if not (begin and is_uniform) or LAST_REPEATED in text:
            self._thinner.unsure()
            present = [mark for mark in marks.all if mark in text]
            return Sifted(lines, len(lines), lines[-1], present)
        if _MONTH.match(begin):
            marked = [
                line
                for line in lines
                if any(map(line.__contains__, marks[line[_STAMP:_TAG_END].partition(":")[0]]))
            ]
            marked = self._thinner.thinned(marked)
        elif _YEAR.match(begin):
            marked = [
                line
                for line in lines
                if any(
                    map(
                        line.__contains__,
                        marks[line.partition(" ")[2][:_LONGEST_TAG].partition(":")[0]],
                    )
                )
            ]
            marked = self._thinner.thinned(marked)
        else:
            present = [mark for mark in marks.all if mark in text]
            marked = [line for line in lines if any(map(line.__contains__, present))]
        return Sifted(marked, len(lines), lines[-1])


class _Marks(dict[str, tuple[str, ...]]):
    """The relevant marks of a program's lines, by host, program and process as one text.

    For lines that begin in another way, the marks of all formats are used.
    """

    def __init__(self, formats: Iterable[Format]) -> None:
        super().__init__()
        self._formats = tuple(formats)
        self.all = (*(mark for known in self._formats for mark in known.marks), _OF_OCTETS)

    def __missing__(self, beginning: str) -> tuple[str, ...]:
        tag = _TAG.match(beginning)
        marks = self.all
        if tag is not None and len(beginning) < _LONGEST_TAG:  # else it is cut off
            readers = [known for known in self._formats if known.programs.fullmatch(tag[1])]
            marks = tuple(mark for known in readers for mark in known.marks)
        if len(self) >= _TAGS:
            self.clear()
        self[beginning] = marks
        return marks
