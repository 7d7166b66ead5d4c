"""The end of a server that was told to stop, even if something in it hangs."""

import os
import threading

STOP_SECONDS = 20.0  # longer than closing every connection can take


def insist(seconds: float = STOP_SECONDS) -> None:
    """End the process after `seconds` if it is still running.

    Every acknowledged record has been written completely; what hangs is a disk, or a reader of it.
    """
    timer = threading.Timer(seconds, _end, [seconds])
    timer.daemon = True
    timer.start()


def _end(seconds: float) -> None:
    said = f"error: the server did not stop within {seconds:.0f} s and was terminated\n"
    os.write(2, said.encode())
    os._exit(1)
