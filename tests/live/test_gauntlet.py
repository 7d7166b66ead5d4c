"""`mailauth gauntlet`, with clients that are careful and clients that are not."""

import imaplib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import pytest

GAUNTLET = [sys.executable, "-m", "mailauth", "gauntlet"]

# A client that uses STARTTLS where it is offered, and does not mind if it is not.
OPPORTUNIST = """
import os, smtplib, ssl
context = ssl._create_unverified_context()
with smtplib.SMTP(os.environ["MAILAUTH_HOST"], int(os.environ["MAILAUTH_PORT"])) as client:
    client.ehlo()
    if client.has_extn("starttls"):
        try:
            client.starttls(context=context)
        except smtplib.SMTPException:
            pass
    client.ehlo()
    client.user, client.password = os.environ["MAILAUTH_USER"], os.environ["MAILAUTH_PASSWORD"]
    client.auth("PLAIN", client.auth_plain)
"""

# A client that does not read what is answered to its password.
CONTENT = """
import os, poplib
client = poplib.POP3(os.environ["MAILAUTH_HOST"], int(os.environ["MAILAUTH_PORT"]))
client.stls()
client.user(os.environ["MAILAUTH_USER"])
client._putcmd("PASS " + os.environ["MAILAUTH_PASSWORD"])
client._getline()
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*GAUNTLET, *arguments], capture_output=True, text=True, timeout=110, check=False
    )


def verdicts(printed: str) -> dict[str, str]:
    found = re.findall(r"^(?:IMAP|POP3|SMTP) (\S+) +(\S+(?: \S+)*?)  +", printed, re.MULTILINE)
    return dict(found)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_careful_client_passes_and_one_told_not_to_verify_does_not(tmp_path: Path) -> None:
    curl = "curl -sS --cacert {ca} --user {user}:{password} imaps://{host}:{port}/"
    chosen = [
        "--protocol=imap",
        "--tls=implicit",
        "--jobs=4",
        "--case=expired",
        "--case=wrong-host",
    ]
    junit, html = tmp_path / "gauntlet.xml", tmp_path / "gauntlet.html"
    careful = run(*chosen, "--command", curl, f"--junit={junit}", f"--html={html}")
    assert careful.returncode == 0, careful.stdout + careful.stderr
    assert verdicts(careful.stdout) == {
        "no-fault": "logged in securely",
        "expired": "refused properly",
        "wrong-host": "refused properly",
    }
    assert careful.stdout.endswith("3 cases, 0 to worry about\n")
    assert ElementTree.parse(junit).getroot().get("tests") == "3"
    assert "logged in securely" in html.read_text("utf-8")

    careless = run(*chosen, "--command", curl.replace("-sS", "-sSk"))
    assert careless.returncode == 1
    assert verdicts(careless.stdout)["expired"] == "logged in over bad TLS"
    assert verdicts(careless.stdout)["wrong-host"] == "logged in over bad TLS"


def test_an_opportunist_exposes_its_password(tmp_path: Path) -> None:
    script = tmp_path / "client.py"
    script.write_text(OPPORTUNIST)
    command = f"{shlex.quote(sys.executable)} {script}"
    cases = ("stripped", "refused", "accepted-then-cleartext", "capability-lie", "self-signed")
    done = run(
        "--protocol=SMTP", "--jobs=4", *(f"--case={name}" for name in cases), "--command", command
    )
    assert done.returncode == 1
    found = verdicts(done.stdout)
    assert found["no-fault"] == "logged in securely"
    assert found["stripped"] == found["refused"] == "exposed the password"
    assert found["accepted-then-cleartext"] == "refused properly"
    assert found["self-signed"] == "logged in over bad TLS"
    assert re.search(r"stripped .*PLAIN in the clear: success; client: exit code 0", done.stdout)


def test_a_client_that_never_connects_proves_nothing() -> None:
    done = run("--protocol=pop3", "--case=expired", "--command", "true")
    assert done.returncode == 1
    assert set(verdicts(done.stdout).values()) == {"did not connect"}


def test_a_client_that_is_not_let_in_and_is_content_has_not_noticed() -> None:
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(CONTENT)}"
    done = run("--protocol=pop3", "--case=wrong-code", "--case=slow", "--command", command)
    assert done.returncode == 1
    assert verdicts(done.stdout) == {
        "no-fault": "logged in securely",
        "wrong-code": "did not notice",
        "slow": "logged in securely",
    }


def test_a_client_that_hangs_is_killed() -> None:
    hanging = "exec 3<>/dev/tcp/$MAILAUTH_HOST/$MAILAUTH_PORT; sleep 60"
    command = f"bash -c {shlex.quote(hanging)}"
    done = run("--protocol=pop3", "--case=slow", "--jobs=2", "--timeout=1s", "--command", command)
    assert done.returncode == 1
    assert set(verdicts(done.stdout).values()) == {"hung"}


def test_a_client_of_ones_own_is_watched_until_interrupted() -> None:
    arguments = ["--protocol=imap", "--tls=implicit", "--case=expired"]
    with subprocess.Popen([*GAUNTLET, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ports = {}
        for line in process.stdout:
            if row := re.search(r"IMAP +│ (\d+) +│ (\S+)", line):
                ports[row[2]] = int(row[1])
            if line.startswith("Verdicts follow"):
                break
        with suppress(Exception):
            imaplib.IMAP4_SSL("localhost", ports["expired"])
        seen = process.stdout.readline()
        assert seen.startswith("IMAP expired ")
        os.kill(process.pid, signal.SIGINT)
        assert process.stdout.read().endswith("1 cases, 0 to worry about\n")
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--case=gloom"], 'no case "gloom": expected one of expired, '),
        (["--case=preauth", "--protocol=pop3"], '"preauth" is not for this protocol'),
        (["--case=stripped", "--tls=implicit"], '"stripped" is not for this protocol'),
    ],
)
def test_mistakes_are_usage_errors(arguments: list[str], complaint: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {complaint}")
