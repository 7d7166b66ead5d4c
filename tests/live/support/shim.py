"""Breaking what stands between a running server and its logs, on purpose (`shim.c`)."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def compiled(directory: Path) -> Path:
    """Compile the library that is to be preloaded; skips the test where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("a C compiler is not installed")
    library = directory / "shim.so"
    source = Path(__file__).with_name("shim.c")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True
    )
    return library


@contextmanager
def preloaded(directory: Path) -> Iterator[Path]:
    """Have it preloaded into what is started meanwhile; give the directory of what is broken."""
    breaks = directory / "shim"
    breaks.mkdir()
    ours = {"LD_PRELOAD": str(compiled(directory)), "SHIM": str(breaks)}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield breaks
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
