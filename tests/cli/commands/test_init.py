"""`mailauth init` (DESIGN 3)."""

import re
import stat
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from mailauth.certs.server import State, examine
from mailauth.cli.commands import init as init_module
from mailauth.config import Config, load
from tests.support.commands import mailauth


def test_a_home_is_made_that_can_be_served(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    run = mailauth("init", "--home", str(home))
    assert run.returncode == 0, run.stderr
    config = load(home / "mailauth.toml")
    assert [user.name for user in config.user] == ["mary@mydomain.com", "bob@mydomain.com"]
    now = datetime.now(UTC)
    assert examine(home, config.hostname, config.tls, now) is State.GOOD
    assert mailauth("check", "--home", str(home)).returncode == 0


def test_every_home_has_passwords_of_its_own_that_only_the_owner_can_read(tmp_path: Path) -> None:
    passwords = set()
    for name in ("one", "two"):
        assert mailauth("init", "--home", str(tmp_path / name)).returncode == 0
        path = tmp_path / name / "mailauth.toml"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        passwords |= {user.password for user in load(path).user}
    assert len(passwords) == 4
    assert all(len(password) == 12 for password in passwords)


def test_an_account_can_be_added_at_once(tmp_path: Path) -> None:
    """The users file is there, for its owner alone, and the home is good with an account in it."""
    home = ("--home", str(tmp_path))
    assert mailauth("init", *home).returncode == 0
    path = tmp_path / "users.passwd"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    password = tmp_path / "password"
    password.write_text("one of its own\n")
    added = mailauth("users", "add", "sue@mydomain.com", "--password-file", str(password), *home)
    assert (added.returncode, added.stderr) == (0, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    listed = mailauth("users", "list", *home)
    assert "sue@mydomain.com" in listed.stdout
    assert mailauth("check", *home).returncode == 0


def test_a_users_file_that_is_there_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "users.passwd"
    path.write_text("sue:{PLAIN}x\n")
    assert mailauth("init", "--home", str(tmp_path)).returncode == 0
    assert path.read_text() == "sue:{PLAIN}x\n"


def test_a_configuration_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mailauth.toml"
    path.write_text("# mine\n")
    run = mailauth("init", cwd=tmp_path)
    assert run.returncode == 1
    assert run.stderr == "error: mailauth.toml already exists; it was not changed\n"
    assert path.read_text() == "# mine\n"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_commented_out_is_the_default_of_every_key(tmp_path: Path) -> None:
    """The file tells the truth about the schema, and forgets no table."""
    text = Path(init_module.__file__).with_name("init.toml").read_text()
    shown = re.sub(r"^# (?=\[\w+\]$|\w+ = )", "", text, flags=re.MULTILINE)
    shown = re.sub(r"^# \[\[(listener|reporter)\]\]\n(.*\n)*?\n", "", shown, flags=re.MULTILINE)
    tables = tomllib.loads(shown)
    assert set(tables) == set(Config.__struct_fields__) - {"listener", "reporter"}
    path = tmp_path / "mailauth.toml"
    path.write_text(re.sub(r"^overrides = .*$", "", shown, flags=re.MULTILINE))
    config, defaults = load(path), Config()
    for name in ("listen", "http", "tls", "log", "geoip", "block", "server"):
        assert getattr(config, name) == getattr(defaults, name), name
        assert set(tables[name]) == set(getattr(defaults, name).__struct_fields__), name
