"""What a worker process is made of."""

import subprocess
import sys

_LOADED = """
import sys
import mailauth.server.workers.main
import mailauth.server.workers.worker
names = ("mailauth.web", "twisted.web", "jinja2", "duckdb")
print([each for each in sys.modules if each.startswith(names)])
"""


def test_a_worker_loads_nothing_of_the_console() -> None:
    """It serves mail; HTTP, pages and reports are its parent's, and would cost it memory."""
    loaded = subprocess.run(
        [sys.executable, "-c", _LOADED], check=True, capture_output=True, text=True
    )
    assert loaded.stdout == "[]\n"
