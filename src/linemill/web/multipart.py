"""A form with files, taken apart while it streams in: nothing is kept of it, and nothing is copied."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

# What a client has done wrong is said to the client; a handler that does nothing keeps it from standard error.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())
logging.getLogger("python_multipart").propagate = False

LONGEST_HEADER_BYTES = 8 * 2**10
MOST_HEADERS = 16


class NotAForm(Exception):
    """The body is not `multipart/form-data`, or ends in the middle; in words."""


@dataclass(frozen=True, slots=True)
class Begin:
    """A part begins.

    Attributes:
        name: That of the file, as it was sent; None for a field that is no file.
    """

    name: str | None


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of the part; a view of what was fed."""

    bytes: memoryview


@dataclass(frozen=True, slots=True)
class End:
    """The part is complete."""


Event = Begin | Data | End


class Form:
    """Takes a body apart.

    Args:
        content_type: The request's header.

    Attributes:
        is_complete: The end of the form was there.

    Raises:
        NotAForm: The header names another kind of body, or no boundary.
    """

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            raise NotAForm("the body is no form with files (multipart/form-data with a boundary)")
        self.is_complete = False
        self._events: list[Event] = []
        self._field = b""
        self._value = b""
        self._name: str | None = None
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._on_part_begin,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_end": self._on_end,
        }
        limits = {"max_header_count": MOST_HEADERS, "max_header_size": LONGEST_HEADER_BYTES}
        try:
            self._parser = MultipartParser(boundary, callbacks, **limits)
        except FormParserError as error:
            raise NotAForm(f"the form is broken: {error}") from error

    def feed(self, chunk: bytes) -> list[Event]:
        """Take the next bytes, and tell what they hold.

        Raises:
            NotAForm: They are none of a form.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise NotAForm(f"the form is broken: {error}") from error
        events, self._events = self._events, []
        return events

    def _on_part_begin(self) -> None:
        self._name = None

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            name = parse_options_header(self._value)[1].get(b"filename")
            # Bytes that are not UTF-8 are kept apart from each other until the name is made safe.
            self._name = None if name is None else name.decode("utf-8", "surrogateescape")
        self._field = self._value = b""

    def _on_headers_finished(self) -> None:
        self._events.append(Begin(self._name))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(Data(memoryview(data)[start:end]))

    def _on_part_end(self) -> None:
        self._events.append(End())

    def _on_end(self) -> None:
        self.is_complete = True
