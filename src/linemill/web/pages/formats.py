r"""How numbers, times and other people's words are written on pages; the filters of the templates.

The script writes the same into elements with `data-format`, so what a page says does not change when it comes alive:

| format | for | 0 | more |
|---|---|---|---|
| `count` | whole numbers, exact | `0` | `1,234,567` |
| `compact` | whole numbers in little room, three digits | `0` | `999` · `1.23k` · `12.3k` · `123k` · `1.23M` |
| `some` | as `compact`; nothing for 0 | | `12.3k` |
| `dead` | as `compact`, with a cross and the word; nothing for 0 | | `✕ 12 dead` |
| `rate` | by the second: three digits | `0/s` | `0.25/s` · `12.3/s` · `1.23k/s` |
| `flow` | as `rate`; nothing for 0 | | `12.3/s` |
| `bytes` | a kB is 1000 bytes | `0 B` | `812 B` · `1.5 kB` · `33 MB` |
| `seconds` | how long something took | `0 ms` | `12 ms` · `1.23 s` · `12.3 s` · `3 min 5 s` · `2 h 4 min` · `3 d 4 h` |
| `ago` | a moment, seen from now | `now` | `12 s ago` · `3 min ago` · `2 h ago` · `5 d ago` · `in 12 s` |
| `clock` | a moment in UTC | | `2026-03-02 08:09:13` |

Where there is no number (`null`), all of them write `–`.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from markupsafe import Markup, escape

from linemill.files.names import harmless

NOTHING = "–"
"""Where there is no number."""

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
LATEST = 253_402_300_799.0
"""The last second that a calendar of four digits has; what lies beyond is shown as this."""


def count(number: float | None) -> str:
    """Write a whole number exactly."""
    return NOTHING if number is None else f"{number:,.0f}"


def compact(number: float | None) -> str:
    """Write a number with three digits."""
    if number is None:
        return NOTHING
    if number < 999.5:
        return f"{number:.0f}"
    return _three_digits(number)


def some(number: float | None) -> str:
    """Write a number with three digits, and nothing for 0."""
    return compact(number) if number else ""


def dead(number: float | None) -> str:
    """Write how many lines died, and nothing where none did."""
    return f"✕ {compact(number)} dead" if number else ""


def rate(number: float | None) -> str:
    """Write how many there are by the second."""
    if number is None:
        return NOTHING
    return f"{_three_digits(number)}/s" if number >= 0.005 else "0/s"


def flow(number: float | None) -> str:
    """Write how many there are by the second, and nothing where none are."""
    return rate(number) if number is not None and number >= 0.005 else ""


def size(number: float | None) -> str:
    """Write a number of bytes; a negative one is unknown."""
    if number is None or number < 0:
        return NOTHING
    if number < 999.5:
        return f"{number:.0f} B"
    for unit in ("kB", "MB", "GB"):
        number /= 1000
        if number < 999.5:
            return f"{number:.1f} {unit}" if number < 9.95 else f"{number:.0f} {unit}"
    return f"{number / 1000:,.1f} TB"


def seconds(number: float | None) -> str:
    """Write how long something took."""
    if number is None:
        return NOTHING
    if number < 0.9995:
        return f"{number * 1000:.0f} ms"
    if number < 9.995:
        return f"{number:.2f} s"
    if number < 59.95:
        return f"{number:.1f} s"
    minutes, rest = divmod(round(number), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def ago(at: float | None, now: float) -> str:
    """Write how long ago something was, or in how long it will be."""
    if at is None:
        return NOTHING
    away = round(abs(now - at))
    if away < 2:
        return "now"
    for limit, unit, length in ((60, "s", 1), (3600, "min", 60), (48 * 3600, "h", 3600)):
        if away < limit:
            text = f"{away // length} {unit}"
            break
    else:
        text = f"{away // 86_400} d"
    return f"{text} ago" if at <= now else f"in {text}"


def clock(at: float | None) -> str:
    """Write when something was, UTC."""
    return NOTHING if at is None else moment(at).strftime("%Y-%m-%d %H:%M:%S")


def thousandths(at: float) -> str:
    """Write what `clock` leaves out: the thousandths of a second."""
    return f"{moment(at).microsecond // 1000:03}"


def iso(at: float) -> str:
    """Write a moment for machines."""
    return moment(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(at: float) -> datetime:
    """Give a moment as a date, whatever number it is."""
    return datetime.fromtimestamp(min(max(at, 0.0), LATEST), UTC)


def text(words: object) -> Markup:
    """Show other people's words on one line; what cannot be seen is marked as the escape that stands for it."""
    return _marked(str(words), keep="")


def says(words: object) -> Markup:
    """Show a sentence of ours, in which `backticks` stand around what is to be typed or pressed."""
    pieces = str(words).split("`")
    if len(pieces) % 2 == 0:  # somebody else's, or cut off
        return text(words)
    return Markup("").join(
        Markup("<code>{}</code>").format(text(piece)) if number % 2 else text(piece) for number, piece in enumerate(pieces)
    )


def lines(words: object) -> Markup:
    """Show other people's words as several lines: newlines and tabs stay."""
    return _marked(str(words), keep="\n\t")


def short(words: object, length: int = 80) -> str:
    """Show the beginning of a text that is longer than `length`, with an ellipsis."""
    whole = str(words)
    return whole if len(whole) <= length else whole[: length - 1] + "…"


def json_lines(value: object) -> Markup:
    """Show a value as JSON on several lines."""
    return lines(json.dumps(value, ensure_ascii=False, indent=2, default=repr))


def _marked(words: str, keep: str) -> Markup:
    def mark(found: re.Match[str]) -> str:
        character = found[0]
        if character in keep or character.isprintable():
            return str(escape(character))
        return f'<span class="control">{harmless(character)}</span>'

    pieces = []
    end = 0
    for found in _UNPRINTABLE.finditer(words):
        pieces += [str(escape(words[end : found.start()])), mark(found)]
        end = found.end()
    return Markup("".join(pieces) + str(escape(words[end:])))


def _three_digits(number: float) -> str:
    for unit in ("", "k", "M", "G"):
        if number < 999.5:
            return f"{number:.{_decimals(number)}f}{unit}"
        number /= 1000
    return f"{number:,.{_decimals(number)}f}T"


def _decimals(number: float) -> int:
    return 2 if number < 9.995 else 1 if number < 99.95 else 0
