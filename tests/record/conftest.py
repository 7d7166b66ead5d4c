"""What goes wrong in the tests of the record, and who hears of it."""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.logger import ILogObserver, globalLogPublisher
from zope.interface import implementer

from tests.record.desk import OPENED

NOBODY = 65_534


@pytest.fixture(autouse=True)
def _nothing_stays_open() -> Iterator[None]:
    """Close what the test has opened."""
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What the operator is told: formatted diagnostics of level warn and up."""
    told: list[str] = []

    @implementer(ILogObserver)
    def observe(event: dict[str, Any]) -> None:
        if event["log_level"].name in ("warn", "error", "critical"):
            told.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(observe)
    yield told
    globalLogPublisher.removeObserver(observe)


@pytest.fixture
def limit() -> Iterator[Callable[[int], None]]:
    """Limit the size of files: a write beyond it is short, the next one fails: a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def set_limit(octets: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (octets if octets >= 0 else before[0], before[1]))

    yield set_limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 128 KiB, where one may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A directory of somebody whom permissions bind; root becomes nobody for the test."""
    place = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    if root:
        os.chown(place, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    yield place
    if root:
        os.seteuid(0)
    shutil.rmtree(place)
