"""`mailauth gauntlet`, with clients that are careful and clients that are not."""

import imaplib
import os
import re
import shlex
import shutil
import signal
import ssl
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


def careless() -> ssl.SSLContext:
    return ssl._create_unverified_context()


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
    assert careful.stdout.endswith("3 cases, 0 problems\n")
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
    assert verdicts(done.stdout) == {"no-fault": "did not connect", "expired": "inconclusive"}
    assert "without a fault, the client did not connect" in done.stdout
    assert done.stdout.endswith("2 cases, 2 problems (2 serious)\n")


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
    assert verdicts(done.stdout) == {"no-fault": "hung", "slow": "inconclusive"}


def test_a_client_of_ones_own_is_watched_until_interrupted() -> None:
    arguments = ["--protocol=imap", "--tls=implicit", "--case=expired"]
    with subprocess.Popen([*GAUNTLET, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ports = {}
        password = ""
        for line in process.stdout:
            if row := re.search(r"IMAP +│ (\d+) +│ (\S+)", line):
                ports[row[2]] = int(row[1])
            if found := re.search(r"password: (\S+)", line):
                password = found[1]
            if line.startswith("Verdicts are printed"):
                break
        with suppress(Exception):
            imaplib.IMAP4_SSL("localhost", ports["expired"])
        assert verdicts(process.stdout.readline()) == {"expired": "inconclusive"}
        with imaplib.IMAP4_SSL("localhost", ports["no-fault"], ssl_context=careless()) as client:
            client.login("bob@mydomain.com", password)
        later = verdicts(process.stdout.readline() + process.stdout.readline())
        assert later == {"no-fault": "logged in securely", "expired": "refused properly"}
        os.kill(process.pid, signal.SIGINT)
        assert process.stdout.read().endswith("2 cases, 0 problems\n")
        assert process.wait(20) == 0


def test_a_gauntlet_that_nobody_has_run_is_not_green() -> None:
    with subprocess.Popen(
        [*GAUNTLET, "--case=no-fault"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if line.startswith("Verdicts are printed"):
                break
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(20) == 2
        assert "no client connected" in process.stderr.read()


# A client that sends its login and is gone before it hears anything.
HASTY = """
import os, socket
where = os.environ["MAILAUTH_HOST"], int(os.environ["MAILAUTH_PORT"])
with socket.create_connection(where) as client:
    client.sendall(b"a LOGIN nobody wrong\\r\\n")
"""


def test_the_record_is_waited_for_when_the_client_has_ended(tmp_path: Path) -> None:
    """No client that was there is said not to have connected."""
    script = tmp_path / "client.py"
    script.write_text(HASTY)
    command = f"for i in 1 2 3 4 5 6 7 8; do {shlex.quote(sys.executable)} {script} & done; wait"
    done = run("--case=no-fault", "--jobs=3", "--command", command)
    assert done.stdout.count("did not log in") == 3, done.stdout


# A client that verifies nothing, and whose password is wrong where the certificate is.
WRONG_PASSWORD = """
import imaplib, os, ssl
context = ssl._create_unverified_context()
where = os.environ["MAILAUTH_HOST"], int(os.environ["MAILAUTH_PORT"])
password = os.environ["MAILAUTH_PASSWORD"]
with imaplib.IMAP4_SSL(*where, ssl_context=context) as client:
    client.login(
        os.environ["MAILAUTH_USER"],
        password if os.environ["MAILAUTH_CASE"] == "no-fault" else "wrong",
    )
"""


def test_an_attempt_over_bad_tls_counts_whatever_came_of_it(tmp_path: Path) -> None:
    script = tmp_path / "client.py"
    script.write_text(WRONG_PASSWORD)
    chosen = ["--protocol=imap", "--tls=implicit", "--case=expired", "--case=weak-key", "--jobs=2"]
    command = ("--command", f"{shlex.quote(sys.executable)} {script}")
    done = run(*chosen, *command)
    assert done.returncode == 1
    assert verdicts(done.stdout) == {
        "no-fault": "logged in securely",
        "expired": "attempted over bad TLS",
        "weak-key": "attempted over bad TLS",
    }
    assert done.stdout.endswith("3 cases, 2 problems (1 critical, 1 minor)\n")
    minor = ["--protocol=imap", "--tls=implicit", "--case=weak-key"]
    assert run(*minor, "--fail-on=critical", *command).returncode == 0
    assert run(*minor, *command).returncode == 1


# A client that waits for as long as it takes, but for nobody in particular where all is well.
PATIENT = """
import os, socket
if os.environ["MAILAUTH_CASE"] == "no-fault":
    import imaplib, ssl
    context = ssl.create_default_context(cafile=os.environ["MAILAUTH_CA"])
    where = os.environ["MAILAUTH_HOST"], int(os.environ["MAILAUTH_PORT"])
    imaplib.IMAP4_SSL(*where, ssl_context=context).login(
        os.environ["MAILAUTH_USER"], os.environ["MAILAUTH_PASSWORD"]
    )
else:
    with socket.create_connection(
        (os.environ["MAILAUTH_HOST"], int(os.environ["MAILAUTH_PORT"]))
    ) as client:
        client.sendall(bytes((0x16, 3, 1, 0, 4, 1, 0, 0, 0)))
        client.recv(1)
"""


def test_a_client_that_would_wait_for_ever_is_told_with_the_time(tmp_path: Path) -> None:
    script = tmp_path / "client.py"
    script.write_text(PATIENT)
    chosen = ["--protocol=imap", "--tls=implicit", "--case=handshake-stall", "--timeout=5s"]
    done = run(*chosen, "--command", f"{shlex.quote(sys.executable)} {script}")
    assert verdicts(done.stdout)["handshake-stall"] == "waited for ever", done.stdout
    assert "still waited for an answer to its ClientHello after 5 s" in done.stdout


def test_a_client_that_has_a_lock_runs_again_alone(tmp_path: Path) -> None:
    """As fdm does; its exit code is 0 whatever has happened, too."""
    script = tmp_path / "client.py"
    script.write_text(WRONG_PASSWORD.replace('"wrong"', "password"))
    lock = tmp_path / "lock"
    client = f"{shlex.quote(sys.executable)} {script} || echo error: failed"
    locked = f"mkdir {lock} 2>/dev/null || {{ echo error: already locked; exit 0; }}"
    command = f"{locked}; {client}; rmdir {lock}"
    chosen = ["--protocol=imap", "--tls=implicit", "--case=expired", "--case=sha1", "--jobs=3"]
    done = run(*chosen, "--failed-if=^error", "--command", command)
    assert set(verdicts(done.stdout).values()) == {"logged in securely", "logged in over bad TLS"}
    assert len(verdicts(done.stdout)) == 3


def test_the_ca_can_be_read_by_clients_of_another_user() -> None:
    command = 'stat -c "%a" {ca} "$(dirname {ca})" | tr "\\n" " "'
    done = run("--protocol=imap", "--case=no-fault", "--command", command)
    assert "exit code 0, 644 755" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--case=gloom"], 'unknown case "gloom": expected one of no-fault, expired, '),
        (["--timeout=10m"], "--timeout: expected less than 600 s"),
        (
            ["--failed-if=("],
            "Invalid value for '--failed-if': expected a regular expression, got '('",
        ),
        (["--case=preauth", "--protocol=pop3"], 'case "preauth" does not exist for this protocol'),
        (["--case=stripped", "--tls=implicit"], 'case "stripped" does not exist for this protocol'),
    ],
)
def test_mistakes_are_usage_errors(arguments: list[str], complaint: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {complaint}")
