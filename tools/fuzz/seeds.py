"""What fuzzing begins with: what clients say in the tests' transcripts, and lines of the tests."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from mailauth.imap.commands import COMMANDS as IMAP_COMMANDS
from mailauth.pop3.commands import COMMANDS as POP3_COMMANDS
from mailauth.report.foreign.formats import FORMATS
from mailauth.sasl import MECHANISMS
from mailauth.smtp.commands import COMMANDS as SMTP_COMMANDS
from mailauth.testing.transcripts import sent_by_client
from tools.fuzz.targets import IMPLICIT_TLS, LOG, LOGGED_IN, REFUSES_CLEARTEXT
from tools.hostile_logs import FORGED, LINES

_TESTS = Path(__file__).parents[2] / "tests"
_BEGINNINGS = (0, LOGGED_IN, REFUSES_CLEARTEXT, LOGGED_IN | IMPLICIT_TLS)
_SOURCES = {"proxy": "wire/test_proxy.py", "line": "record/test_line.py"}
_COMMANDS: dict[str, Iterable[bytes]] = {
    "imap": IMAP_COMMANDS,
    "pop3": POP3_COMMANDS,
    "smtp": SMTP_COMMANDS,
}
_WORDS = {
    "imap": [*(b"{3}", b"{3+}", b"~{3+}", b"BODY[]", b"HEADER.FIELDS", b"INBOX", b"(RETURN (")],
    "pop3": [b"CAPA", b"USER mary", b"PASS secret"],
    "smtp": [b"FROM:<", b"TO:<", b"SIZE=", b"BODY=8BITMIME", b"SMTPUTF8", b"CRLF"],
    "proxy": [b"PROXY TCP4 ", b"PROXY TCP6 ", b"PROXY UNKNOWN", b"\r\n\r\n\0\r\nQUIT\n"],
    "line": [b" - [IMAP] {SECURE} - ", b" (LAN)", b"%", b"\xe2\x80\xae"],
}


def write_seeds(target: str, directory: Path) -> None:
    """Write one file a seed."""
    for number, seed in enumerate(_seeds(target)):
        (directory / f"seed{number:05d}").write_bytes(seed)


def write_dictionary(target: str, file: Path) -> None:
    """Write the words of a target, as libFuzzer reads them."""
    words = [*_COMMANDS.get(target, ()), *_WORDS.get(target, ())]
    if target.startswith(LOG):
        words = [mark.encode() for mark in FORMATS[target.removeprefix(LOG)].marks]
    if target in _COMMANDS:
        words += [name.encode() for name in MECHANISMS]
    file.write_text("".join(f'"{_quoted(word)}"\n' for word in words))


def _seeds(target: str) -> Iterator[bytes]:
    if target.startswith(LOG):
        for log in sorted((_TESTS / "report" / "foreign" / "logs").iterdir()):
            if log.name.startswith(target.removeprefix(LOG).partition("-")[0]):
                lines = log.read_bytes().splitlines(keepends=True)
                yield from (
                    b"\x05" + b"".join(lines[at : at + 20]) for at in range(0, len(lines), 20)
                )
        yield from (
            b"\x01" + write(f"a{name}").encode() for write in LINES.values() for name in FORGED
        )
        return
    if target in _SOURCES:
        for text in _texts(_TESTS / _SOURCES[target]):
            yield text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        return
    for source in sorted((_TESTS / target).rglob("test_*.py")):
        for text in _texts(source):
            if isinstance(text, str) and "C: " in text:
                for beginning in _BEGINNINGS:
                    yield bytes((beginning,)) + sent_by_client(text)
            elif isinstance(text, bytes) and text.endswith(b"\r\n"):
                yield bytes((LOGGED_IN,)) + text


def _texts(source: Path) -> Iterator[str | bytes]:
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and node.value:
            yield node.value


def _quoted(word: bytes) -> str:
    return "".join(f"\\x{octet:02x}" for octet in word)
