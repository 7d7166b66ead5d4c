"""Verdicts in the formats of test runners: the Test Anything Protocol, and JUnit's XML.

TAP is version 14 (https://testanything.org/tap-version-14-specification.html). JUnit's XML has no
standard; this is the form that Jenkins, GitLab and GitHub's reporters read.
"""

import enum
import re
from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree

import msgspec

from mailauth.config.errors import printable

# XML 1.0 §2.2 does not allow these, even escaped.
_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Outcome(enum.Enum):
    """The outcome of a test; a test with `ERROR` could not be carried out."""

    PASSED = "passed"
    FAILED = "failure"
    ERROR = "error"


class Verdict(msgspec.Struct, frozen=True):
    """One test: its name, its outcome, and the lines that explain it."""

    name: str
    outcome: Outcome
    lines: Sequence[str] = ()

    @property
    def passed(self) -> bool:
        """Whether it passed."""
        return self.outcome is Outcome.PASSED


def tap(verdicts: Sequence[Verdict]) -> str:
    """Format TAP; the lines of each verdict become comments after its test."""
    lines = ["TAP version 14", f"1..{len(verdicts)}"]
    for number, verdict in enumerate(verdicts, 1):
        name = printable(verdict.name).replace("\\", "\\\\").replace("#", "\\#")
        lines.append(f"{'ok' if verdict.passed else 'not ok'} {number} - {name}")
        lines += [f"# {printable(line)}" for line in verdict.lines]
    return "\n".join(lines) + "\n"


def junit(suite: str, verdicts: Sequence[Verdict], seconds: float) -> str:
    """Format a test suite as JUnit's XML; it took `seconds` in total.

    A suite without tests becomes an error, since readers would treat it as a success.
    """
    if not verdicts:
        verdicts = [Verdict("something to test", Outcome.ERROR, ["no test was carried out"])]
    outcomes = Counter(verdict.outcome for verdict in verdicts)
    root = ElementTree.Element(
        "testsuite",
        name=suite,
        tests=str(len(verdicts)),
        failures=str(outcomes[Outcome.FAILED]),
        errors=str(outcomes[Outcome.ERROR]),
        skipped="0",
        time=f"{seconds:.3f}",
    )
    for verdict in verdicts:
        case = ElementTree.SubElement(root, "testcase", classname=suite, name=_text(verdict.name))
        said = _text("\n".join(verdict.lines))
        if not verdict.passed:
            why = ElementTree.SubElement(case, verdict.outcome.value, message=_text(verdict.name))
            why.text = said
        elif said:
            ElementTree.SubElement(case, "system-out").text = said
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, "unicode")}\n'


def _text(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
