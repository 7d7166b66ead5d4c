"""Debian's packages, downloaded and unpacked into private folders: nothing is installed."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path

_TO_INSTALL = re.compile(r"Inst (\S+) (?:\[\S+\] )?\((\S+) ")
_MERGED = ("bin", "sbin", "lib", "lib64")  # links to the folders of these names in /usr
_OTHER_MAIL_SERVERS = ("exim4-", "mysql-common", "mariadb-common", "libmariadb")


class MissingError(Exception):
    """A program is not available here."""


def unpacked(packages: Sequence[str], suite: str | None = None) -> Path | None:
    """Return the folder with packages and all that they need and this machine has not.

    `suite` is another release of Debian's; `None` is this machine's. It returns `None` if all
    of them are installed, and raises `MissingError` if they are not available.
    """
    if suite is None and all(map(_is_installed, packages)):
        return None
    named = hashlib.sha256("\0".join((*packages, suite or "")).encode()).hexdigest()[:12]
    folder = cache() / f"{packages[0]}-{suite or 'here'}-{named}"
    with _locked():
        if not folder.exists():
            _unpack(packages, suite, folder)
    return folder


def cache() -> Path:
    """Return where unpacked packages are kept; the folder may be deleted at any time."""
    base = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(base) if base else Path.home() / ".cache") / "mailauth-servers"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def version(root: Path | None, package: str) -> str:
    """Return the version of a package that is unpacked in a folder, or installed."""
    if root is not None and (noted := root / "packages").exists():
        for line in noted.read_text().splitlines():
            name, _, found = line.partition("=")
            if name == package:
                return found
    shown = subprocess.run(
        ["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True, check=False
    )
    return shown.stdout or "?"


def _unpack(packages: Sequence[str], suite: str | None, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=cache()) as temporary:
        apt = ["apt-get", *(_other_suite(suite) if suite is not None else ())]
        wanted = list(_closure(apt, packages))
        debs = Path(temporary, "debs")
        debs.mkdir()
        _run([*apt, "download", "-qq", *wanted], debs)
        root = Path(temporary, "root")
        root.mkdir(mode=0o755)
        for name in _MERGED:
            (root / "usr" / name).mkdir(parents=True, exist_ok=True)
            (root / name).symlink_to(f"usr/{name}")
        for deb in sorted(debs.glob("*.deb")):
            archive = debs / "archive.tar"  # "dpkg-deb -x" would put folders in place of the links
            with archive.open("wb") as file:
                subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], stdout=file, check=True)
            _run(["tar", "-xpf", str(archive), "--keep-directory-symlink", "-C", str(root)], debs)
        (root / "packages").write_text("".join(f"{name}\n" for name in wanted))
        root.rename(folder)


def _closure(apt: Sequence[str], packages: Sequence[str]) -> Iterator[str]:
    """What would be installed, as NAME=VERSION, but for mail servers that others only recommend."""
    told = _run([*apt, "-s", "--no-install-recommends", "install", *packages], Path("/"))
    for name, found in _TO_INSTALL.findall(told):
        if name.startswith(_OTHER_MAIL_SERVERS) and not packages[0].startswith("exim4"):
            continue
        yield f"{name}={found}"


def _other_suite(suite: str) -> Iterator[str]:
    """Options for apt to see another suite, from where this machine has its own."""
    here = _run(["sh", "-c", ". /etc/os-release && echo $VERSION_CODENAME"], Path("/")).strip()
    base = cache() / f"apt-{suite}"
    sources, lists = base / "sources", base / "lists"
    options = [
        *("-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={sources}"),
        *("-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={base}/cache"),
    ]
    if not lists.exists():
        for each in (sources, lists / "partial", base / "cache"):
            each.mkdir(parents=True, exist_ok=True)
        for file in _sources():
            (sources / file.name).write_text(file.read_text().replace(here, suite))
        try:
            _run(["apt-get", *options, "update", "-qq"], base)
        except MissingError:
            shutil.rmtree(base)
            raise
    yield from options


def _sources() -> Iterable[Path]:
    etc = Path("/etc/apt")
    found = [etc / "sources.list", *sorted((etc / "sources.list.d").iterdir())]
    return [file for file in found if file.suffix in (".list", ".sources") and file.exists()]


def _is_installed(package: str) -> bool:
    shown = subprocess.run(
        ["dpkg-query", "-W", "-f=${db:Status-Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout == "installed"


def _run(command: Sequence[str], directory: Path) -> str:
    try:
        done = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, check=False, timeout=600
        )
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise MissingError(str(error)) from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise MissingError(f"{command[0]}: {said[-1] if said else done.returncode}")
    return done.stdout


@contextmanager
def _locked() -> Iterator[None]:
    with (cache() / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        yield
