"""The line: what is written is read back, and nothing in a name can mislead (DESIGN 2.1)."""

import contextlib
import re
import sys
import unicodedata
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailauth.login.event import Service
from mailauth.record.line import (
    LineError,
    LoginLine,
    escape,
    failure,
    format_line,
    origin_label,
    parse_line,
    unescape,
)

GOLDEN = Path(__file__).parent.parent / "golden"

BOB = LoginLine(
    time=datetime(2020, 7, 28, 16, 12, 2, 759000),
    protocol=Service.IMAP,
    secure=False,
    account="bob@mydomain.com",
    address="10.11.12.102",
    origin="LAN",
)

INVISIBLE_LETTERS = "\u115f\u1160\u3164\uffa0"  # Hangul fillers

any_name = st.text(st.characters(codec=None), min_size=1)
lines = st.builds(
    LoginLine,
    time=st.datetimes().map(lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)),
    protocol=st.sampled_from(Service),
    secure=st.booleans(),
    account=any_name,
    address=st.ip_addresses().map(str),
    origin=st.sampled_from(["LAN", "Unknown", "Côte d'Ivoire", "Bonaire, Sint Eustatius", "x - y"]),
)


def bob_called(account: str) -> LoginLine:
    return msgspec.structs.replace(BOB, account=account)


def test_a_line_is_the_line_of_xeams() -> None:
    assert format_line(BOB) == (
        "2020-07-28 16:12:02,759 - [IMAP] {UNSECURE} - bob@mydomain.com - 10.11.12.102 (LAN)"
    )


@pytest.mark.parametrize("name", ["xeams-first.log", "xeams-after-fix.log"])
def test_the_lines_of_xeams_read_and_write_alike(name: str) -> None:
    for line in (GOLDEN / name).read_text("utf-8").splitlines():
        assert format_line(parse_line(line)) == line


@given(lines)
@example(bob_called(" - 1.2.3.4 (LAN)"))
@example(
    bob_called("a - [IMAP] {SECURE} - mary - 10.0.0.1 (LAN)\n2020-07-28 16:12:02,759 - [IMAP]")
)
@example(bob_called("%41"))
@example(bob_called("%25"))
@example(bob_called("%0A"))
@example(bob_called("%ED%A0%80"))
@example(bob_called("\ud800\udc00"))
@example(bob_called("\udc80"))
@example(bob_called("\u202emoc.niamodym@bob"))
@example(bob_called("bob\u200b@mydomain.com"))
@example(bob_called("(LAN)"))
@example(bob_called("-"))
def test_whatever_the_name_is_it_reads_back(line: LoginLine) -> None:
    text = format_line(line)
    assert parse_line(text) == line
    assert len(text.splitlines()) == 1
    assert len(text.encode("utf-8").split()) >= 9


@given(any_name)
def test_no_name_adds_a_field_or_a_line(name: str) -> None:
    """A reader that splits at ` - ` sees four fields, whatever the name is."""
    assert len(format_line(bob_called(name)).split(" - ")) == 4


def test_every_character_that_could_mislead_is_encoded() -> None:
    """Controls, white space, bidirectional and zero-width controls, surrogates; nothing else."""
    misleading = {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character) in misleading or character in "%\u2800":
            assert escape(character).startswith("%"), hex(code)
            assert escape(character).isascii()
        elif unicodedata.category(character)[0] in "LNPS" and character not in INVISIBLE_LETTERS:
            assert escape(character) == character, hex(code)


@pytest.mark.parametrize(
    "text",
    [
        "100%",  # no escape at all
        "%41",  # `escape` does not encode a letter
        "a%0ab",  # it writes upper case
        "%C3",  # half a character
        "%C0%80",  # overlong
        "John%20von Neumann",  # it would have encoded the other space too
    ],
)
def test_what_escape_would_not_have_written_stays_as_it_is(text: str) -> None:
    """Genuine files of Xeams have names that only look encoded."""
    assert unescape(text) == text


