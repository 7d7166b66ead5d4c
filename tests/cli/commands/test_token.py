"""`mailauth token`: what it prints is what a server takes."""

import time
from pathlib import Path

import pytest

from mailauth.cli import main
from mailauth.sasl import TokenVerdict
from mailauth.tokens import TokenIssuer


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command; return the exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as ended:
        main(["token", *arguments])
    out, err = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out, err


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        ([], TokenVerdict(b"bob@mydomain.com", valid=True)),
        (["--expires", "-1s"], TokenVerdict(b"bob@mydomain.com", False, "token expired")),
        (
            ["--audience", "x"],
            TokenVerdict(b"bob@mydomain.com", False, "token for the wrong audience"),
        ),
    ],
)
def test_issue_prints_a_token(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], verdict: TokenVerdict
) -> None:
    """One line on stdout; the account by its name or what stands before the @."""
    home = ["--home", str(tmp_path)]
    code, out, err = run(capsys, "issue", *home, "--user", "bob", *options)
    assert (code, err) == (0, "")
    issuer = TokenIssuer(tmp_path / ".mailauth", time.time)
    assert issuer.verify(out.strip().encode()) == verdict


def test_revoke_makes_it_worthless(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A server of the same home, running or not, refuses it from now on."""
    home = ["--home", str(tmp_path)]
    _, token, _ = run(capsys, "issue", *home, "--user", "bob@mydomain.com")
    issuer = TokenIssuer(tmp_path / ".mailauth", time.time)
    assert issuer.verify(token.strip().encode()).valid
    assert run(capsys, "revoke", *home, token.strip()) == (0, "", "")
    assert issuer.verify(token.strip().encode()).reason == "token revoked"


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["issue", "--user", "nobody"], 1, "error: there is no account nobody\n"),
        (["revoke", "abc"], 1, "error: not one of our tokens\n"),
        (["issue", "--user", "bob", "--expires", "soon"], 2, "expected a duration"),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    error: str,
) -> None:
    """And nothing is printed that could be taken for a token."""
    ended, out, err = run(capsys, *arguments, "--home", str(tmp_path))
    assert (ended, out) == (code, "")
    assert error in err
    assert err.count("\n") == 1
