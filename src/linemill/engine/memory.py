"""Memory that ran out: no fault of the line in hand, so no dead letter, but the end of the try at the file."""

from __future__ import annotations

from linemill.errors import WorldError


def out_of_memory(where: str) -> WorldError:
    """Say that there was no more memory to have."""
    return WorldError(
        "memory ran out",
        where,
        "let processors hold less, or give the workers more (`workers: {memory_limit: ...}`)",
        code="memory",
    )
