"""Verdicts for the programs that run tests: the Test Anything Protocol, and JUnit's XML.

TAP is version 14 (https://testanything.org/tap-version-14-specification.html). JUnit's XML has no
standard; what stands here is what Jenkins, GitLab and GitHub's reporters read.
"""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

import msgspec

from mailauth.config.errors import printable

# What XML 1.0 §2.2 does not allow, not even escaped.
_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Verdict(msgspec.Struct, frozen=True):
    """One test: its name, whether it has passed, and the lines that say why."""

    name: str
    passed: bool
    lines: Sequence[str] = ()


def tap(verdicts: Sequence[Verdict]) -> str:
    """Write TAP; what there is to say stands as comments below each test."""
    lines = ["TAP version 14", f"1..{len(verdicts)}"]
    for number, verdict in enumerate(verdicts, 1):
        name = printable(verdict.name).replace("\\", "\\\\").replace("#", "\\#")
        lines.append(f"{'ok' if verdict.passed else 'not ok'} {number} - {name}")
        lines += [f"# {printable(line)}" for line in verdict.lines]
    return "\n".join(lines) + "\n"


def junit(suite: str, verdicts: Sequence[Verdict], seconds: float) -> str:
    """Write a test suite as JUnit's XML, `seconds` being how long all of it took."""
    failed = sum(not verdict.passed for verdict in verdicts)
    root = ElementTree.Element(
        "testsuite",
        name=suite,
        tests=str(len(verdicts)),
        failures=str(failed),
        errors="0",
        skipped="0",
        time=f"{seconds:.3f}",
    )
    for verdict in verdicts:
        case = ElementTree.SubElement(root, "testcase", classname=suite, name=_text(verdict.name))
        said = _text("\n".join(verdict.lines))
        if not verdict.passed:
            failure = ElementTree.SubElement(case, "failure", message=_text(verdict.name))
            failure.text = said
        elif said:
            ElementTree.SubElement(case, "system-out").text = said
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, "unicode")}\n'


def _text(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
