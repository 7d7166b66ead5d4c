"""Argon2id accounts: what is remembered costs nothing, and a changed password is worth nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from mailauth.login.event import Kind, Result
from mailauth.passwords.making import SCHEMES
from mailauth.testing import RunningServer
from tests.live.conftest import Configured
from tests.live.support.watching import eventually
from tools.bench.hashes import NAME, PASSWORD, log_in, processor_milliseconds, waits

CONFIGURATION = '[users]\nfile = "users.passwd"\n'


def argon2id(home: Path, configured: Configured) -> RunningServer:
    """A server with one account."""
    (home / "users.passwd").write_text(f"{NAME}:{SCHEMES['argon2id'](PASSWORD)}\n")
    return configured(CONFIGURATION)


def test_a_client_that_logs_in_every_second_costs_what_a_plaintext_account_costs() -> None:
    """By processor time, which a busy machine does not change; a hash would be a hundredfold."""
    plain, hashed = (processor_milliseconds(scheme, 300) for scheme in ("plain", "argon2id"))
    assert hashed < 1.5 * plain + 0.2


def test_a_changed_password_counts_at_once(tmp_path: Path, configured: Configured) -> None:
    """What was remembered of the old one is forgotten when the users file is read."""
    server = argon2id(tmp_path, configured)
    for _ in range(3):
        log_in(server.port("imap"))
    changed = subprocess.run(
        [
            *(sys.executable, "-m", "mailauth", "users", "passwd", NAME, "--stdin"),
            *("--home", str(tmp_path)),
        ],
        input=b"another horse",
        capture_output=True,
        check=False,
    )
    assert (changed.returncode, changed.stderr) == (0, b"")
    eventually(lambda: "The accounts were reloaded" in server.stderr_file.read_text())
    with pytest.raises(AssertionError):
        log_in(server.port("imap"))
    refused = server.attempts()[-1]
    assert (refused.result, refused.reason) == (Result.BAD_CREDENTIALS, "wrong password")
    changes = [(each.user, each.reason) for each in server.events(Kind.ACCOUNT)]
    assert changes == [(NAME, "password-changed")]


def test_others_log_in_during_a_flood_of_checks(tmp_path: Path, configured: Configured) -> None:
    """They wait for no hash; `scripts/bench hashes` has the p99, which a busy machine drowns."""
    server = argon2id(tmp_path, configured)
    log_in(server.port("imap"))
    calm, flood = waits(server, rounds=3, logins=20)
    assert flood.percentile(50) < 4 * calm.percentile(50) + 5  # four hashes wait, of 20 ms or more
