"""What all tests share: hypothesis tries the same examples every time, however slow the machine."""

import os

import pytest
from hypothesis import settings

from tests.support.clean_install import CleanInstall

settings.register_profile("deterministic", deadline=None, derandomize=True, database=None)
settings.load_profile("deterministic")

collect_ignore = ["sample_project"]  # somebody else's; tests/live/operation runs it


@pytest.fixture(scope="session")
def clean_install(tmp_path_factory: pytest.TempPathFactory) -> CleanInstall:
    """Our wheel, installed into an environment of its own: one for the whole run."""
    directory = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        directory = directory.parent
    shared = directory / "clean-install"
    shared.mkdir(exist_ok=True)
    return CleanInstall(shared)
