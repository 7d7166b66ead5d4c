"""A server that others could reach, in a network of its own: it takes no demo password later on."""

import subprocess
from functools import partial
from pathlib import Path

import pytest

from mailauth.passwords.making import SCHEMES
from mailauth.testing import RunningServer
from tests.live.support.watching import eventually

ALONE = ("unshare", "--map-root-user", "--net", "sh", "-c")
ADDRESS = "192.0.2.1"
BEYOND = f'[users]\nfile = "users.passwd"\n[listen]\naddress = "{ADDRESS}"\n'
REFUSED = 'accounts: "bob" has the demo password, expected only loopback addresses'


class Alone(RunningServer):
    """A server that nobody can reach: its network is this machine's, and without a way out."""

    def command(self) -> list[str]:
        """Give it an address that is not loopback's."""
        network = f'ip link set lo up && ip addr add {ADDRESS}/32 dev lo && exec "$@"'
        return [*ALONE, network, "sh", *super().command()]


def require_network() -> None:
    """Skip the test where a process may have no network of its own."""
    try:
        done = subprocess.run([*ALONE, "ip link set lo up"], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("unshare is not installed")
    if done.returncode:
        pytest.skip("no network of one's own: " + done.stderr.decode().strip())


@pytest.mark.parametrize("workers", [1, 2])
def test_a_reload_takes_no_demo_password(tmp_path: Path, workers: int) -> None:
    """However it is stored, and whatever the configuration says of listeners meanwhile."""
    require_network()
    several = f"[server]\nworkers = {workers}\n"
    arguments = ("--maildir", str(tmp_path / "mail")) if workers > 1 else ()
    users, config = tmp_path / "users.passwd", tmp_path / "mailauth.toml"
    config.write_text(BEYOND + several)
    users.write_text(f"bob:{SCHEMES['argon2id']('another')}\n")
    with Alone(tmp_path, *arguments) as server:

        def said(what: str) -> int:
            return server.stderr_file.read_text().count(what)

        for number, scheme in enumerate(("bcrypt", "scram-sha-256", "plain"), 1):
            users.write_text(f"bob:{SCHEMES[scheme]('secret')}\n")
            refused = partial(said, f"The accounts were not reloaded: {REFUSED}")
            eventually(lambda n=number, refused=refused: refused() == n)  # type: ignore[misc]
        config.write_text('[users]\nfile = "users.passwd"\n' + several)
        server.hang_up()
        eventually(lambda: said(f"Nothing was reloaded: {REFUSED}") == 1)
        users.write_text(f"bob:{SCHEMES['argon2id']('a third')}\n")
        eventually(lambda: said("The accounts were reloaded") == 1)
        assert server.stop() == 0
