"""What somebody has who installs us: an environment of their own, with the wheel and pytest."""

import fcntl
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOP = Path(__file__).parents[2]

_PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")
_BACKEND = "import sys, setuptools.build_meta as backend; backend.build_sdist(sys.argv[1])"


def tracked_files() -> list[str]:
    """Return what belongs to the package, as git knows it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "mailauth"],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.split("\0") if name and (TOP / name).is_file()]


def declared(requirements: Iterable[Requirement]) -> set[Distribution]:
    """Return the distributions of this environment that satisfy requirements, with what they need.

    So an environment that has only these lacks what is needed and not declared.
    """
    found: dict[str, Distribution] = {}
    extras: set[tuple[str, str]] = set()
    queue = [(each, extra) for each in requirements for extra in ("", *each.extras)]
    while queue:
        wanted, extra = queue.pop()
        name = canonicalize_name(wanted.name)
        if (name, extra) in extras:
            continue
        extras.add((name, extra))
        there = found.setdefault(name, distribution(wanted.name))
        assert wanted.specifier.contains(there.version, prereleases=True), wanted
        for text in there.requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                queue += [(needed, further) for further in ("", *needed.extras)]
    return set(found.values())


def link(distributions: Iterable[Distribution], site: Path) -> None:
    """Make the files of distributions those of another environment, file by file."""
    for each in distributions:
        for file in each.files or ():
            if ".." not in file.parts and not (site / file).exists():
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                (site / file).symlink_to(Path(str(each.locate_file(file))).resolve())


class CleanInstall:
    """The source distribution, the wheel that is built from it, and where that is installed.

    All processes of a test run share one in the directory: it is made by the one that comes first.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.python = directory / "venv" / "bin" / "python"
        with (directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = directory / "done"
            if not done.exists():
                self._make()
                done.touch()

    @property
    def wheel(self) -> Path:
        """The wheel."""
        (wheel,) = self._directory.glob("mailauth-*.whl")
        return wheel

    @property
    def source_distribution(self) -> Path:
        """The source distribution."""
        (archive,) = self._directory.glob("mailauth-*.tar.gz")
        return archive

    def _make(self) -> None:
        source = self._copied()
        build = self._environment("build")
        self._pip("--python", build, "install", "setuptools>=77")
        subprocess.run([build, "-c", _BACKEND, self._directory], cwd=source, check=True)
        self._pip("wheel", "--no-deps", "--wheel-dir", self._directory, self.source_distribution)
        python = self._environment("venv")
        self._pip("--python", python, "install", "--no-deps", "--no-index", self.wheel)
        link(declared(self._requirements()), self._site("venv"))

    def _requirements(self) -> list[Requirement]:
        """Return what the wheel declares without an extra, and pytest."""
        (installed,) = distributions(path=[str(self._site("venv"))])
        wanted = [Requirement(text) for text in (*(installed.requires or ()), "pytest")]
        return [each for each in wanted if not each.marker or each.marker.evaluate({"extra": ""})]

    def _site(self, name: str) -> Path:
        (site,) = (self._directory / name).glob("lib/python*/site-packages")
        return site

    def _copied(self) -> Path:
        """Copy what is tracked: what a build leaves behind must not get into the next."""
        source = self._directory / "source"
        for name in (*tracked_files(), "pyproject.toml", "README.md", "LICENSE"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, source / name)
        return source

    def _environment(self, name: str) -> Path:
        venv.create(self._directory / name, with_pip=False)
        return self._directory / name / "bin" / "python"

    def _pip(self, *arguments: str | Path) -> None:
        subprocess.run([*_PIP, *arguments], check=True, stdout=subprocess.DEVNULL)
