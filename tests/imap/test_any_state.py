"""Commands of any state, ID, and how a client is let go (RFC 9051 §6.1, RFC 2971)."""

import pytest

from mailauth.imap.any_state import MAX_ID_FIELD, MAX_ID_FIELDS, MAX_ID_VALUE
from mailauth.imap.server import MAX_BAD_COMMANDS
from mailauth.login.event import Kind
from mailauth.testing import Dialogue, MemoryRecorder, play
from tests.imap.conftest import Connect


def test_rfc2971_section_3_1(imap: Dialogue, recorder: MemoryRecorder) -> None:
    """A client names itself before its login: the login's record says so."""
    play(
        imap,
        """
        S: …
        C: a023 ID ("name" "sodr" "version" "19.34" "vendor" "Pink Floyd Music Limited")
        S: * ID ("name" "mailauth")
        S: a023 OK ID completed
        C: a042 ID NIL
        S: * ID ("name" "mailauth")
        S: a042 OK ID completed
        C: b LOGIN mary secret
        S: b OK …
    """,
    )
    assert (recorder.logins[0].client_name, recorder.logins[0].client_version) == ("sodr", "19.34")


def test_a_client_named_after_its_login_is_a_record(
    imap: Dialogue, recorder: MemoryRecorder
) -> None:
    play(
        imap,
        """
        S: …
        C: b LOGIN mary secret
        S: b OK …
        C: a ID ("NAME" {4+}
        C: sodr "os" NIL)
        S: * ID ("name" "mailauth")
        S: a OK ID completed
    """,
    )
    assert [event.client_name for event in recorder.events if event.kind is Kind.CLIENT] == ["sodr"]


def test_an_id_may_have_spaces_inside_its_parentheses(
    imap: Dialogue, recorder: MemoryRecorder
) -> None:
    """RFC 2971 §3.3 has none, but aioimaplib writes them."""
    play(
        imap,
        """
        S: …
        C: a ID ( "name" "aioimaplib" "version" "2" )
        S: * ID ("name" "mailauth")
        S: a OK ID completed
        C: b LOGIN mary secret
        S: b OK …
    """,
    )
    assert recorder.logins[0].client_name == "aioimaplib"


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        " ()x",
        ' (  "name" "a")',
        ' ("name" "a""version" "b")',
        " name",
        ' ("name")',
        ' ("name" "a" "b")',
        " (" + " ".join(f'"f{n}" "v"' for n in range(31)) + ")",
        f' ("{"n" * 31}" "v")',
        f' ("name" "{"v" * 1025}")',
    ],
)
def test_an_id_that_breaks_its_bounds_is_bad(connect: Connect, arguments: str) -> None:
    """RFC 2971 §3.3: at most 30 fields, names of 30 octets and values of 1,024."""
    imap = connect()
    imap.connect()
    assert imap.send(f"a ID{arguments}\r\n".encode()).startswith(b"a BAD ")
    assert imap.session.evidence.client_name is None


ESCAPED = '\\"' * MAX_ID_VALUE
LARGEST = [
    " ".join(f'"{n:0>{MAX_ID_FIELD}}" "{ESCAPED}"' for n in range(MAX_ID_FIELDS)),
    " ".join(
        f"{{{MAX_ID_FIELD}+}}\r\n{n:0>{MAX_ID_FIELD}} {{{MAX_ID_VALUE}+}}\r\n{'v' * MAX_ID_VALUE}"
        for n in range(MAX_ID_FIELDS)
    ),
]


@pytest.mark.parametrize("fields", LARGEST)
def test_an_id_may_be_as_large_as_its_bounds_allow(connect: Connect, fields: str) -> None:
    """RFC 2971 §3.3: 30 fields with names of 30 octets and values of 1,024, before any login."""
    imap = connect()
    imap.connect()
    said = imap.send(f"a ID ({fields})\r\nb NOOP\r\n".encode())
    assert said == b'* ID ("name" "mailauth")\r\na OK ID completed\r\nb OK NOOP completed\r\n'


