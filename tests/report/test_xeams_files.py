"""Genuine Xeams files, as they come: any letter case, mapped addresses, packed in many ways."""

import bz2
import codecs
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from mailauth.report.packing import CannotUnpack, is_packed, opened
from mailauth.report.period import Wanted
from mailauth.report.rows import Absent, Case, Exposure, Login
from mailauth.report.sources import logs_in
from tests.support.asking import findings, of_directory, of_files
from tests.support.writing import Story

LINE = "2020-07-28 16:12:{:02},759 - [IMAP] {{{}}} - {} - {} (LAN)\n"


def log(path: Path, *logins: tuple[str, str, str]) -> Path:
    path.write_text(
        "".join(LINE.format(second, *login) for second, login in enumerate(logins)), "utf-8"
    )
    return path


def test_letter_case_makes_no_second_account_and_the_case_closes(tmp_path: Path) -> None:
    path = log(
        tmp_path / "x.log",
        ("UNSECURE", "Bob@MyDomain.com", "10.0.0.1"),
        ("UNSECURE", "BOB@mydomain.com", "10.0.0.1"),
        ("SECURE", "bob@mydomain.com", "10.0.0.1"),
        ("SECURE", "mary@mydomain.com", "10.0.0.2"),
    )
    [case] = of_files(Case, path)
    assert (case.account, case.open, case.unsecure) == ("Bob@MyDomain.com", False, 2)
    assert findings(path).folded == (("Bob@MyDomain.com", "BOB@mydomain.com", "bob@mydomain.com"),)
    assert len(of_files(Login, path, wanted=Wanted(account="bOb@mydomain.COM"))) == 3


def test_the_journal_says_how_an_account_is_spelled(story: Story) -> None:
    story.login("bob@mydomain.com")
    with story.lines.open("a") as lines:
        lines.write(LINE.format(1, "UNSECURE", "Bob@mydomain.com", "10.0.0.1"))
    assert {row.account for row in of_directory(Login, story.lines.parent)} == {"bob@mydomain.com"}
    assert [row.account for row in of_directory(Absent, story.lines.parent)] == ["bob@mydomain.com"]


@pytest.mark.parametrize(
    ("printed", "address"),
    [
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::FFFF:10.0.0.1", "10.0.0.1"),
        ("0:0:0:0:0:ffff:a00:1", "10.0.0.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6"),
    ],
)
def test_an_address_is_the_same_however_it_is_written(
    tmp_path: Path, printed: str, address: str
) -> None:
    path = log(tmp_path / "x.log", ("UNSECURE", "bob", printed))
    assert [row.address for row in of_files(Login, path)] == [address]


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "UTF-16LE": lambda data: codecs.BOM_UTF16_LE + data.decode().encode("utf-16-le"),
    "UTF-16BE": lambda data: codecs.BOM_UTF16_BE + data.decode().encode("utf-16-be"),
    "UTF-16 in gzip": lambda data: gzip.compress(data.decode().encode("utf-16")),
    "a byte order mark": lambda data: codecs.BOM_UTF8 + data,
}


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED)
def test_files_are_read_however_they_are_packed(
    tmp_path: Path, packed: Callable[[bytes], bytes]
) -> None:
    """They are told by their first octets, whatever their names."""
    names = [f"użytkownik{number}" for number in range(3000)]
    plain = log(tmp_path / "plain.log", *(("SECURE", name, "10.0.0.1") for name in names[:60]))
    path = tmp_path / "packed.log"
    path.write_bytes(packed(plain.read_bytes()))
    assert [row.account for row in of_files(Login, path)] == names[:60]
    assert findings(path).lost == ()


def test_utf_16_is_read_on_from_any_offset(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    text = "žluťoučký kůň\n" * 20_000
    path.write_bytes(text.encode("utf-16"))
    octets = text.encode()
    with opened(path) as file:
        assert file.read() == octets
        for offset in (0, 100_001, 7, len(octets), len(octets) + 5):
            file.seek(offset)
            assert file.read(100) == octets[offset : offset + 100]


@pytest.mark.parametrize(
    ("magic", "how"),
    [
        (b"\x28\xb5\x2f\xfd", "is compressed by zstd"),
        (b"PK\x03\x04", "is compressed in a zip archive"),
        (b"\x1f\x9d", "is compressed by compress"),
    ],
)
def test_what_cannot_be_unpacked_is_refused_by_name(tmp_path: Path, magic: bytes, how: str) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(magic + b"and so on")
    assert is_packed(path)
    with pytest.raises(CannotUnpack, match=how):
        of_files(Login, path)


def test_a_file_of_which_no_line_could_be_read_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(bytes(range(256)) * 100)
    assert [str(source) for source in findings(path).lost] == [str(path)]
    good = log(tmp_path / "x.log", ("SECURE", "bob", "10.0.0.1"))
    assert findings(good).lost == ()
    empty = log(tmp_path / "empty.log")
    assert findings(empty).lost == ()


def test_a_directory_has_its_logs_whatever_rotated_them(tmp_path: Path) -> None:
    for name in (
        "SuccessfulLogins.log",
        "SuccessfulLogins.log.1",
        "SuccessfulLogins.log.2.gz",
        "SuccessfulLogins.2026-11-22.log",
        "SuccessfulLogins.2026-11-22.log.gz",
        "LoginAttempts.jsonl",
        "InvalidPasswordAttempts.log",
        "server.log",
    ):
        (tmp_path / name).touch()
    assert {path.name for path in logs_in(tmp_path)} == {
        "SuccessfulLogins.log",
        "SuccessfulLogins.log.1",
        "SuccessfulLogins.log.2.gz",
        "SuccessfulLogins.2026-11-22.log",
        "LoginAttempts.jsonl",
    }


def test_summed_failures_count_as_many_as_they_are(story: Story) -> None:
    story.login()
    before = story.journal.read_text()
    assert '"count"' not in before or '"count":1' in before.replace(" ", "")
    record = before.rstrip("\n").rstrip("}").replace('"success"', '"blocked"')
    record = record.replace('"count":1', '"other":1')
    story.journal.write_text(before + record + ',"count":41}\n')
    [exposure] = of_directory(Exposure, story.lines.parent)
    assert (exposure.count, exposure.accepted, exposure.refused) == (42, 1, 41)
