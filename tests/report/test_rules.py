"""The rules for other programs, tried in the programs themselves where they are installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mailauth.login.event import Service
from mailauth.record.line import failure
from mailauth.report.rules import FILES, rules_for

GOLDEN = Path(__file__).parents[1] / "golden"
INJECTIONS = [
    "x - 10.6.6.6 (LAN) - wrong password",
    "x - 10.6.6.6 (LAN)",
    "\n2026-11-23 10:00:00,000 - [IMAP] {UNSECURE} - x - 10.6.6.6 (LAN) - wrong password",
    "10.6.6.6",
    "a\u00a0-\u00a010.6.6.6\u00a0(LAN)\u00a0-\u00a0x",
    "%20-%2010.6.6.6%20(LAN)%20-%20x",
]


def failures(names: list[str], address: str) -> str:
    return "".join(
        failure(
            f"2026-11-23 10:00:{second:02d},000",
            Service.IMAP,
            secure=False,
            name=name,
            address=address,
            origin="Unknown",
            reason="wrong password",
        )
        + "\n"
        for second, name in enumerate(names)
    )


def test_every_file_of_rules_is_there() -> None:
    for name in FILES:
        assert rules_for(name).endswith("\n")


@pytest.mark.skipif(shutil.which("fail2ban-regex") is None, reason="fail2ban is not installed")
@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::7"])
def test_fail2ban_finds_the_address_and_no_name_injects_another(
    tmp_path: Path, address: str
) -> None:
    names = ["bob@mydomain.com", "", *INJECTIONS]
    (tmp_path / "failures.log").write_text(failures(names, address))
    (tmp_path / "mailauth.conf").write_text(rules_for("fail2ban"))
    run = subprocess.run(
        ["fail2ban-regex", "--out", "ip", tmp_path / "failures.log", tmp_path / "mailauth.conf"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == [address] * len(names)


@pytest.mark.skipif(shutil.which("fail2ban-regex") is None, reason="fail2ban is not installed")
def test_fail2ban_takes_no_success_for_a_failure(tmp_path: Path) -> None:
    (tmp_path / "mailauth.conf").write_text(rules_for("fail2ban"))
    run = subprocess.run(
        ["fail2ban-regex", GOLDEN / "xeams-first.log", tmp_path / "mailauth.conf"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "9 lines, 0 ignored, 0 matched, 9 missed" in run.stdout


@pytest.mark.skipif(shutil.which("lnav") is None, reason="lnav is not installed")
def test_lnav_reads_successes_and_failures(tmp_path: Path) -> None:
    formats = tmp_path / "formats" / "mailauth"
    formats.mkdir(parents=True)
    (formats / "mailauth.json").write_text(rules_for("lnav"))
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "TERM": "dumb"}
    subprocess.run(["lnav", "-I", tmp_path, "-C"], env=environment, check=True)
    log = tmp_path / "some.log"
    log.write_text((GOLDEN / "xeams-first.log").read_text())
    with log.open("a") as file:
        file.write(failures(["bob@mydomain.com"], "2001:db8::7"))
    question = ";SELECT account, address, verdict, log_level, log_body FROM mailauth_log"
    run = subprocess.run(
        ["lnav", "-I", tmp_path, "-n", "-c", question, "-c", ":write-csv-to -", log],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    rows = run.stdout.splitlines()
    assert len(rows) == 11
    assert "bob@mydomain.com,10.11.12.102,UNSECURE,warning," in rows[8]
    assert rows[10] == "bob@mydomain.com,2001:db8::7,UNSECURE,warning,wrong password"


def test_grok_patterns_take_lines_apart() -> None:
    """Grok is Oniguruma's regular expressions with named patterns put into each other."""
    patterns = dict(
        line.split(" ", 1) for line in rules_for("grok").splitlines() if not line.startswith("#")
    )

    def expanded(name: str) -> str:
        inner = re.sub(r"%\{(\w+)\}", lambda found: expanded(found[1]), patterns[name])
        return inner.replace("(?<", "(?P<")

    login = re.compile(expanded("MAILAUTH_LOGIN"))
    for line in (GOLDEN / "xeams-first.log").read_text().splitlines():
        found = login.match(line)
        assert found is not None
        assert found["account"].endswith("@mydomain.com")
    failed = re.compile(expanded("MAILAUTH_FAILURE"))
    for line in failures(INJECTIONS, "203.0.113.7").splitlines():
        found = failed.match(line)
        assert found is not None
        assert (found["address"], found["reason"]) == ("203.0.113.7", "wrong password")
