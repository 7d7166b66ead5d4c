"""The interpreter of a process that serves: what it does beside logins shall not delay them.

Python's collector of cycles looks seldom, at new things only. A thread that computes gives way soon
to the reactor's, which asks for the interpreter again after each of its system calls.
"""

import gc
import sys

_GIVE_WAY_SECONDS = 0.0005  # Python's own are ten times as many

# Before a collection: most of what a connection needs is gone by then without one.
_YOUNG_OBJECTS = 20_000


def settle() -> None:
    """Let what is here now stay: looking through it again and again would delay logins."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
    sys.setswitchinterval(_GIVE_WAY_SECONDS)


def unsettle() -> None:
    """Let everything go at the end: DuckDB complains on stderr of what it finds kept."""
    gc.unfreeze()
