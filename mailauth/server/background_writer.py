"""Writing to a terminal or a pipe in a thread of its own, since its reader may stall."""

import os
import queue
import threading

WAITING_TEXTS = 1000  # for a reader that does not keep up; further lines are dropped


class BackgroundWriter:
    """Writes texts to a descriptor in UTF-8, until its reader has gone."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._texts: queue.Queue[str | None] = queue.Queue(WAITING_TEXTS)
        self._left_out = 0
        self._over = False
        self._thread = threading.Thread(target=self._write, name="writer", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        """Write whole lines as soon as the reader accepts them."""
        if self._over:
            return
        if self._left_out:
            text = f"({self._left_out} lines were not printed)\n{text}"
        try:
            self._texts.put_nowait(text)
        except queue.Full:
            self._left_out += 1
        else:
            self._left_out = 0

    def close(self, seconds: float = 1.0) -> None:
        """Write what is waiting, for at most this long."""
        try:
            self._texts.put(None, timeout=seconds)
        except queue.Full:
            return
        self._thread.join(seconds)

    def _write(self) -> None:
        while (text := self._texts.get()) is not None:
            data = text.encode("utf-8", "backslashreplace")
            try:
                while data:
                    data = data[os.write(self._descriptor, data) :]
            except OSError:
                self._over = True
                return
