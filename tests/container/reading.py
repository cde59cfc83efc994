"""Reads a Dockerfile: instructions by stage, with their flags. As much of the language as ours speaks."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Attributes:
        word: `RUN`, `COPY`, …
        flags: What begins with `--`, by name.
        rest: What follows.
    """

    word: str
    flags: dict[str, str]
    rest: str

    @property
    def arguments(self) -> list[str] | None:
        """The words of the exec form; None where a shell would take the rest apart."""
        if not self.rest.startswith("["):
            return None
        words = json.loads(self.rest)
        assert all(isinstance(word, str) for word in words)
        return list(words)


@dataclass(frozen=True)
class Stage:
    """What stands from one FROM to the next."""

    base: str
    name: str | None
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, word: str) -> list[Instruction]:
        return [instruction for instruction in self.instructions if instruction.word == word]

    def last(self, word: str) -> Instruction:
        return self.all(word)[-1]


def read(text: str) -> tuple[dict[str, str], list[Stage]]:
    """Read a Dockerfile.

    Returns:
        The arguments before the first stage with their defaults, and the stages.
    """
    without_comments = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for line in re.sub(r"\\\n", " ", without_comments).splitlines():
        if not line.strip():
            continue
        word, rest = line.strip().split(maxsplit=1)
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(base, name or None))
        elif stages:
            stages[-1].instructions.append(_instruction(word, rest))
        else:
            assert word == "ARG", line
            name, _, default = rest.partition("=")
            arguments[name] = default
    return arguments, stages


def _instruction(word: str, rest: str) -> Instruction:
    flags = {}
    while match := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
        flags[match[1]] = match[2]
        rest = rest[match.end() :]
    return Instruction(word, flags, rest)
