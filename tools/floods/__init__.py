"""Floods: what strangers send as fast as they can, while others log in.

A flood is an attack, which is a function, and the bounds that must hold meanwhile. How to add one:

    # tools/floods/readers.py
    def unread_stream(stranger: Stranger) -> None:
        with stranger.connect("http") as connection:
            connection.sendall(b"GET /events?after=1 HTTP/1.1\r\n...\r\n\r\n")
            stranger.tried()        # one attempt more
            stranger.over.wait()    # nothing is read until the flood is over

    READERS = (
        Flood("unread-streams", unread_stream, clients=50, bounds=Bounds(memory=100_000_000)),
    )

and name the module's tuple in `FLOODS` below. `scripts/stress` then runs it, prints what it has
measured, and fails above a bound; `tests/live/protocols/test_floods.py` does so for a moment.

- The attack is one client from connecting to its end. It runs in `clients` threads of a process of
  its own, again and again until `stranger.over` is set; a connection that the server ends is not
  an error; any other exception is. Count with `stranger.tried()` after the server has
  answered, where it answers: what is not counted has not happened, and a flood that has tried
  nothing fails.
- The strangers come from an address that is never blocked; with `blocked`, from one that is.
- `prepare` is run once before the flood: for records that there must be, say.
- `config` is appended to the server's `mailauth.toml`, `arguments` are those of `serve`.
- The server has one account, `NAME` with `PASSWORD`, which is stored by `scheme`. Meanwhile it logs
  in by IMAP from 127.0.0.1, which is never blocked.
"""

from tools.floods.credentials import CREDENTIALS
from tools.floods.flood import Bounds, Flood, Measured, Stranger
from tools.floods.readers import READERS
from tools.floods.records import RECORDS
from tools.floods.running import measure

FLOODS = {flood.name: flood for flood in (*CREDENTIALS, *READERS, *RECORDS)}

__all__ = ["FLOODS", "Bounds", "Flood", "Measured", "Stranger", "measure"]
