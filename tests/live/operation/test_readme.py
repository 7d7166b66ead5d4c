"""The README's commands, run as they stand there; only the ports are those of the test's server."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mailauth.config import load
from mailauth.testing import RunningServer

README = Path(__file__).parents[3] / "README.md"
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    for line in block.splitlines()
]
STANDARD = {str(listener.port): listener.name for listener in load(None).listener}


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A PATH on which `mailauth` is this tree's, and a home of its own."""
    home = tmp_path_factory.mktemp("user")
    program = home / "mailauth"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mailauth "$@"\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{home}:{os.environ['PATH']}", "HOME": str(home)}


def test_the_commands_work(server: RunningServer, environment: dict[str, str]) -> None:
    """Each exits with 0, and the log that they end in has the lines that it should."""
    for program in ("curl", "swaks"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    printed = ""
    reports: list[str] = []
    for command in COMMANDS:
        on_our_ports = re.sub(
            r"(?<=[: ])\d{4}(?=[/ ])",
            lambda port: str(server.port(STANDARD[port[0]])),
            command,
        )
        done = subprocess.run(
            ["sh", "-c", on_our_ports],
            cwd=server.home,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if command.startswith("cat "):
            printed = done.stdout
        elif command == "mailauth report":
            reports.append(done.stdout)
    assert re.findall(r"\[(\w+)\] \{(\w+)\} - bob@mydomain\.com - \S+ \(LAN\)", printed) == [
        ("IMAP", "UNSECURE"),
        ("IMAP", "SECURE"),
        ("IMAP", "SECURE"),
        ("POP3", "SECURE"),
        ("HTTP", "SECURE"),
        ("SMTP", "SECURE"),
    ]
    exposed, fixed, _ = reports
    assert "\n1 open\n  bob@mydomain.com: IMAP in the clear" in exposed
    assert "To do: repoint the clients of 1 account and change 1 password." in exposed
    assert "\n1 fixed\n  bob@mydomain.com: IMAP in the clear" in fixed
    assert " open\n" not in fixed
    assert "To do: change 1 password." in fixed
    for line in re.findall(
        r"^(?:To do:|\d (?:open|fixed)$).*", README.read_text("utf-8"), re.MULTILINE
    ):
        assert line in exposed + fixed, line


def test_the_table_of_listeners_is_true() -> None:
    """Names, ports and TLS modes as the demo has them."""
    rows = re.findall(r"│ (\w+) +│ \w+ +│ [\d.]+ │ (\d+) │ (\w+) ", README.read_text("utf-8"))
    assert rows == [(each.name, str(each.port), each.tls.value) for each in load(None).listener]


def test_the_attribution_stands_in_the_readme() -> None:
    """CC BY 4.0 asks for it."""
    notice = README.parent / "mailauth" / "origin" / "GEOIP-LICENSE.md"
    attribution = notice.read_text("utf-8").split("\n\n")[1]
    assert "IP Geolocation by DB-IP" in attribution
    assert attribution.strip() in README.read_text("utf-8")


def test_a_login_in_the_clear_that_shows_no_password_is_a_case(
    server: RunningServer, environment: dict[str, str]
) -> None:
    """The mechanism that curl chooses by itself, CRAM-MD5: UNSECURE, and nothing to be changed."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    url = f"imap://localhost:{server.port('imap')}/"
    report = f"curl --user bob@mydomain.com:secret {url} >/dev/null && mailauth report"
    done = subprocess.run(
        ["sh", "-c", report],
        cwd=server.home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "\n1 open\n  bob@mydomain.com: IMAP in the clear" in done.stdout
    assert "To do: repoint the clients of 1 account." in done.stdout
    assert "password" not in done.stdout
