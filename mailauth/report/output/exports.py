"""Reports for programs: JSON, one array of flat objects, and CSV (RFC 4180)."""

import csv
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

import msgspec

from mailauth.report.values import cell, escaped_json, plain

_encoder = msgspec.json.Encoder()


def write_json(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO) -> None:
    """Write rows as one array of flat objects, one per line."""
    out.write("[")
    separator = "\n"
    for row in rows:
        fields = dict(zip(columns, map(plain, row), strict=True))
        out.write(separator + escaped_json(_encoder.encode(fields).decode()))
        separator = ",\n"
    out.write("\n]\n" if separator != "\n" else "]\n")


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO) -> None:
    """Write rows under a header; texts that a spreadsheet could treat as a formula are quoted."""
    writer = csv.writer(out)
    writer.writerow(map(cell, columns))
    writer.writerows(map(cell, row) for row in rows)
