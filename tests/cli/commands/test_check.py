"""`mailauth check` (DESIGN 3)."""

from datetime import UTC, datetime
from pathlib import Path

from mailauth.certs.ca import issue_server_certificate, new_authority, new_key
from mailauth.certs.pem import write_certificate, write_key
from mailauth.certs.server import prepare
from mailauth.config import TlsConfig
from tests.support.commands import mailauth

ALICE = '[[user]]\nname = "alice"\npassword = "correct horse"\n'


def test_the_demo_is_shown_where_there_is_no_file(tmp_path: Path) -> None:
    run = mailauth("check", cwd=tmp_path)
    assert run.returncode == 0
    assert "submission" in run.stdout
    assert "2587" in run.stdout
    assert "7 accounts" in run.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_the_home_is_used(tmp_path: Path) -> None:
    (tmp_path / "mailauth.toml").write_text("[listen]\nport_offset = 30000\n" + ALICE)
    run = mailauth("check", "--home", str(tmp_path))
    assert "30143" in run.stdout
    assert "1 account, " in run.stdout


def test_a_mistake_is_exit_2_and_names_the_key(tmp_path: Path) -> None:
    (tmp_path / "mailauth.toml").write_text('[listen]\ncleartext = "maybe"\n' + ALICE)
    run = mailauth("check", cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr == 'error: listen.cleartext: expected "allow" or "refuse", got "maybe"\n'
    assert run.stdout == ""


def test_a_configuration_link_that_leads_nowhere_is_not_the_demo(tmp_path: Path) -> None:
    (tmp_path / "mailauth.toml").symlink_to("gone.toml")
    run = mailauth("check", cwd=tmp_path)
    assert run.returncode == 2
    assert "cannot be read" in run.stderr


def test_what_takes_mail_without_a_login_is_told(tmp_path: Path) -> None:
    told = "\nAccept mail for the accounts without a login: "
    assert f"{told}smtp\n" in mailauth("check", cwd=tmp_path).stdout
    listener = '[[listener]]\nname = "%s"\nprotocol = "smtp"\nport = 0\nauthentication = "%s"\n'
    wanting = listener % ("smtp", "required")
    (tmp_path / "mailauth.toml").write_text(wanting + ALICE)
    assert told not in mailauth("check", cwd=tmp_path).stdout
    inbound = listener % ("inbound", "optional")
    (tmp_path / "mailauth.toml").write_text(wanting + inbound + ALICE)
    assert f"{told}inbound\n" in mailauth("check", cwd=tmp_path).stdout


def test_faults_are_told(tmp_path: Path) -> None:
    listener = '[[listener]]\nname = "%s"\nprotocol = "imap"\nport = 0\n'
    faults = 'fault = ["expired", "slow"]\n'
    good, bad = listener % "good", listener % "bad" + faults
    (tmp_path / "mailauth.toml").write_text(good + ALICE)
    assert "on purpose" not in mailauth("check", cwd=tmp_path).stdout
    (tmp_path / "mailauth.toml").write_text(good + bad + ALICE)
    run = mailauth("check", cwd=tmp_path)
    assert run.returncode == 0
    assert "\nDeliberate faults: bad (expired, slow)\n" in run.stdout


def test_what_can_hardly_be_meant_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "mailauth.toml").write_text(
        '[listen]\ncleartext = "refuse"\n' + ALICE + "disabled = true\n"
    )
    run = mailauth("check", cwd=tmp_path)
    assert run.returncode == 0
    assert run.stderr == (
        'warning: nobody can log in to "http": it has no TLS and refuses cleartext\n'
        "warning: every account is disabled\n"
    )


def test_an_own_certificate_is_checked_and_for_another_host_a_warning(tmp_path: Path) -> None:
    now, key = datetime.now(UTC), new_key()
    ours = issue_server_certificate(new_authority("a.example", now), "a.example", key, now)
    write_certificate(tmp_path / "own.pem", ours)
    (tmp_path / "mailauth.toml").write_text(
        'hostname = "b.example"\n[tls]\ncertificate = "own.pem"\nkey = "own.key"\n' + ALICE
    )
    run = mailauth("check", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("error: tls.key: ")
    write_key(tmp_path / "own.key", key)
    run = mailauth("check", cwd=tmp_path)
    assert run.returncode == 0
    assert run.stderr == (
        'warning: the certificate is not for hostname "b.example": clients will reject it\n'
    )


def test_a_good_certificate_of_ours_is_no_warning(tmp_path: Path) -> None:
    prepare(tmp_path, "localhost", TlsConfig(), datetime.now(UTC))
    run = mailauth("check", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")


def test_a_country_database_that_is_none_is_exit_2(tmp_path: Path) -> None:
    (tmp_path / "x.mmdb").write_bytes(b"not one")
    (tmp_path / "mailauth.toml").write_text('[geoip]\ndatabase = "x.mmdb"\n' + ALICE)
    run = mailauth("check", cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith("error: geoip.database: ")


def test_accounts_of_the_users_file_count_and_mixed_schemes_are_a_warning(tmp_path: Path) -> None:
    """DESIGN 8: an unknown account costs what most accounts cost."""
    (tmp_path / "users.passwd").write_text("bob:{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=\n")
    (tmp_path / "mailauth.toml").write_text('[users]\nfile = "users.passwd"\n' + ALICE)
    run = mailauth("check", cwd=tmp_path)
    assert "2 accounts, " in run.stdout
    assert run.stderr.startswith("warning: passwords are stored in several schemes (PLAIN, SHA)")


def test_app_passwords_are_a_warning_where_checks_are_dear(tmp_path: Path) -> None:
    """Each of them is hashed before a password is refused."""
    stored = "{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE="
    (tmp_path / "users.passwd").write_text(f"bob:{stored}::::::app_phone={stored}\n")
    (tmp_path / "mailauth.toml").write_text('[users]\nfile = "users.passwd"\n')
    run = mailauth("check", cwd=tmp_path)
    assert run.stderr.startswith("warning: accounts with app passwords take longer")


def test_a_friendly_address_that_is_none_is_exit_2(tmp_path: Path) -> None:
    (tmp_path / "FriendlyIP.txt").write_text("10.0.0.0/8\n10.0.0\n")
    run = mailauth("check", cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith("error: FriendlyIP.txt:2: ")


def test_mechanisms_that_cannot_work_are_a_warning(tmp_path: Path) -> None:
    """Whatever a listener names is offered; that it works, the accounts must see to."""
    (tmp_path / "users.passwd").write_text("bob:{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=\n")
    (tmp_path / "mailauth.toml").write_text(
        """
        [users]
        file = "users.passwd"
        [[listener]]
        name = "pop3"
        protocol = "pop3"
        port = 2110
        mechanisms = ["PLAIN", "CRAM-MD5", "APOP", "EXTERNAL"]
        """
    )
    run = mailauth("check", cwd=tmp_path)
    assert run.returncode == 0
    assert run.stderr == (
        'warning: "pop3" offers CRAM-MD5, with which not every account can log in\n'
        'warning: "pop3" offers APOP, with which not every account can log in\n'
        'warning: "pop3" offers EXTERNAL but does not ask for a client certificate\n'
    )
