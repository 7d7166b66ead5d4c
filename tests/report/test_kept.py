"""What commands keep of the logs that they have read: quicker the next time, and never wrong."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from mailauth.report import kept
from mailauth.report.home import HomeLogs
from mailauth.report.kept import Keeper, cache_directory
from mailauth.report.opening import COMMANDS_CACHE, opened_home, opened_logs
from mailauth.report.reading import Reader
from mailauth.report.rows import Login
from mailauth.report.sources import sources_of_files
from tests.support.asking import EVERYTHING
from tests.support.writing import BOB, Story

MARY = "mary@mydomain.com"


@pytest.fixture(autouse=True)
def everything_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "WORTH_KEEPING", 0)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "mailauth"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read, as often as they were."""
    found: list[Path] = []
    read = Reader.read

    def noted(self: Reader, source: Any, *arguments: Any, **more: Any) -> Any:
        found.append(source.path)
        return read(self, source, *arguments, **more)

    monkeypatch.setattr(Reader, "read", noted)
    return found


def accounts(cache: Path, *paths: Path) -> list[str]:
    with opened_logs(sources_of_files(paths), keeper=Keeper(cache)) as opened:
        return [row.account for row in opened.logs.rows(Login, EVERYTHING)]


def test_the_same_files_are_read_once(story: Story, cache: Path, reads: list[Path]) -> None:
    story.login()
    files = [story.lines, story.journal]
    assert accounts(cache, *files) == [BOB]
    assert len(reads) == 2
    assert accounts(cache, *files) == [BOB]
    assert len(reads) == 2
    assert [stat.S_IMODE(file.stat().st_mode) for file in cache.iterdir()] == [0o600]
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


def test_files_that_have_changed_are_read_anew(
    story: Story, cache: Path, reads: list[Path]
) -> None:
    story.login()
    assert accounts(cache, story.lines) == [BOB]
    status = story.lines.stat()
    story.lines.write_bytes(story.lines.read_bytes().replace(b"bob@", b"tom@"))
    os.utime(story.lines, ns=(status.st_atime_ns, status.st_mtime_ns))  # only the octets tell
    assert accounts(cache, story.lines) == ["tom@mydomain.com"]
    story.login(MARY)
    assert accounts(cache, story.lines) == ["tom@mydomain.com", MARY]
    assert len(reads) == 3


def test_what_was_found_is_known_the_next_time_and_no_bad_line_is_kept(
    tmp_path: Path, cache: Path, reads: list[Path]
) -> None:
    path = tmp_path / "x.log"
    line = "2020-07-28 16:12:02,759 - [IMAP] {{SECURE}} - {} - 10.0.0.1 (LAN)\n"
    secret = "the password is hunter2 hunter2 hunter2"
    path.write_bytes(
        (secret + "\n" + line.format("Bob") + line.format("bob")).encode()
        + line.format("x").encode().replace(b"LAN", b"M\xfcnchen")
    )
    sources = sources_of_files([path])
    with opened_logs(sources, keeper=Keeper(cache)) as opened:
        found = opened.findings
    assert found.bad[0].first[0].number == 1
    assert "no time such as" in found.bad[0].first[0].reason
    assert found.folded == (("Bob", "bob"),)
    assert [entry.line for entry in found.not_utf8] == [4]
    with opened_logs(sources, keeper=Keeper(cache)) as opened:
        assert opened.findings == found
    assert len(reads) == 1
    for file in cache.iterdir():
        assert b"hunter2" not in file.read_bytes()


def test_what_is_small_or_came_through_a_pipe_is_not_kept(
    story: Story, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.login()
    monkeypatch.setattr(kept, "WORTH_KEEPING", 10**6)
    assert accounts(cache, story.lines) == [BOB]
    assert not cache.exists()


def test_without_a_place_nothing_is_kept_and_nothing_is_wrong(story: Story, cache: Path) -> None:
    story.login()
    cache.parent.mkdir()
    cache.write_text("a file stands where the directory should be")
    assert accounts(cache, story.lines) == [BOB]
    cache.unlink()
    (cache.parent / "elsewhere").mkdir()
    cache.symlink_to(cache.parent / "elsewhere")
    assert accounts(cache, story.lines) == [BOB]
    assert list((cache.parent / "elsewhere").iterdir()) == []


def test_what_is_damaged_is_made_again(story: Story, cache: Path, reads: list[Path]) -> None:
    story.login()
    assert accounts(cache, story.lines) == [BOB]
    [file] = cache.iterdir()
    file.write_bytes(b"this is no database" * 1000)
    assert accounts(cache, story.lines) == [BOB]
    assert accounts(cache, story.lines) == [BOB]
    assert len(reads) == 2


def test_what_was_not_used_for_longest_goes_first(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = []
    for number in range(3):
        story = Story(tmp_path / str(number))
        story.login()
        files.append(story.lines)
    accounts(cache, files[0])
    [first] = cache.iterdir()
    os.utime(first, (1, 1))
    accounts(cache, files[1])
    accounts(cache, files[0])  # used again
    [second] = set(cache.iterdir()) - {first}
    os.utime(second, (2, 2))
    (cache / "x.new").touch()
    os.utime(cache / "x.new", (3, 3))
    monkeypatch.setattr(kept, "MAX_OCTETS", 2 * first.stat().st_size + 1)
    accounts(cache, files[2])
    assert first.exists()
    assert not second.exists()
    assert not (cache / "x.new").exists()


def test_a_command_that_fails_leaves_nothing(story: Story, cache: Path) -> None:
    story.login()
    with (
        pytest.raises(KeyboardInterrupt),
        opened_logs(sources_of_files([story.lines]), keeper=Keeper(cache)),
    ):
        raise KeyboardInterrupt
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(
    ("variable", "directory"), [("/var/cache/x", "/var/cache/x"), ("relative", ""), ("", "")]
)
def test_the_cache_is_where_the_user_has_it(
    monkeypatch: pytest.MonkeyPatch, variable: str, directory: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", variable)
    expected = Path(directory) if directory else Path.home() / ".cache"
    assert cache_directory() == expected / "mailauth"


# A home's logs are read on.


def of_home(story: Story) -> list[str]:
    state = story.lines.parents[1] / ".mailauth"
    with opened_home(story.lines.parent, state) as opened:
        assert opened is not None
        assert {str(source) for source in opened.sources.values()} >= {str(story.lines)}
        return [row.account for row in opened.logs.rows(Login, EVERYTHING)]


def test_a_homes_logs_are_read_on_as_they_grow_beside_the_console(story: Story) -> None:
    state = story.lines.parents[1] / ".mailauth"
    console = HomeLogs(story.lines.parent, state)
    story.login()
    assert [row.account for row in console.rows(Login, EVERYTHING)] == [BOB]
    assert of_home(story) == [BOB]
    story.login(MARY)
    assert of_home(story) == [BOB, MARY]
    story.lines.rename(story.lines.with_name("SuccessfulLogins.2026-11-23.log"))
    story.lines.touch()
    story.login("sue@mydomain.com")
    assert of_home(story) == [BOB, MARY, "sue@mydomain.com"]
    assert (state / COMMANDS_CACHE).exists()
    assert len(console.rows(Login, EVERYTHING)) == 3
    console.close()


def test_a_home_whose_logs_are_not_in_order_is_read_anew(story: Story) -> None:
    story.login()
    story.wait(days=-2)
    story.login(MARY)
    state = story.lines.parents[1] / ".mailauth"
    with opened_home(story.lines.parent, state) as opened:
        assert opened is None
