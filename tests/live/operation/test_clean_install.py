"""What is installed from the wheel: nothing is missing, and every page of the console opens."""

import imaplib
import re
import ssl
import subprocess
import tarfile
from base64 import b64encode
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode
from zipfile import ZipFile

import pytest

from mailauth.testing import RunningServer
from mailauth.web.routes import AnyRoute, Door, OpenRoute, Route, TokenRoute
from tests.support.clean_install import CleanInstall, tracked_files
from tests.web.browser import Server
from tests.web.test_who_may import TABLE

pytestmark = [
    pytest.mark.timeout(300),  # the environment takes its time, once
    pytest.mark.xdist_group("installed"),
]

CONFIGURATION = """
[[user]]
name = "root@mydomain.com"
password = "in charge"
role = "admin"
[[user]]
name = "mary@mydomain.com"
password = "secret"
[[user]]
name = "bob@mydomain.com"
password = "secret"
"""
ADMIN = ("root@mydomain.com", "in charge")

# Where a path has an open segment, or needs a query: what is asked.
ASKED = {row.path: row.target for row in TABLE if row.method == "GET" and row.target is not None}
# What opens once, or never ends.
ELSEWHERE = {"/open/{token}", "/events"}


class InstalledServer(RunningServer):
    """A server whose code is the installed one: `-I` does not look at this checkout."""

    def __init__(self, home: Path, python: Path) -> None:
        super().__init__(home)
        self._python = python

    def command(self) -> list[str]:
        _, *rest = super().command()
        return [str(self._python), "-I", *rest]


@pytest.fixture
def installed(clean_install: CleanInstall, tmp_path: Path) -> Iterator[InstalledServer]:
    """A server from the wheel, with an administrator and a login in its record."""
    (tmp_path / "mailauth.toml").write_text(CONFIGURATION)
    with InstalledServer(tmp_path, clean_install.python) as server:
        with imaplib.IMAP4("127.0.0.1", server.port("imap")) as client:
            client.login("mary@mydomain.com", "secret")
        yield server


class Visitor:
    """Somebody at the console, on one connection."""

    def __init__(self, server: RunningServer) -> None:
        self._connection = HTTPConnection("127.0.0.1", server.port("http"), timeout=60)
        self._cookies: dict[str, str] = {}

    def get(self, target: str, **fields: str) -> tuple[int, str]:
        """Return the status and the content of a page."""
        response, content = self._request("GET", target, fields)
        return response.status, content

    def sign_in(self, name: str, password: str) -> None:
        """Fill in the form."""
        _, page = self.get("/sign-in")
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page))
        form = urlencode({**hidden, "username": name, "password": password})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        response, content = self._request("POST", "/sign-in", kind, form)
        assert response.status == 303, content

    def _request(
        self, method: str, target: str, fields: dict[str, str], body: str | None = None
    ) -> tuple[HTTPResponse, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        self._connection.request(method, target, body, {"Cookie": cookies, **fields})
        response = self._connection.getresponse()
        content = response.read().decode("utf-8", "replace")
        for cookie in response.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return response, content


@pytest.fixture
def routes() -> Iterator[list[AnyRoute]]:
    """Everything that the site answers."""
    server = Server()
    yield list(server.site.routes)
    server.reports.close()


def field(route: AnyRoute, token: str) -> dict[str, str]:
    """Return what lets an administrator in there, beside the session."""
    match route:
        case TokenRoute():
            return {"Authorization": f"Bearer {token}"}
        case Route(door=Door.API):
            return {"Authorization": "Basic " + b64encode(":".join(ADMIN).encode()).decode()}
        case OpenRoute() | Route():
            return {}


def test_the_wheel_has_every_file_of_the_package(clean_install: CleanInstall) -> None:
    with ZipFile(clean_install.wheel) as wheel:
        there = {name for name in wheel.namelist() if name.startswith("mailauth/")}
        licences = {
            name.partition("/licenses/")[2] for name in wheel.namelist() if "/licenses/" in name
        }
    assert there == set(tracked_files())
    assert licences == {"LICENSE", "mailauth/origin/GEOIP-LICENSE.md"}


def test_the_source_distribution_has_every_file_of_the_package(clean_install: CleanInstall) -> None:
    with tarfile.open(clean_install.source_distribution) as archive:
        names = {one.name.partition("/")[2] for one in archive.getmembers() if one.isfile()}
    assert {name for name in names if name.startswith("mailauth/")} == set(tracked_files())
    assert {"LICENSE", "README.md", "pyproject.toml"} <= names


def test_what_runs_is_what_is_installed(clean_install: CleanInstall) -> None:
    command = [str(clean_install.python), "-I", "-c", "import mailauth; print(mailauth.__file__)"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert Path(found).is_relative_to(clean_install.python.parent.parent)


def test_what_is_not_declared_is_not_there(clean_install: CleanInstall) -> None:
    """Otherwise a dependency that the package forgets would be found all the same."""
    for module, code in (("twisted", 0), ("hypothesis", 1), ("setuptools", 1)):
        command = [str(clean_install.python), "-I", "-c", f"import {module}"]
        assert subprocess.run(command, capture_output=True, check=False).returncode == code


def test_every_page_opens(installed: InstalledServer, routes: list[AnyRoute]) -> None:
    """Routes are the site's own: a new page is opened here without being listed."""
    visitor = Visitor(installed)
    visitor.sign_in(*ADMIN)
    opened = 0
    for route in routes:
        if route.method == "GET" and route.path not in ELSEWHERE:
            target = ASKED.get(route.path, route.path)
            status, content = visitor.get(target, **field(route, installed.ready.api_token))
            assert status == 200, f"{target}: {content}"
            assert content, target
            opened += 1
    assert opened >= 30
    assert (installed.home / "stderr.txt").read_text() == ""


def test_what_pages_refer_to_is_there(installed: InstalledServer) -> None:
    visitor = Visitor(installed)
    visitor.sign_in(*ADMIN)
    _, page = visitor.get("/")
    files = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert {Path(name.partition("?")[0]).suffix for name in files} >= {".css", ".js", ".svg"}
    for name in files:
        assert visitor.get(name)[0] == 200


def test_what_is_not_there_is_told_on_a_page(installed: InstalledServer) -> None:
    status, content = Visitor(installed).get("/nothing-here")
    assert status == 404
    assert "There is nothing here." in content
    assert "</html>" in content


def test_the_login_is_in_the_log(installed: InstalledServer) -> None:
    context = ssl.create_default_context(cafile=str(installed.home / "certs" / "ca.pem"))
    with imaplib.IMAP4_SSL("localhost", installed.port("imaps"), ssl_context=context) as client:
        client.login("mary@mydomain.com", "secret")
    lines = (installed.home / "logs" / "SuccessfulLogins.log").read_text().splitlines()
    assert ["{SECURE}" in line for line in lines] == [False, True]
