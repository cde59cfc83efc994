"""Let some of the lines through."""

from __future__ import annotations

from random import Random


class sample:  # noqa: N801 - named as it is used in YAML
    """Let a sample of the lines through, the same one whenever the same file is run again.

    Settings:
        every: Let the first line through, and then every so many-th.
        share: Let about this share of the lines through, more than 0 and at most 1, chosen by chance.
        seed: The start of the chance; another seed chooses other lines.

    Example:
        nodes:
          tenth:
            use: linemill.processors:sample
            with: {every: 3}
            to: sampled
        outputs:
          sampled: out/{name}

    Given:
        one
        two
        three
        four

    Gives:
        one
        four
    """

    def __init__(self, *, every: int | None = None, share: float | None = None, seed: int = 0) -> None:
        if (every is None) == (share is None):
            raise ValueError("give either every (such as every: 10) or share (such as share: 0.1)")
        if every is not None and every < 1:
            raise ValueError(f"every must be 1 or more, found {every}")
        if share is not None and not 0 < share <= 1:
            raise ValueError(f"share must be more than 0 and at most 1, found {share}")
        self._every = 1 if every is None else every
        self._share = share
        self._chance = Random(seed).random
        self._seen = 0

    def __call__(self, line: str) -> str | None:
        """Return the line, or None if it is not in the sample."""
        if self._share is not None:
            return line if self._chance() < self._share else None
        place = self._seen % self._every
        self._seen += 1
        return None if place else line
