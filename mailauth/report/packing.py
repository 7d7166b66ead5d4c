"""The compression and encoding of a log file: which there are, and reading them.

They are recognized by their first octets (RFC 1952 §2.3.1 for gzip, RFC 8878 §3.1.1 for Zstandard,
RFC 2781 §3.2 for UTF-16), not by file names.
"""

import bz2
import codecs
import errno
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, cast

_DECOMPRESSORS: Mapping[bytes, Callable[[Path], object]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}
_OTHERS = {
    b"\x28\xb5\x2f\xfd": "by zstd",
    b"\x04\x22\x4d\x18": "by lz4",
    b"\x1f\x9d": "by compress",
    b"PK\x03\x04": "in a zip archive",
    b"7z\xbc\xaf\x27\x1c": "in a 7z archive",
}
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_LONGEST_MARK = 6
_BLOCK = 65536

SUFFIXES = (".gz", ".bz2", ".xz")
DAMAGED = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)  # errors of decompression


class CannotUnpack(OSError):
    """The file has a compression that cannot be read here; the message names it."""


def opened(path: Path) -> BinaryIO:
    """Open a log file for reading, decompressed and converted to UTF-8.

    Raises `OSError`; reading raises `OSError` or the errors in `DAMAGED`.
    """
    with path.open("rb", buffering=0) as file:
        mark = file.read(_LONGEST_MARK)
    for magic, packed in _OTHERS.items():
        if mark.startswith(magic):
            reason = f"is compressed {packed}, which cannot be read here: decompress it first"
            raise CannotUnpack(errno.EOPNOTSUPP, reason, str(path))
    for magic, decompressed in _DECOMPRESSORS.items():
        if mark.startswith(magic):
            return _decoded(cast(BinaryIO, decompressed(path)))
    return _decoded(cast(BinaryIO, path.open("rb", buffering=0)))


def is_packed(path: Path) -> bool:
    """Return whether a file must be unpacked; lines cannot be appended to such a file."""
    with path.open("rb") as file:
        mark = file.read(_LONGEST_MARK)
    return any(mark.startswith(magic) for magic in (*_DECOMPRESSORS, *_OTHERS, *_UTF_16))


def _decoded(file: BinaryIO) -> BinaryIO:
    """Return a file as UTF-8 if it begins with the byte order mark of UTF-16."""
    try:
        mark = file.read(len(codecs.BOM_UTF16))
        file.seek(0)
    except BaseException:
        file.close()
        raise
    if mark not in _UTF_16:
        return file
    return cast(BinaryIO, io.BufferedReader(_FromUtf16(file, _UTF_16[mark]), _BLOCK))


class _FromUtf16(io.RawIOBase):
    """A UTF-16 file as UTF-8; invalid octets become U+FFFD. Seeking back reads again."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._encoding = encoding
        self._begin()

    def _begin(self) -> None:
        self._file.seek(len(codecs.BOM_UTF16))
        self._decode = codecs.getincrementaldecoder(self._encoding)("replace").decode
        self._ready = b""
        self._position = 0
        self._is_at_end = False

    def readable(self) -> bool:
        """Return true."""
        return True

    def seekable(self) -> bool:
        """Return true; only the beginning can be the target."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read at least one octet, unless the end is reached."""
        while not self._ready and not self._is_at_end:
            block = self._file.read(_BLOCK)
            self._is_at_end = not block
            text = self._decode(block, final=self._is_at_end)
            self._ready = text.encode("utf-8", "replace")
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        self._position += count
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to an offset of the UTF-8 text."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only from the beginning")
        if offset < self._position:
            self._begin()
        while self._position < offset and self.read(min(_BLOCK, offset - self._position)):
            pass
        return self._position

    def tell(self) -> int:
        """Return the offset in the UTF-8 text."""
        return self._position

    def close(self) -> None:
        """Close this and the file."""
        self._file.close()
        super().close()
