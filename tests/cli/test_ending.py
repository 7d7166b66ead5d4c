"""A server that was told to stop ends, whatever hangs in it."""

import subprocess
import sys

HANGS = """
import threading
from mailauth.cli.ending import insist
insist(0.2)
threading.Thread(target=threading.Event().wait).start()  # as one that reads from a dead disk
"""


def test_a_thread_that_hangs_does_not_keep_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 1
    assert done.stderr == ("error: the server did not stop within 0 s and was terminated\n")
