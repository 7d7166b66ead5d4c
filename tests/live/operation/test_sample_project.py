"""A project of somebody else, which has nothing of us but the wheel."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mailauth.testing import MailAuth
from tests.support.clean_install import CleanInstall

pytestmark = [
    pytest.mark.timeout(300),  # the environment takes its time, once
    pytest.mark.xdist_group("installed"),
]

TOP = Path(__file__).parents[3]
SAMPLE = TOP / "tests" / "sample_project"

EXAMPLES = [
    pytest.param("sh", "secure_login.sh", "curl", id="shell"),
    pytest.param("node --test", "secure_login.mjs", "node", id="Node.js"),
]
COMPLAINTS = {
    "test_all_secure": (
        "a login was not protected by TLS; recorded:",
        "[IMAP] {UNSECURE} success ann@example.org IMAP-LOGIN on imap (cleartext)",
    ),
    "test_no_exposure": (
        "a password crossed the wire in the clear; recorded:",
        "PASSWORD EXPOSED",
    ),
    "test_logs_in_to_nobody": (
        "{UNSECURE} success ann@example.org IMAP-LOGIN on imap (cleartext) PASSWORD EXPOSED>",
    ),
    "test_shows_its_password_to_nobody": (
        "{UNSECURE} success ann@example.org IMAP-LOGIN on imap (cleartext) PASSWORD EXPOSED>",
    ),
    "test_waits_for_a_secure_login": (
        "no secure IMAP login of ann@example.org within 0.5 s; recorded:",
        "{UNSECURE} success ann@example.org",
    ),
    "test_logs_in_once": ("2 logins, expected exactly one; recorded:", "on imaps (TLSv1.3)"),
    "test_logs_in_at_all": ("no login within 0.5 s; recorded:", "bad-credentials ann@example.org"),
    "test_a_refused_password_is_exposed_too": (
        "a password crossed the wire in the clear; recorded:",
        "denied ann@example.org PLAIN on smtp (cleartext)",
    ),
    "test_refuses_the_certificate": (
        'no connection that ended without an attempt, with "unknown ca" in its reason',
        "[IMAP] {SECURE} connection on imaps (TLSv1.3) (no-attempt (CAPABILITY, NOOP, LOGOUT))",
    ),
    "test_does_not_connect_in_vain": (
        "[IMAP] {UNSECURE} connection on imap (cleartext) (no-attempt (CAPABILITY, LOGOUT))>",
    ),
    "test_refuses_an_expired_certificate": (
        'with "certificate expired" in its reason within 0.5 s; recorded:',
        "[IMAP] {SECURE} success ann@example.org IMAP-LOGIN on imaps (TLSv1.3)",
    ),
    "test_insists_on_starttls": (
        "a password crossed the wire in the clear; recorded:",
        "{UNSECURE} success ann@example.org IMAP-LOGIN on imap (cleartext) PASSWORD EXPOSED",
    ),
    "test_tries_at_all": (
        "no attempted IMAP login of ann@example.org within 0.5 s; recorded:",
        "[IMAP] {UNSECURE} connection on imap (cleartext) (no-attempt (CAPABILITY, STARTTLS,",
    ),
}


@pytest.fixture
def python(clean_install: CleanInstall) -> Path:
    """The Python of an environment that has pytest and our wheel."""
    return clean_install.python


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project."""
    return Path(shutil.copytree(SAMPLE, tmp_path / "sample_project"))


def run(python: Path, tests: str, project: Path) -> dict[str, str]:
    """Run pytest, and return each test's complaint, empty where it has passed."""
    report = project / "report.xml"
    done = subprocess.run(
        [python, "-m", "pytest", f"--junit-xml={report}", tests],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return {
        str(case.get("name")): "".join(
            f"{problem.get('message')}\n{problem.text}" for problem in case
        )
        for case in ElementTree.parse(report).getroot().iter("testcase")
    }


def test_a_good_client_passes(python: Path, project: Path) -> None:
    complaints = run(python, "test_mail_client.py", project)
    assert len(complaints) >= 5
    assert not any(complaints.values()), complaints


def test_a_broken_client_is_caught_and_told_how(python: Path, project: Path) -> None:
    complaints = run(python, "broken", project)
    assert complaints.keys() == COMPLAINTS.keys()
    for name, expected in COMPLAINTS.items():
        for text in expected:
            assert text in complaints[name], complaints[name]


def test_every_assertion_catches_a_broken_client() -> None:
    """What `MailAuth` can be asked about the record, and its faults, has a client that fails."""
    text = (SAMPLE / "broken" / "test_broken_clients.py").read_text("utf-8")
    asked = re.compile(r"logins?|attempts|connections|fault|(wait_for|assert)_\w+")
    methods = {
        name
        for name in dir(MailAuth)
        if asked.fullmatch(name) and name != "wait_for_record" and not name.endswith("_async")
    }
    assert len(methods) >= 10
    assert {name for name in methods if f".{name}(" not in text} == set()


def test_unittest_needs_no_pytest(python: Path, project: Path) -> None:
    done = subprocess.run(
        [python, "-m", "unittest", "-v", "test_with_unittest"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Ran 2 tests" in done.stderr


@pytest.mark.parametrize(("command", "file", "program"), EXAMPLES)
def test_another_language(
    python: Path, project: Path, command: str, file: str, program: str
) -> None:
    """It finds `mailauth` and its Python on the PATH, and leaves nothing behind."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    path = os.pathsep.join([str(python.parent), os.environ["PATH"]])
    temporary = project / "tmp"
    temporary.mkdir()
    done = subprocess.run(
        [*command.split(), f"other_languages/{file}"],
        cwd=project,
        env={**os.environ, "PATH": path, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(temporary.iterdir()) == []
