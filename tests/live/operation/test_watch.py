"""`mailauth watch` as an administrator runs it: on a log that grows, with its console."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from mailauth.control.client import ask
from mailauth.control.console import ConsoleLink, OpenConsole
from mailauth.testing.running import NotStarted
from tests.live.support.running_watch import RunningWatch, as_a_user

SECONDS = 2.0  # from a line to its record
GONE = (
    *("/disable", "/enable", "/password-changed", "/cleartext", "/unblock"),
    *("/accounts", "/connections", "/listeners", "/cutoff", "/setup", "/ca.pem", "/token"),
    *("/api/v1/accounts", "/api/v1/blocks", "/api/v1/connections", "/api/v1/listeners"),
    *(
        "/api/v1/reset",
        "/api/v1/listeners/http/fault",
        "/.well-known/autoconfig/mail/config-v1.1.xml",
    ),
)


def append(log: Path, name: str, *, tls: bool) -> None:
    """Let Dovecot write of a login."""
    with log.open("a") as file:
        file.write(
            f"{datetime.now():%b %d %H:%M:%S} mx dovecot: imap-login: Login: user=<{name}>, "
            f"method=PLAIN, rip=10.1.2.3, lip=10.1.2.1, mpid=1{', TLS' if tls else ''}\n"
        )


def wait_for(watch: RunningWatch, count: int, seconds: float = SECONDS) -> None:
    """Wait until so many logins have a line."""
    deadline = time.monotonic() + seconds
    while len(watch.lines()) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(watch.lines()) == count, watch.stderr_file.read_text()


class Browser:
    """Somebody who has opened the console by its link."""

    def __init__(self, watch: RunningWatch) -> None:
        link = ask(watch.home, OpenConsole(), ConsoleLink).url
        self._port = watch.port("http")
        self._cookie = ""
        opened = self.get("/open/" + link.rpartition("/")[2])
        assert opened.status == 303
        self._cookie = str(opened.getheader("Set-Cookie")).partition(";")[0]

    def get(self, path: str, method: str = "GET") -> HTTPResponse:
        client = HTTPConnection("127.0.0.1", self._port, timeout=20)
        client.request(method, path, headers={"Cookie": self._cookie})
        return client.getresponse()

    def text(self, path: str) -> str:
        """Return a page, when the logs have been read for it."""
        while True:
            response = self.get(path)
            page = response.read().decode()
            if response.status != 503:
                assert response.status == 200, page
                return page
            time.sleep(0.1)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    log = tmp_path / "mail.log"
    log.touch()
    append(log, "amy", tls=True)
    return log


@pytest.fixture
def watch(tmp_path: Path, log: Path) -> Iterator[RunningWatch]:
    with RunningWatch(tmp_path / "watch", str(log)) as running:
        yield running


def test_bob_s_case_opens_and_closes_by_itself(watch: RunningWatch, log: Path) -> None:
    """Each line is recorded in two seconds, and the console tells the story."""
    append(log, "bob", tls=False)
    wait_for(watch, 1)
    browser = Browser(watch)
    page = browser.text("/cases")
    assert '<span class="badge unsecure">open</span>' in page
    assert "change to port 993, SSL/TLS; password exposed, change it" in page
    append(log, "bob", tls=True)
    wait_for(watch, 2)
    assert '<span class="badge secure">fixed</span>' in browser.text("/cases")
    for path in ("/", "/live", "/logins", "/exposures", "/absent", "/log", "/account?name=bob"):
        page = browser.text(path)
        for gone in ("/setup", "/listeners", "/connections", "/disable", "/password-changed"):
            assert f'"{gone}"' not in page, path
    assert "root" not in browser.text("/absent")
    assert [login.secure for login in watch.logins()] == [False, True]
    assert [event.source for event in watch.events()] == ["dovecot", "dovecot"]


def test_what_a_server_of_ours_would_do_is_not_there(watch: RunningWatch) -> None:
    browser = Browser(watch)
    assert {path: browser.get(path).status for path in GONE} == dict.fromkeys(GONE, 404)
    assert {path: browser.get(path, "POST").status for path in GONE} == dict.fromkeys(GONE, 404)


def test_the_api_and_the_metrics_tell_of_the_other_server(watch: RunningWatch, log: Path) -> None:
    append(log, "bob", tls=False)
    wait_for(watch, 1)
    client = HTTPConnection("127.0.0.1", watch.port("http"), timeout=20)
    token = {"Authorization": f"Bearer {watch.ready.api_token}"}
    client.request("GET", "/api/v1/logins", headers=token)
    [login] = json.load(client.getresponse())["logins"]
    assert (login["user"], login["secure"], login["source"]) == ("bob", False, "dovecot")
    client.request("GET", "/metrics", headers=token)
    assert b'verdict="UNSECURE"' in client.getresponse().read()
    client.request("GET", "/api/v1/openapi.json")
    assert not [path for path in json.load(client.getresponse())["paths"] if "listener" in path]


def test_a_login_to_the_console_is_in_no_report(tmp_path: Path, log: Path) -> None:
    home = tmp_path / "watch" / "home"
    home.mkdir(parents=True)
    (home / "mailauth.toml").write_text(
        '[[user]]\nname = "root"\npassword = "battery staple"\nrole = "admin"\n'
    )
    with RunningWatch(tmp_path / "watch", str(log)) as watch:
        client = HTTPConnection("127.0.0.1", watch.port("http"), timeout=20)
        basic = {"Authorization": "Basic cm9vdDpiYXR0ZXJ5IHN0YXBsZQ=="}
        client.request("GET", "/api/v1/me", headers=basic)
        assert json.load(client.getresponse())["user"] == "root"
        append(log, "bob", tls=True)
        wait_for(watch, 1)
        assert [line.account for line in watch.logins()] == ["bob"]
        assert " - root - 127.0.0.1" in (home / "console" / "SuccessfulLogins.log").read_text()


def test_nobody_else_can_read_what_is_in_the_home(watch: RunningWatch) -> None:
    modes = {path: path.stat().st_mode & 0o077 for path in watch.home.rglob("*")}
    assert not any(modes.values()), modes
    assert watch.home.stat().st_mode & 0o777 == 0o700


def test_nothing_is_lost_or_told_twice_over_kill_and_rotation(tmp_path: Path, log: Path) -> None:
    watch = RunningWatch(tmp_path / "watch", str(log))
    for number in range(3):
        watch.start()
        for each in range(20):
            append(log, f"user{number}-{each}", tls=True)
        if number != 1:
            wait_for(watch, 40 * number + 20)
        log.rename(log.with_name(f"mail.log.{number + 1}"))
        for each in range(20, 40):
            append(log, f"user{number}-{each}", tls=True)
        watch.kill()
    with watch:
        wait_for(watch, 120)
        append(log, "joe", tls=True)
        wait_for(watch, 121)
        assert len({login.account for login in watch.logins()}) == 121


def test_sighup_reopens_the_record_and_sigterm_ends_it(watch: RunningWatch, log: Path) -> None:
    moved = watch.home / "logs" / "moved.log"
    (watch.home / "logs" / "SuccessfulLogins.log").rename(moved)
    watch.hang_up()
    append(log, "bob", tls=True)
    deadline = time.monotonic() + SECONDS
    while not (watch.home / "logs" / "SuccessfulLogins.log").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    wait_for(watch, 1)
    assert moved.read_text() == ""
    assert watch.stop() == 0


def test_serve_does_not_take_a_home_of_watch(watch: RunningWatch) -> None:
    watch.stop()
    serve = [sys.executable, "-m", "mailauth", "serve", "--home", str(watch.home), "--ephemeral"]
    refused = subprocess.run([*as_a_user(), *serve], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    assert "is a home of mailauth watch" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name the logs to follow"),
        (["{log}", "--journal"], "leave one out, or give --both"),
        (["{log}", "{log}"], "is named twice"),
        (["{log}.none"], "does not exist"),
        (["/dev/null"], "is not a regular file"),
        (["{log}", "{same}"], "both tell of dovecot on mx"),
        (["{log}", "--from-start", "--since", "2026-01-01"], "cannot be combined"),
    ],
)
def test_what_cannot_be_watched_is_a_usage_error(
    tmp_path: Path, log: Path, arguments: list[str], said: str
) -> None:
    same = log.with_name("mail.info")
    same.write_text(log.read_text())
    given = [each.format(log=log, same=same) for each in arguments]
    watch = RunningWatch(tmp_path / "watch", *given)
    with pytest.raises(NotStarted, match=said):
        watch.start()
    assert watch.process.returncode == 2


def test_a_home_in_which_everybody_can_write_is_refused(tmp_path: Path, log: Path) -> None:
    watch = RunningWatch(tmp_path / "watch", str(log))
    watch.home.mkdir()
    watch.home.chmod(0o777)
    with pytest.raises(NotStarted, match="can be written to by every user"):
        watch.start()
    assert watch.process.returncode == 2
    assert not list(watch.home.iterdir())