@pytest.mark.parametrize(
    "line",
    [
        b"a ID (" + b'"x" "y" ' * 20_000 + b")\r\n",
        b"a ID (" + b"{1+}\r\nx {1024+}\r\n" * 200 + b")\r\n",
        b"a ID (" + (b'"x" ' + b'"' + b"y" * 12_000 + b'" {1+}\r\nx ') * 20 + b"x)\r\n",
        b"a NOOP " + b"x" * 13_000 + b"\r\n",
    ],
)
def test_what_is_kept_before_a_login_is_bounded(connect: Connect, line: bytes) -> None:
    """An ID may be long, within its bounds; nothing else may."""
    imap = connect()
    imap.connect()
    most = 0
    for at in range(0, len(line), 1_000):
        imap.send(line[at : at + 1_000])
        most = max(most, imap.core._reader.kept)  # type: ignore[attr-defined]
    assert most < 100_000
    assert imap.session.evidence.client_name is None


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"a FOO\r\n", b"a BAD Unknown command\r\n"),
        (b"a\r\n", b"* BAD A command must begin with a tag and a space\r\n"),
        (b"\r\n", b"* BAD A command must begin with a tag and a space\r\n"),
        (b"a NOOP x\r\n", b"a BAD Expected the end of the command\r\n"),
        (b"a  NOOP\r\n", b"a BAD Unknown command\r\n"),
        (b"+ NOOP\r\n", b"* BAD A command must begin with a tag and a space\r\n"),
        (b"a* NOOP\r\n", b"* BAD A command must begin with a tag and a space\r\n"),
        (b"a" * 101 + b" NOOP\r\n", b"* BAD A command must begin with a tag and a space\r\n"),
        (b"\0\0\0\r\n", b"* BAD A command must begin with a tag and a space\r\n"),
        (b"a NOOP\0\r\n", b"a BAD Unknown command\r\n"),
        (b"\xff\xfe\x00\x01\n", b"* BAD A command must begin with a tag and a space\r\n"),
        (b"GET NOOP\r\n", b"GET OK NOOP completed\r\n"),  # whatever the tag is
        (b"a noop\n", b"a OK NOOP completed\r\n"),
    ],
)
def test_what_is_no_command_is_bad(connect: Connect, line: bytes, answer: bytes) -> None:
    imap = connect()
    imap.connect()
    assert imap.send(line) == answer


def test_a_client_that_only_errs_is_let_go(connect: Connect) -> None:
    imap = connect()
    imap.connect()
    said = imap.send(b"a FOO\r\n" * 1000)
    assert said == b"a BAD Unknown command\r\n" * MAX_BAD_COMMANDS + (
        b"* BYE Too many bad commands\r\n"
    )
    assert imap.closed


def test_an_endless_line_is_skipped_and_not_kept(connect: Connect) -> None:
    imap = connect()
    imap.connect()
    assert imap.send(b"a" * 65_536) == b"* BAD The line is too long\r\n"
    for _ in range(160):
        assert imap.send(b"a" * 65_536) == b""
    assert imap.send(b"\r\nb NOOP\r\n") == b"b OK NOOP completed\r\n"


@pytest.mark.parametrize("cut", [12_000, 20_000, 20_003, 20_005])
def test_a_literal_behind_an_endless_line_is_no_command(connect: Connect, cut: int) -> None:
    """RFC 7888 §3: every line's end is looked at; where it was skipped, the connection ends."""
    imap = connect()
    imap.connect()
    line = b"a LOGIN " + b"x" * 19_990 + b" {20+}\r\nb LOGIN mary secret\r\n"
    said = imap.send(line[:cut]) + imap.send(line[cut:])
    assert said.startswith(b"a BAD The line is too long\r\n* BAD ")
    assert b"* BYE " in said
    assert b"b OK" not in said
    assert imap.closed
    other = connect()
    other.connect()
    line = b"a LOGIN " + b"x" * 19_990 + b" {20}\r\nb NOOP\r\n"
    assert other.send(line) == b"a BAD The line is too long\r\nb OK NOOP completed\r\n"


def test_thousands_of_pipelined_commands_are_answered_in_order(connect: Connect) -> None:
    imap = connect()
    imap.connect()
    said = imap.send(b"".join(b"a%d NOOP\r\n" % number for number in range(10_000)))
    assert said == b"".join(b"a%d OK NOOP completed\r\n" % number for number in range(10_000))


def test_a_silent_client_is_let_go(imap: Dialogue) -> None:
    """RFC 9051 §5.4: at least half an hour once logged in; much less before."""
    imap.connect()
    assert imap.deadline == 180
    imap.send(b"a NOOP\r\n")
    assert imap.deadline == 180
    imap.send(b"a LOGIN mary secret\r\n")
    assert imap.deadline == 1800
    assert imap.time_out() == b"* BYE The connection was idle for too long\r\n"
    assert imap.closed


def test_the_server_says_that_it_stops(imap: Dialogue) -> None:
    play(
        imap,
        """
        S: …
        <shutdown>
        S: * BYE The server is shutting down
        <closed>
    """,
    )
