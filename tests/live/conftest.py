"""Servers in processes of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailauth.testing import RunningServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """The demo server, on free ports."""
    with RunningServer(tmp_path) as running:
        yield running