@pytest.mark.parametrize(
    ("account", "line"),
    [
        (
            "John Smith",
            "2020-07-28 16:12:02,759 - [HTTP] {SECURE} - John Smith - 10.11.12.102 (LAN)",
        ),
        (
            "a - b",
            "2020-07-28 16:12:02,759 - [HTTP] {SECURE} - a - b - 10.11.12.102 (LAN)",
        ),
        (
            "x - 1.2.3.4 (LAN)",
            "2020-07-28 16:12:02,759 - [POP3] {SECURE} - x - 1.2.3.4 (LAN) - 10.11.12.102 (LAN)",
        ),
    ],
)
def test_genuine_names_with_spaces_are_read_from_the_right(account: str, line: str) -> None:
    assert parse_line(line).account == account
    assert parse_line(line).address == "10.11.12.102"


def test_an_origin_with_parentheses_of_its_own_is_read() -> None:
    """Other writers do not turn them into brackets."""
    line = parse_line(
        "2020-07-28 16:12:02,759 - [IMAP] {SECURE} - bob - 1.2.3.4 (Congo (Kinshasa))"
    )
    assert (line.account, line.origin) == ("bob", "Congo (Kinshasa)")


def test_parentheses_of_an_origin_become_brackets() -> None:
    assert origin_label("Congo (Kinshasa)") == "Congo [Kinshasa]"
    assert origin_label("evil)\n2020 (\u202e") == "evil] 2020 [\ufffd"


@pytest.mark.parametrize("origin", ["", " ", "\xa0\t"])
def test_an_origin_that_says_nothing_is_unknown(origin: str) -> None:
    assert origin_label(origin) == "Unknown"


GOOD = "2020-07-28 16:12:02,759 - [IMAP] {UNSECURE} - bob@mydomain.com - 10.11.12.102 (LAN)"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("", "no time"),
        (GOOD.replace("2020-07", "2020-13"), "is not a time: month must be in 1..12"),
        (GOOD.replace(",759", ".759"), "no time"),
        (GOOD.replace("2020-", "２０２０-"), "no time"),
        (GOOD.replace("IMAP", "IMAPS"), "no [SMTP], [IMAP], [POP3] or [HTTP]"),
        (GOOD.replace("UNSECURE", "INSECURE"), "no {SECURE} or {UNSECURE}"),
        (GOOD.replace("bob@mydomain.com", ""), "no account"),
        (GOOD.replace("bob@mydomain.com - ", ""), "no account, address and (origin)"),
        (GOOD.replace(" (LAN)", ""), "no origin in parentheses"),
        (GOOD.replace("(LAN)", "()"), "no account, address and (origin)"),
        (GOOD.replace("10.11.12.102", "10.11.12.302"), "'10.11.12.302' is not an IP address"),
        (GOOD + " ", "no origin in parentheses"),
        (GOOD + "\n", "a line ending inside it"),
        (GOOD + "\r", "a line ending inside it"),
    ],
)
def test_what_is_no_line_is_told(line: str, complaint: str) -> None:
    with pytest.raises(LineError, match=re.escape(complaint)):
        parse_line(line)


@given(st.text())
def test_the_reader_raises_its_own_error_only(text: str) -> None:
    for candidate in (text, GOOD[:46] + text, GOOD[:46] + text + " - 10.0.0.1 (LAN)"):
        with contextlib.suppress(LineError):
            parse_line(candidate)


def test_reading_a_hostile_line_is_linear() -> None:
    """No backtracking over a megabyte of what almost ends a line."""
    for filling in (" - x (", " - ", "(", ") - 1.2.3.4 ("):
        line = GOOD[:46] + filling * 100_000
        for candidate in (line, line + ")"):
            with contextlib.suppress(LineError):
                parse_line(candidate)


def test_a_line_names_an_account() -> None:
    with pytest.raises(ValueError, match="names an account"):
        format_line(bob_called(""))


def test_a_failed_login_has_a_line_of_our_own() -> None:
    assert (
        failure(
            "2020-07-28 16:12:02,759",
            Service.IMAP,
            secure=False,
            name="bob smith",
            address="10.11.12.102",
            origin="LAN",
            reason="wrong password",
        )
        == "2020-07-28 16:12:02,759 - [IMAP] {UNSECURE} - bob%20smith - 10.11.12.102 (LAN)"
        " - wrong password"
    )


def test_a_failed_login_without_a_name_prints_a_hyphen() -> None:
    line = failure(
        "2020-07-28 16:12:02,759",
        Service.POP3,
        secure=True,
        name="",
        address="::1",
        origin="LAN",
        reason="no such account",
    )
    assert line.endswith(" - - - ::1 (LAN) - no such account")
