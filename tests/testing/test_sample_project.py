"""A project of somebody else, which has nothing of us but the wheel."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path
from xml.etree import ElementTree

import pytest

TOP = Path(__file__).parent.parent.parent
SAMPLE = TOP / "tests" / "sample_project"

COMPLAINTS = {
    "test_all_secure": (
        "a login that was not protected by TLS; recorded:",
        "[IMAP] {UNSECURE} success ann@example.org IMAP-LOGIN on imap (cleartext)",
    ),
    "test_no_exposure": (
        "a password that crossed the wire in the clear; recorded:",
        "PASSWORD EXPOSED",
    ),
    "test_waits_for_a_secure_login": (
        "no secure IMAP login of ann@example.org within 0.5 s; recorded:",
        "{UNSECURE} success ann@example.org",
    ),
    "test_logs_in_once": ("2 logins, expected exactly one; recorded:", "on imaps (TLSv1.3)"),
    "test_logs_in_at_all": ("no login within 0.5 s; recorded:", "bad-credentials ann@example.org"),
    "test_a_refused_password_is_exposed_too": (
        "a password that crossed the wire in the clear; recorded:",
        "denied ann@example.org PLAIN on smtp (cleartext)",
    ),
    "test_refuses_the_certificate": (
        'no connection that ended without an attempt, with "unknown ca" in its reason',
        "[IMAP] {SECURE} connection on imaps (TLSv1.3) (no-attempt (CAPABILITY, NOOP, LOGOUT))",
    ),
}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has pytest and our wheel, built now."""
    directory = tmp_path_factory.mktemp("somebody")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    source = directory / "source"  # a copy: what a build leaves behind must not get into the next
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        source.mkdir(exist_ok=True)
        shutil.copy(TOP / name, source)
    shutil.copytree(TOP / "mailauth", source / "mailauth")
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", directory, source], check=True)
    (wheel,) = directory.glob("mailauth-*.whl")
    venv.create(directory / "venv", with_pip=False)
    python = directory / "venv" / "bin" / "python"
    constraints = TOP / "scripts" / "constraints.txt"
    subprocess.run(
        [*pip, "--python", python, "install", "--constraint", constraints, wheel, "pytest"],
        check=True,
    )
    return python


def run(python: Path, tests: str, directory: Path) -> dict[str, str]:
    """Run pytest in a copy, and return each test's complaint, empty where it has passed."""
    report = directory / "report.xml"
    done = subprocess.run(
        [python, "-m", "pytest", f"--junit-xml={report}", tests],
        cwd=shutil.copytree(SAMPLE, directory / "sample_project"),
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


def test_a_good_client_passes(python: Path, tmp_path: Path) -> None:
    complaints = run(python, "test_mail_client.py", tmp_path)
    assert len(complaints) >= 5
    assert not any(complaints.values()), complaints


def test_a_broken_client_is_caught_and_told_how(python: Path, tmp_path: Path) -> None:
    complaints = run(python, "broken", tmp_path)
    assert complaints.keys() == COMPLAINTS.keys()
    for name, expected in COMPLAINTS.items():
        for text in expected:
            assert text in complaints[name], complaints[name]
