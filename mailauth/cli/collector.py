"""Python's collector of cycles in a process that serves: it looks seldom, at new things only."""

import gc

# Before a collection: most of what a connection needs is gone by then without one.
_YOUNG_OBJECTS = 20_000


def settle() -> None:
    """Let what is here now stay: looking through it again and again would delay logins."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)


def unsettle() -> None:
    """Let everything go at the end: DuckDB complains on stderr of what it finds kept."""
    gc.unfreeze()
