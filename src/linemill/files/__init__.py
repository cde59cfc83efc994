"""Bytes: reading a file as lines, staging and publishing what comes of it. Knows nothing of pipelines."""

from linemill.files.lines import LongLine
from linemill.files.names import shown, unshown
from linemill.files.reading import Reader, Span, spans
from linemill.files.source import Facts
from linemill.files.trouble import cannot_read, cannot_write
from linemill.files.writing import Writer

__all__ = [
    "Facts",
    "LongLine",
    "Reader",
    "Span",
    "Writer",
    "cannot_read",
    "cannot_write",
    "shown",
    "spans",
    "unshown",
]
