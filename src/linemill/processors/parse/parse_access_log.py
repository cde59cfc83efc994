"""Parse access logs of web servers."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any

from linemill.processors._wording import excerpt

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# Between quotes, up to a quote that has no backslash before it. Unrolled, so that no text makes it go back and forth.
_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'

_LINE = re.compile(
    r"(\S+) (\S+) (.+?) "  # host, identity, user (which may hold blanks)
    r"\[([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}):((?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)) ([+-][0-9]{2})([0-5][0-9])\] "
    rf"{_QUOTED} ([0-9]{{3}}) ([0-9]+|-)"  # request, status, size
    rf"(?: {_QUOTED} {_QUOTED}(?: (.+))?)?"  # referer, agent, and what a server may add
)

_REQUEST = re.compile(r"(\S+) (.+) (HTTP/[0-9](?:\.[0-9])?)")


def parse_access_log(line: str) -> dict[str, Any]:
    r"""Parse each line of an access log, in the common or the combined format, and give it as a record.

    Fields: `host`, `identity`, `user`, `time` (ISO 8601, with its offset), `request`, its parts `method`, `path` and `protocol`,
    `status` and `size` (whole numbers; a size of `-` is 0), `referer`, `agent`, and `rest`: what a server adds at the end.
    All are there in every record; what is `-` or not in the line is null, and so are the parts of a request that is none.
    Escapes such as `\"` and `\x22` stay as they are written. A line of another form is a dead letter.

    Example:
        nodes:
          parse:
            use: linemill.processors:parse_access_log
            to: select
          select:
            use: linemill.processors:select
            with: {fields: [time, user, path, status, size, agent]}
            to: requests
        outputs:
          requests: out/{stem}.jsonl

    Given:
        10.0.0.1 - ann [10/Oct/2025:13:55:36 +0200] "GET /a HTTP/1.1" 200 2326

    Gives:
        {"time":"2025-10-10T13:55:36+02:00","user":"ann","path":"/a","status":200,"size":2326,"agent":null}
    """
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"expected a line of a common or combined access log, found {excerpt(line)}")
    host, identity, user, day, clock, hours, minutes, request, status, size, referer, agent, rest = match.groups()
    parts = _REQUEST.fullmatch(request)
    method, path, protocol = parts.groups() if parts else (None, None, None)
    return {
        "host": host,
        "identity": _or_null(identity),
        "user": _or_null(user),
        "time": f"{_iso_day(day)}T{clock}{hours}:{minutes}",
        "request": _or_null(request),
        "method": method,
        "path": path,
        "protocol": protocol,
        "status": int(status),
        "size": 0 if size == "-" else int(size),
        "referer": _or_null(referer),
        "agent": _or_null(agent),
        "rest": rest,
    }


def _or_null(value: str | None) -> str | None:
    return None if value == "-" else value


@lru_cache(maxsize=64)  # the lines of a log are of few days
def _iso_day(day: str) -> str:
    number, month, year = day.split("/")
    try:
        return date(int(year), _MONTHS.index(month) + 1, int(number)).isoformat()
    except ValueError:
        raise ValueError(f"expected a day such as 10/Oct/2025, found {day!r}") from None
