"""Tokens for the API: named, scoped, kept by hash, and taken back at once."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailauth.tokens.api import FILE_NAME, PREFIX, ApiTokens, ApiTokensError, Scope

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def tokens(tmp_path: Path) -> ApiTokens:
    """Those of a home that has no state directory yet."""
    return ApiTokens(tmp_path / ".mailauth")


def test_a_token_is_known_by_its_hash_alone(tokens: ApiTokens, tmp_path: Path) -> None:
    """The file is for its owner, and shows nothing that would let anybody in."""
    token = tokens.create("prometheus", Scope.METRICS, NOW)
    assert token.startswith(PREFIX)
    file = tmp_path / ".mailauth" / FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [each.name for each in file.parent.iterdir()] == [FILE_NAME]
    assert token.removeprefix(PREFIX) not in file.read_text()
    assert tokens.scope_of(token.encode()) is Scope.METRICS


@pytest.mark.parametrize("token", [b"", b"mailauth_", b"prometheus", b"\xff" * 10_000])
def test_what_is_no_token_is_good_for_nothing(tokens: ApiTokens, token: bytes) -> None:
    """Neither is the hash of one."""
    assert tokens.scope_of(token) is None
    tokens.create("prometheus", Scope.ADMIN, NOW)
    [stored] = tokens.all()
    assert tokens.scope_of(token) is None
    assert tokens.scope_of(stored.sha256.encode()) is None


def test_another_process_takes_changes_up_at_once(tokens: ApiTokens, tmp_path: Path) -> None:
    """Created, revoked and created anew under the same name."""
    server = ApiTokens(tmp_path / ".mailauth")
    for _ in range(3):
        token = tokens.create("ci", Scope.READ, NOW).encode()
        other = tokens.create("other", Scope.ADMIN, NOW).encode()
        assert (server.scope_of(token), server.scope_of(other)) == (Scope.READ, Scope.ADMIN)
        tokens.revoke("ci")
        assert (server.scope_of(token), server.scope_of(other)) == (None, Scope.ADMIN)
        tokens.revoke("other")


def test_each_scope_does_what_those_before_it_do() -> None:
    covered = {scope: [each for each in Scope if scope.covers(each)] for scope in Scope}
    assert covered == {
        Scope.METRICS: [Scope.METRICS],
        Scope.READ: [Scope.METRICS, Scope.READ],
        Scope.ADMIN: [Scope.METRICS, Scope.READ, Scope.ADMIN],
    }


@pytest.mark.parametrize("name", ["", "a b", "-x", "a\n", "é", "x" * 65, "../x"])
def test_a_name_is_a_plain_word(tokens: ApiTokens, name: str) -> None:
    with pytest.raises(ApiTokensError, match="a name has at most 64 letters"):
        tokens.create(name, Scope.READ, NOW)
    assert tokens.all() == ()


def test_a_name_is_had_once(tokens: ApiTokens) -> None:
    token = tokens.create("ci", Scope.READ, NOW).encode()
    with pytest.raises(ApiTokensError, match="there is already a token ci"):
        tokens.create("ci", Scope.ADMIN, NOW)
    with pytest.raises(ApiTokensError, match="there is no token other"):
        tokens.revoke("other")
    assert tokens.scope_of(token) is Scope.READ


@pytest.mark.parametrize("text", ["{", '{"name":"x","scope":"all"}', "\xff", "null"])
def test_a_broken_file_lets_nobody_in(tokens: ApiTokens, tmp_path: Path, text: str) -> None:
    """It is told once, and is not overwritten by a change."""
    token = tokens.create("ci", Scope.READ, NOW).encode()
    file = tmp_path / ".mailauth" / FILE_NAME
    file.write_text(text, "latin-1")
    with pytest.raises(ApiTokensError, match="is not valid"):
        tokens.scope_of(token)
    assert tokens.scope_of(token) is None
    with pytest.raises(ApiTokensError, match="is not valid"):
        tokens.create("other", Scope.READ, NOW)
    assert file.read_text("latin-1") == text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root works in the homes of others")
def test_what_root_makes_belongs_to_whom_the_home_belongs(tmp_path: Path) -> None:
    """The server, which is not root, has to read it."""
    os.chown(tmp_path, 65534, 65534)
    ApiTokens(tmp_path / ".mailauth").create("ci", Scope.READ, NOW)
    for path in (tmp_path / ".mailauth", tmp_path / ".mailauth" / FILE_NAME):
        assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65534)
