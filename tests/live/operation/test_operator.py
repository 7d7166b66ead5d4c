"""What the operator gets from a running server: links to its console, tokens for its API."""

import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from mailauth.testing import RunningServer

CONFIG = """
[[user]]
name = "mary"
password = "one horse"
[[listener]]
name = "web"
protocol = "http"
port = 0
"""


@pytest.fixture(params=[1, 2])
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[RunningServer]:
    """A server with its console, by one process and by several."""
    workers = f"[server]\nworkers = {request.param}\n"
    (tmp_path / "mailauth.toml").write_text(CONFIG + workers)
    with RunningServer(tmp_path) as running:
        yield running


def mailauth(*arguments: str, home: Path) -> tuple[int, str, str]:
    """Run a command; return its exit code, stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "mailauth", *arguments, "--home", str(home)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def open_link(link: str) -> tuple[int, str]:
    """Open a link in a browser of its own, and follow it."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    try:
        with browser.open(link, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def ask(server: RunningServer, path: str, token: str) -> int:
    """Ask the API with a token; return the status."""
    assert server.ready.console is not None
    asking = urllib.request.Request(
        server.ready.console + path, headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(asking, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_each_link_opens_the_console_once(server: RunningServer) -> None:
    """A new one each time, and none of them is a login."""
    links = set()
    for _ in range(2):
        code, out, err = mailauth("console", home=server.home)
        assert (code, err) == (0, "The link works once, within 10 minutes, on this machine.\n")
        link = out.removesuffix("\n")
        links.add(link)
        assert server.ready.console is not None
        assert link.startswith(f"{server.ready.console}open/")
        status, page = open_link(link)
        assert status == 200
        assert "operator" in page
        assert open_link(link)[0] == 403
    assert len(links) == 2
    server.settled()
    assert server.logins() == []


def test_without_a_server_there_is_no_link(tmp_path: Path) -> None:
    expected = (1, "", f"error: no server is running on {tmp_path}\n")
    assert mailauth("console", home=tmp_path) == expected


def test_a_token_is_taken_up_and_taken_back_at_once(server: RunningServer) -> None:
    """It outlasts a restart, and stands in no log."""
    file = server.home / "prometheus.token"
    created = mailauth(
        *("api-token", "create", "prometheus", "--scope", "metrics", "--file", str(file)),
        home=server.home,
    )
    assert created == (0, "", "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = file.read_text().removesuffix("\n")
    assert ask(server, "metrics", token) == 200
    assert ask(server, "api/v1/me", token) == 403
    code, out, _ = mailauth("api-token", "list", home=server.home)
    assert code == 0
    assert out.split()[:3] == ["prometheus", "metrics", "created"]
    server.stop()
    server.start()
    assert ask(server, "metrics", token) == 200
    assert mailauth("api-token", "revoke", "prometheus", home=server.home) == (0, "", "")
    assert ask(server, "metrics", token) == 401
    assert ask(server, "api/v1/me", token) == 401
    server.settled()
    for path in server.home.rglob("*"):
        if path.is_file() and path != file:
            assert token.encode() not in path.read_bytes(), path


def test_what_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """And no token is left behind that nobody has seen."""
    file = tmp_path / "there"
    file.write_text("mine")
    exists = mailauth("api-token", "create", "a", "--file", str(file), home=tmp_path)
    assert exists == (1, "", f"error: {file} already exists; it was not changed\n")
    assert file.read_text() == "mine"
    new = tmp_path / "new"
    code, _, err = mailauth("api-token", "create", "a b", "--file", str(new), home=tmp_path)
    assert (code, err.count("\n")) == (1, 1)
    assert not new.exists()
    assert mailauth("api-token", "revoke", "a", home=tmp_path) == (
        1,
        "",
        "error: there is no token a\n",
    )
    code, out, err = mailauth("api-token", "list", home=tmp_path)
    assert (code, out) == (0, "")
    assert "`mailauth api-token create NAME` creates one" in err
