"""TAP and JUnit's XML, read back as their readers do."""

from xml.etree import ElementTree

from mailauth.kit.verdicts import Outcome, Verdict, junit, tap

VERDICTS = [
    Verdict("a secure login of bob", Outcome.PASSED, lines=["it came"]),
    Verdict(
        "no password #1 is \\exposed\nok 3", Outcome.FAILED, lines=["<b> & \x1b[31m\ud800", "two"]
    ),
]


def test_tap_numbers_its_tests_and_escapes_what_it_would_act_on() -> None:
    assert tap(VERDICTS).splitlines() == [
        "TAP version 14",
        "1..2",
        "ok 1 - a secure login of bob",
        "# it came",
        r"not ok 2 - no password \#1 is \\exposed\\u000aok 3",
        r"# <b> & \u001b[31m\ud800",
        "# two",
    ]


def test_junit_is_xml_whatever_was_recorded() -> None:
    suite = ElementTree.fromstring(junit("mailauth", VERDICTS, 1.5))
    assert (suite.get("tests"), suite.get("failures"), suite.get("time")) == ("2", "1", "1.500")
    passed, failed = suite
    assert passed.find("failure") is None
    failure = failed.find("failure")
    assert failure is not None
    assert failure.text == "<b> & \N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}\ntwo"


def test_a_suite_without_a_test_is_an_error() -> None:
    suite = ElementTree.fromstring(junit("mailauth", [], 0))
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
    assert suite[0].find("error") is not None
