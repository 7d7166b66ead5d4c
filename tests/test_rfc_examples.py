"""Where the example dialogues of the RFCs are tests, and why some are not.

A test is named by its RFC and section: `test_rfc5258_section_5_example_9` plays an example of
RFC 5258 §5, `test_rfc3501_section_6_3_6_and_7` one of §6.3.6 and one of §6.3.7. The tables have
every section of these RFCs in which a dialogue with a server of our kind stands.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

EXAMPLES: dict[int, str] = {
    # IMAP
    2177: "3",
    2342: "5",
    2971: "3.1 3.2",
    3501: "6.1.1 6.1.2 6.1.3 6.2.1 6.2.2 6.2.3 6.3.1 6.3.2 6.3.3 6.3.4 6.3.5 6.3.6 6.3.7 6.3.8"
    " 6.3.9 6.3.10 6.3.11 6.4.1 6.4.2 6.4.3 6.4.4 6.4.5 6.4.6 6.4.7 6.4.8 6.5.1 7.1.1 7.1.2 7.1.3"
    " 7.4.2 7.5 8",
    3691: "2",
    4315: "2.1 3",
    4731: "3.1 3.2",
    4959: "4",
    5032: "4",
    5161: "3.1",
    5182: "2.2 2.3 2.4",
    5258: "5",
    5530: "3",
    5819: "3",
    6154: "5.1 5.2 5.3 5.4",
    6851: "3.3",
    7162: "3.1.2.1 3.1.2.2 3.1.3 3.1.4.1 3.1.4.2 3.1.5 3.1.7 3.1.8 3.1.10 3.1.12 3.2 6",
    7888: "3",
    7889: "2 3.1 3.2",
    8438: "3",
    2087: "4.1 4.2 4.3",
    9051: "6.1.1 6.1.2 6.1.3 6.2.1 6.2.2 6.2.3 6.3.1 6.3.2 6.3.3 6.3.4 6.3.5 6.3.6 6.3.7 6.3.8"
    " 6.3.9.7 6.3.9.8 6.3.10 6.3.11 6.3.12 6.3.13 6.4.1 6.4.2 6.4.3 6.4.4 6.4.4.4 6.4.5 6.4.5.1"
    " 6.4.6 6.4.7 6.4.8 6.4.9 6.5 7.1 7.1.1 7.1.2 7.1.3 7.1.4 7.2.1 7.3.4 7.6 8",
    9208: "4.1.1 4.1.2 4.1.3 4.1.4 4.3.1",
    # POP3
    1939: "4 5 6 7 10",
    2449: "5 8.1.2",
    2595: "3.1 4 6",
    5034: "6",
    6856: "3.3",
    # SMTP
    1870: "8",
    2034: "6",
    2920: "4",
    3030: "4.1 4.2",
    3207: "5",
    3461: "10.1 10.2 10.3 10.4 10.5 10.6 10.7 10.8 10.9",
    4954: "4.1 5",
    5321: "3.5.1 D.1 D.2 D.3 D.4",
    6152: "4",
    # SASL
    2195: "2",
    4013: "3",
    4616: "4",
    5802: "5",
    7628: "4.1 4.2 4.3 4.4",
    7677: "3",
}

THE_SAME: dict[tuple[int, str], tuple[int, str]] = {
    (2595, "3.1"): (3501, "6.2.1"),
    (2971, "3.2"): (2971, "3.1"),
    (5182, "2.4"): (9051, "6.4.4.4"),
    (5530, "3"): (9051, "7.1"),
    (9051, "7.1.1"): (9051, "6.2.3"),
    (9208, "4.1.2"): (2087, "4.3"),
    (3501, "7.1.1"): (3501, "6.2.3"),
}

LEFT_OUT: dict[tuple[int, str], str] = {
    (2595, "6"): "a dialogue in ACAP",
    (3461, "10.2"): "what a server hears that is relayed to is as in §10.1",
    (3461, "10.3"): "what a server hears that is relayed to is as in §10.1",
    (3461, "10.5"): "nothing is relayed",
    (3461, "10.7"): "nothing is accepted that cannot be delivered",
    (3461, "10.8"): "nothing is relayed",
    (3461, "10.9"): "nothing is accepted that cannot be delivered",
    (3501, "6.2.2"): "GSSAPI",
    (3501, "7.1.2"): "no quota warns before it is used up",
    (6154, "5.3"): "CREATE-SPECIAL-USE is not announced; §5.2 plays its refusal",
    (6154, "5.4"): "METADATA is not announced",
    (7162, "3.1.2.2"): "every mailbox has mod-sequences",
    (7162, "3.1.12"): "a message has one mod-sequence for all its flags, as in §3.1.3 example 10",
    (7162, "3.2"): "QRESYNC is not announced",
    (7162, "6"): "QRESYNC is not announced",
    (7628, "4.2"): "OAUTH10A is not offered",
    (9051, "6.3.9.7"): "mailboxes are not announced to other sessions, which they may be",
    (9051, "6.5"): "an experimental command",
    (9051, "7.1.2"): "no quota warns before it is used up",
    (9051, "7.1.4"): "nobody is logged in by connecting",
    (9051, "7.3.4"): "every ESEARCH has the tag of its command",
    (9208, "4.1.3"): "QUOTASET is not announced; RFC 2087 §4.1 plays its refusal",
}

_NAMED = re.compile(r"^ *def test_rfc(\d+)_(?:section|appendix)_(\w+)\(", re.MULTILINE)
_SECTION = re.compile(r"(?:[a-z]_)?\d+(?:_\d+)*(?=_|$)")
_AND = "_and_"


def _sections(name: str) -> Iterator[str]:
    """The sections at the front of a test's name: `6_3_6_and_7_here` are 6.3.6 and 6.3.7."""
    above: list[str] = []
    at = 0
    while match := _SECTION.match(name, at):
        numbers = match[0].split("_")
        if len(numbers) == 1:
            numbers = [*above, *numbers]
        yield ".".join(numbers).upper()
        above = numbers[:-1]
        at = match.end() + len(_AND)
        if not name.startswith(_AND, match.end()):
            return


PLAYED = {
    (int(rfc), section)
    for file in Path(__file__).parent.rglob("test_*.py")
    for rfc, name in _NAMED.findall(file.read_text("utf-8"))
    for section in _sections(name)
}
ALL = [(rfc, section) for rfc, sections in EXAMPLES.items() for section in sections.split()]


@pytest.mark.parametrize(("rfc", "section"), ALL)
def test_every_example_is_played_or_left_out_for_a_reason(rfc: int, section: str) -> None:
    """A section has a test of its own, or another RFC's with the same example, or a reason."""
    example = rfc, section
    assert (THE_SAME.get(example, example) in PLAYED) != (example in LEFT_OUT)


def test_nothing_else_is_explained() -> None:
    """The tables fit each other."""
    assert {*THE_SAME, *LEFT_OUT} <= set(ALL)
    assert not THE_SAME.keys() & LEFT_OUT.keys()


def test_names_are_sections() -> None:
    """How the names of tests are read."""
    for name, sections in {
        "6_3_6_and_7": ["6.3.6", "6.3.7"],
        "d_1": ["D.1"],
        "3_1_2_1_and_3_1_8": ["3.1.2.1", "3.1.8"],
        "5_examples_1_and_2": ["5"],
        "7_1_of_logins": ["7.1"],
        "7_top_and_uidl": ["7"],
    }.items():
        assert list(_sections(name)) == sections
