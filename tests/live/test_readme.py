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

README = Path(__file__).parent.parent.parent / "README.md"
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
    assert re.findall(r"\[(\w+)\] \{(\w+)\} - bob@mydomain\.com - \S+ \(LAN\)", printed) == [
        ("IMAP", "UNSECURE"),
        ("IMAP", "SECURE"),
        ("IMAP", "SECURE"),
        ("POP3", "SECURE"),
        ("HTTP", "SECURE"),
        ("SMTP", "SECURE"),
    ]


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
