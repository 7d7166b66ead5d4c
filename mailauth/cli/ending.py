"""The end of a stopped server, even if something in it hangs."""

import os
import threading

STOP_SECONDS = 20.0  # longer than closing all connections can take


def insist(seconds: float = STOP_SECONDS) -> None:
    """End the process after `seconds` if it is still running.

    All acknowledged records have been written completely; what hangs is a disk, or a reader of
    stdout.
    """
    timer = threading.Timer(seconds, _end, [seconds])
    timer.daemon = True
    timer.start()


def _end(seconds: float) -> None:
    said = f"error: the server did not stop within {seconds:.0f} s and was terminated\n"
    os.write(2, said.encode())
    os._exit(1)
