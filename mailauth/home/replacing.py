"""Files that are replaced as a whole, so that readers see the old file or the new one."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mailauth.home.file_lock import LockHeld, take

PATIENCE = 10.0  # seconds to wait for another command that edits the file


@contextmanager
def edited_alone(file: Path, held: Callable[[str], Exception]) -> Iterator[None]:
    """Keep other editors of a file out, and store its new name at the end.

    The lock is on the file's directory, so no lock file remains. If another editor does not finish
    in time, the exception that `held` makes of a message is raised.
    """
    directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            take(directory, PATIENCE)
        except LockHeld:
            raise held(
                f"{file}: another command has been editing the file for {PATIENCE:.0f} s"
            ) from None
        yield
        os.fsync(directory)
    finally:
        os.close(directory)


def replace_file(
    file: Path,
    data: bytes,
    set_owner: Callable[[int], object],
    check: Callable[[Path], object] = lambda _: None,
) -> None:
    """Replace a file. The new one is private until `set_owner` changes its descriptor.

    `check` can refuse the new file by raising. After an error, the old file is still there.
    """
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as new:
            new.write(data)
            new.flush()
            set_owner(new.fileno())
            os.fsync(new.fileno())
        check(temporary)
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
