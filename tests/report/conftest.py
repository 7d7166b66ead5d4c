"""What the tests of the reports share."""

from pathlib import Path

import pytest

from tests.support.writing import Story


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path / "logs")
