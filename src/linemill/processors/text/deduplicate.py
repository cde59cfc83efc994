"""Let each line through once."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b

_HASH_BYTES = 16
"""128 bits: among a billion different lines, two have the same hash with a chance of 1 to 10^21."""


class deduplicate:  # noqa: N801 - named as it is used in YAML
    """Let each different line of a file through once, and filter the copies.

    What is kept of a line is its hash, of the last so many different lines that were seen, so that memory is bounded: by
    default about 30 MB. A copy that comes after more different lines than are remembered is not known any more and passes.

    Settings:
        adjacent: Whether a line is compared only with the one just before it, as `uniq` does.
        remember: How many different lines are remembered; about 300 bytes each.

    Example:
        nodes:
          once:
            use: linemill.processors:deduplicate
            to: unique
        outputs:
          unique: out/{name}

    Given:
        disk is full
        retrying
        disk is full

    Gives:
        disk is full
        retrying
    """

    def __init__(self, *, adjacent: bool = False, remember: int = 100_000) -> None:
        if remember < 1:
            raise ValueError(f"remember must be 1 or more, found {remember}")
        self._remember = 1 if adjacent else remember
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def __call__(self, line: str) -> str | None:
        """Return the line, or None if it is a copy of one that is remembered."""
        # Text may hold bytes that are no UTF-8 as lone surrogates, and these must tell lines apart too.
        key = blake2b(line.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES).digest()
        if key in self._seen:
            self._seen.move_to_end(key)
            return None
        self._seen[key] = None
        if len(self._seen) > self._remember:
            self._seen.popitem(last=False)
        return line
