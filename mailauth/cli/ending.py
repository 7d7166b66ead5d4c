"""The end of a server that was told to stop, also where something in it hangs."""

import os
import threading

STOP_SECONDS = 20.0  # more than taking leave of everybody can take


def insist(seconds: float = STOP_SECONDS) -> None:
    """End the process after so long, if it has not ended by then.

    Every record that was acknowledged is written whole; what hangs is a disk, or a reader of one.
    """
    timer = threading.Timer(seconds, _end, [seconds])
    timer.daemon = True
    timer.start()


def _end(seconds: float) -> None:
    said = f"error: the server could not stop by itself within {seconds:.0f} s, and was ended\n"
    os.write(2, said.encode())
    os._exit(1)
