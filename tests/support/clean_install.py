"""What somebody has who installs us: an environment of their own, with the wheel and pytest."""

import fcntl
import shutil
import subprocess
import sys
import venv
from pathlib import Path

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
        constraints = TOP / "scripts" / "constraints.txt"
        python = self._environment("venv")
        self._pip("--python", python, "install", "--constraint", constraints, self.wheel, "pytest")

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
