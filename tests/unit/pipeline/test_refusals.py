"""Every mistake gives the whole message that is written down for it in `refusals/`.

A file there holds sections: `===` and a name, the pipeline file, `>>>`, and what the user reads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

REFUSALS = Path(__file__).parent / "refusals"


def sections(name: str) -> dict[str, str]:
    parts = ("\n" + (REFUSALS / name).read_text()).split("\n=== ")[1:]
    return dict(part.split("\n", 1) for part in parts)


def cases() -> list[Any]:
    found = []
    for file in ("yaml", "keys_and_values", "graph_and_shorthands", "processors"):
        for name, section in sections(f"{file}.txt").items():
            text, message = section.split(">>>\n")
            found.append(pytest.param(text, message.strip(), id=f"{file}: {name}"))
    return found


@pytest.mark.parametrize(("text", "message"), cases())
def test_a_mistake_is_told_with_its_place_and_a_way_out(project, text, message):
    for name, source in sections("modules.txt").items():
        project.write(name, source)
    assert project.refusal(text) == message
