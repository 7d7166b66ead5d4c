"""`mailauth check --dns`: the records by which clients find the services (RFC 6186)."""

from pathlib import Path

from tests.support.commands import mailauth


def test_the_records_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mailauth.toml").write_text(
        'hostname = "mail.example.com"\n[listen]\nport_offset = 0\n'
        '[[user]]\nname = "alice@example.com"\npassword = "correct horse"\n'
    )
    run = mailauth("check", "--dns", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    lines = run.stdout.splitlines()
    assert "_imaps._tcp.example.com. 3600 IN SRV 0 1 993 mail.example.com." in lines
    assert all(" IN SRV " in line for line in lines)
