"""What the mill tells: JSON lines in a file for machines, and a line an event on the terminal for people.

An event has a name in the past tense (`file_done`) and values; the same names mean the same everywhere: `file` is the file's name
as it came, `attempt` the attempt's number in the catalog, `code` the stable code of an error, `lines` and `dead` counts of lines,
`seconds` a time. Telling never fails and never waits: what cannot be written is lost.
"""

from __future__ import annotations

import json
import logging
import math
import os
import sys
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter

from linemill.files.names import harmless, shown
from linemill.observe.lossy import Lossy

LOG_FILE = "linemill.log"
MOST_BYTES = 10 * 10**6
MOST_FILES = 5
"""Beside the one that is written, each of so many bytes."""

LONGEST_TEXT = 8_000
"""Characters of one value: a line of a file may be megabytes long, and an error may quote it."""

_NAMES = ("file", "first", "last")
"""Values that are names of files, shown as in all other places."""

_COLORS = {"warning": "33", "error": "31", "critical": "31"}

Values = MutableMapping[str, Any]

_JSON = json.JSONEncoder(ensure_ascii=False)


def set_up(folder: Path, *, to_terminal: bool) -> BoundLogger:
    """Make the logger of a service.

    Args:
        folder: Where the log files go; made when the first line is written.
        to_terminal: Standard error is told as well.
    """
    terminal = _Terminal() if to_terminal else None
    file = _LogFile(folder / LOG_FILE, terminal.put if terminal else lambda line: None)
    file.setFormatter(_formatter(_as_json))
    own = logging.Logger("linemill", logging.INFO)  # in no hierarchy: nobody else's handlers hear of it
    own.addHandler(file)
    if terminal is not None:
        terminal.setFormatter(_formatter(_as_line))
        own.addHandler(terminal)
    logger: BoundLogger = structlog.wrap_logger(
        own,
        processors=[
            structlog.stdlib.add_log_level,
            _add_time,
            structlog.processors.format_exc_info,
            ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=BoundLogger,
        context_class=dict,
    )
    return logger


def _formatter(render: Callable[[Any, str, Values], str]) -> logging.Formatter:
    return ProcessorFormatter(processors=[ProcessorFormatter.remove_processors_meta, render])


def _add_time(logger: Any, method: str, values: Values) -> Values:
    values["at"] = datetime.now(UTC)
    return values


def _as_json(logger: Any, method: str, values: Values) -> str:
    at, level, event = values.pop("at"), values.pop("level"), values.pop("event")
    head = {"at": at.isoformat(timespec="milliseconds"), "level": level, "event": _harmless(event)}
    return _JSON.encode(head | {_harmless(key): _plain(key, value) for key, value in values.items()})


def _as_line(logger: Any, method: str, values: Values) -> str:
    at, level, event = values.pop("at"), values.pop("level"), values.pop("event")
    words = [f"{key}={_word(_plain(key, value))}" for key, value in values.items() if key != "file" and value is not None]
    if "file" in values:
        words.insert(0, _word(_plain("file", values["file"])))
    word = level if level != "info" else ""
    line = f"{at.astimezone():%Y-%m-%d %H:%M:%S} {word:8}{event:18} {' '.join(words)}".rstrip()
    line = _harmless(line.replace("\n", "\\n").replace("\t", "\\t"))
    color = _COLORS.get(level) if _has_colors() else None
    return f"\x1b[{color}m{line}\x1b[0m" if color else line


def _plain(key: str, value: Any) -> Any:
    """Make a value one that JSON has, with nothing in it that a terminal would act on."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, list | tuple):
        return [_plain(key, each) for each in value[:100]]
    if isinstance(value, dict):
        return {_harmless(str(name)): _plain(str(name), each) for name, each in value.items()}
    try:
        text = str(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    cut = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
    return shown(cut) if isinstance(value, Path) or key in _NAMES else _harmless(cut)


def _harmless(text: str) -> str:
    """Escape what a terminal would act on; newlines and tabs stay, which JSON escapes itself."""
    return harmless(text, lines=True)


def _word(value: Any) -> str:
    """Write a value so that it can be told where it ends."""
    text = value if isinstance(value, str) else _JSON.encode(value)
    return text if text and not set(text) & set(' "=') else '"' + text.replace('"', '\\"') + '"'


def _has_colors() -> bool:
    return sys.stderr.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


class _LogFile(RotatingFileHandler):
    """Appends whole lines; begins anew where it was moved away or removed, folder and all.

    Args:
        path: The file.
        on_trouble: Told in a line when writing begins to fail.
    """

    def __init__(self, path: Path, on_trouble: Callable[[str], None]) -> None:
        super().__init__(path, maxBytes=MOST_BYTES, backupCount=MOST_FILES, encoding="utf-8", delay=True)
        self._path = path
        self._on_trouble = on_trouble
        self._descriptor = -1
        self._is_torn = False
        self._has_trouble = False

    def emit(self, record: logging.LogRecord) -> None:
        """Append the record's line."""
        try:
            data = f"{self.format(record)}\n".encode("utf-8", "backslashreplace")
            self._begin()
            if self._is_torn:
                data = b"\n" + data
            self._is_torn = os.write(self._descriptor, data) < len(data)
            self._has_trouble = False
        except OSError as error:
            if not self._has_trouble:
                self._has_trouble = True
                self._on_trouble(f"the log cannot be written: {error.strerror or error} [{shown(self._path)}]")
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  called so by the standard library
        """Lose a line rather than the mill."""

    def close(self) -> None:
        """Close the file; it is opened again if there is more to write."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        super().close()

    def _begin(self) -> None:
        """Have the file open that has the name now, with room in it."""
        if self._descriptor >= 0:
            mine = os.fstat(self._descriptor)
            try:
                is_there = os.path.samestat(mine, os.stat(self._path))
            except FileNotFoundError:
                is_there = False
            if is_there and mine.st_size < self.maxBytes:
                return
            os.close(self._descriptor)
            self._descriptor = -1
            if is_there:
                self._rotate()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        self._is_torn = False

    def _rotate(self) -> None:
        try:
            self.doRollover()
        except OSError:
            pass  # a log that is too large is better than none
        finally:
            if self.stream is not None:
                self.stream.close()
                self.stream = None


class _Terminal(logging.Handler):
    """Writes to standard error what it takes without waiting: a pipe that nobody reads does not stop the mill."""

    def __init__(self) -> None:
        super().__init__()
        self._lossy = Lossy()
        self._is_torn = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's line."""
        try:
            self.put(self.format(record))
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  called so by the standard library
        """Lose a line rather than the mill."""

    def put(self, line: str) -> None:
        """Write a line, or as much of it as is taken."""
        try:
            sys.stderr.flush()
            descriptor = sys.stderr.fileno()
        except (AttributeError, OSError, ValueError):  # there is none
            return
        data = f"{line}\n".encode(sys.stderr.encoding or "utf-8", "backslashreplace")
        if self._is_torn:
            data = b"\n" + data
        taken = self._lossy.write(descriptor, data)
        if taken:
            self._is_torn = taken < len(data)
