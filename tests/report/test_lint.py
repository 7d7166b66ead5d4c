"""lint holds lines to DESIGN 2.1, strictly."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.login.event import Service
from mailauth.record.line import LoginLine, format_line
from mailauth.report.lint import LINE_OCTETS, Linter, Severity, lines_of

GOLDEN = Path(__file__).parents[1] / "golden"
GOOD = "2026-11-23 10:00:00,000 - [IMAP] {SECURE} - bob - 10.0.0.1 (LAN)"


def remarks(*data: bytes | str) -> list[tuple[int, str, str]]:
    content = b"".join(part.encode() + b"\n" if isinstance(part, str) else part for part in data)
    found = Linter().check(lines_of(io.BytesIO(content), lambda _: None))
    return [
        (finding.line, finding.remark.severity.value, finding.remark.message) for finding in found
    ]


@pytest.mark.parametrize("name", ["xeams-first.log", "xeams-after-fix.log"])
def test_the_samples_of_xeams_are_good(name: str) -> None:
    linter = Linter()
    with (GOLDEN / name).open("rb") as file:
        assert list(linter.check(file)) == []
    assert linter.lines > 0
    assert linter.bad == 0


@given(
    st.builds(
        LoginLine,
        time=st.datetimes().map(lambda time: time.replace(microsecond=0)),
        protocol=st.sampled_from(Service),
        secure=st.booleans(),
        account=st.text(min_size=1),
        address=st.builds(str, st.ip_addresses()),
        origin=st.sampled_from(["LAN", "Unknown", "Bonaire, Sint Eustatius and Saba"]),
    )
)
def test_whatever_the_server_writes_is_good(line: LoginLine) -> None:
    assert remarks(format_line(line)) == []


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("", "no time such as"),
        (GOOD.replace(",000", ".000"), "no time such as"),
        (GOOD.replace("11-23", "13-23"), "is not a time"),
        (GOOD.replace("IMAP", "IMAPS"), "no [SMTP], [IMAP], [POP3] or [HTTP]"),
        (GOOD.replace("SECURE", "INSECURE"), "no {SECURE} or {UNSECURE}"),
        (GOOD.replace("10.0.0.1", "10.0.0"), "is not an IP address"),
        (GOOD.replace("10.0.0.1", "2001:DB8::1"), 'the address is written "2001:db8::1"'),
        (GOOD.replace("10.0.0.1", "::ffff:10.0.0.1"), 'the address is written "10.0.0.1"'),
        (GOOD.replace("10.0.0.1", "fe80::1%eth0"), 'the address is written "fe80::1"'),
        (GOOD.replace("bob", "50%"), 'the name is written "50%25"'),
        (GOOD.replace("bob", "b\u202eob"), 'the name is written "b%E2%80%AEob"'),
        (GOOD.replace("bob", "b\tb ob"), 'the name is written "b%09b ob"'),
        (GOOD.replace("LAN", "A (B)"), 'the origin is written "A [B]"'),
        (GOOD.removesuffix(")"), "no origin in parentheses"),
        (GOOD + " ", "no origin in parentheses"),
        (GOOD + " - wrong password", "no origin in parentheses"),
        ("x" * (LINE_OCTETS + 1), "longer than 65536 octets"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(line: str, complaint: str) -> None:
    found = [(number, message) for number, kind, message in remarks(GOOD, line) if kind == "error"]
    assert len(found) == 1
    assert found[0][0] == 2
    assert complaint in found[0][1]


def test_encoding_and_endings_are_checked() -> None:
    assert remarks(GOOD.encode() + b"\r\n") == [(1, "error", "the line ends in CRLF instead of LF")]
    assert remarks(GOOD.encode()) == [(1, "error", "the last line has no ending")]
    latin = GOOD.replace("LAN", "Réunion").encode("latin-1") + b"\n"
    assert remarks(latin) == [(1, "error", "not UTF-8: octet 62")]
    assert remarks("\ufeff" + GOOD)[0][1] == "error"


def test_a_space_in_a_name_is_a_warning() -> None:
    assert remarks(GOOD.replace("bob", "bob builder")) == [(1, "warning", "a space in the name")]


def test_an_hour_that_the_zone_repeats_is_a_warning_and_more_is_not() -> None:
    back = GOOD.replace("10:00:00", "09:00:00")
    [(line, severity, message)] = remarks(GOOD, back)
    assert (line, severity) == (2, "warning")
    assert "repeats an hour" in message
    [(line, severity, message)] = remarks(GOOD, GOOD.replace("10:00:00", "08:59:59"))
    assert (line, severity, message) == (2, "error", "the time steps back by 1:00:01")


def test_a_line_counts_as_bad_once_whatever_is_wrong_with_it() -> None:
    linter = Linter()
    line = GOOD.replace("bob", "50% of bob").replace("10.0.0.1", "::FFFF:1.2.3.4") + "\r\n"
    found = list(linter.check([line.encode()]))
    assert [finding.remark.severity for finding in found].count(Severity.ERROR) == 3
    assert (linter.lines, linter.bad, linter.warnings) == (1, 1, 1)
