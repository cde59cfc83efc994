"""What the mill is given in the tests of crashes, what must come of it, and the check that it did.

What is expected is computed here, by plain Python, and not by a run of the program.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

WORDS = ("alpha", "beta", "gamma", "delta", "epsilon")

SETTINGS = """\
errors: {backoff: 50ms}
workers: {count: 1}
watch: {min_free: 1MiB}
"""

STEPS = '''\
from collections.abc import Iterator


def sort(line: str):
    """Tag errors; lines about omega die."""
    if "omega" in line:
        raise ValueError("no omega")
    return ("error" if "beta" in line else ""), line.upper()


def number(lines: Iterator[str]):
    """Hold state over the lines of a file."""
    for count, line in enumerate(lines, 1):
        yield f"{count} {line}"
'''


@dataclass(frozen=True)
class Workload:
    """A project, its inputs, and what must come of them.

    Attributes:
        pipeline: The pipeline file.
        inputs: By name.
        whole: By path below the project, the outputs that are a file's own.
        grown: By pattern below the project, and the name of the input: what each input adds to a growing output.
        dead: By name of the input, the numbers of the lines that die.
        failed: Inputs that must fail.
        steps: The module of processors.
        small_spans: Whether files are to be cut into very small spans.
        settings: The end of the pipeline file.
    """

    pipeline: str
    inputs: Mapping[str, bytes]
    whole: Mapping[str, bytes] = field(default_factory=dict)
    grown: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    dead: Mapping[str, list[int]] = field(default_factory=dict)
    failed: frozenset[str] = frozenset()
    steps: str = STEPS
    small_spans: bool = False
    settings: str = SETTINGS

    def make(self, folder: Path) -> None:
        """Make the project."""
        folder.mkdir(exist_ok=True)
        (folder / "pipeline.yaml").write_text(self.pipeline + self.settings)
        (folder / "steps.py").write_text(self.steps)
        (folder / "inbox").mkdir(exist_ok=True)

    def drop(self, folder: Path, names: Iterable[str] | None = None) -> None:
        """Let inputs arrive, as a careful sender does it: renamed into the inbox when they are whole."""
        for name in self.inputs if names is None else names:
            aside = folder / f"{name}.arriving"
            aside.write_bytes(self.inputs[name])
            os.rename(aside, folder / "inbox" / name)

    def faults(self, folder: Path) -> list[str]:
        """Say everything that is not as it must be when the mill has done all and stands still."""
        return [
            *self._faults_of_inputs(folder),
            *self._faults_of_outputs(folder),
            *self._faults_of_growing(folder),
            *(f"hidden: {path.relative_to(folder)}" for path in folder.rglob(".linemill-*")),
        ]

    def _faults_of_inputs(self, folder: Path) -> Iterable[str]:
        for place, names in (("processed", self.inputs.keys() - self.failed), ("failed", self.failed)):
            yield from _differences(place, contents(folder / place), {name: self.inputs[name] for name in names})
        for place in ("processing", "inbox"):
            yield from _differences(place, contents(folder / place), {})

    def _faults_of_outputs(self, folder: Path) -> Iterable[str]:
        grown = {path.relative_to(folder).as_posix() for pattern in self.grown for path in folder.glob(pattern)}
        found = {f"out/{name}": data for name, data in contents(folder / "out").items()}
        yield from _differences("outputs", {name: data for name, data in found.items() if name not in grown}, self.whole)
        dead = {
            name.removesuffix(".jsonl"): [json.loads(line)["line"] for line in data.splitlines()]
            for name, data in contents(folder / "dead").items()
        }
        if dead != self.dead:
            yield f"dead letters: {dead} in place of {dict(self.dead)}"

    def _faults_of_growing(self, folder: Path) -> Iterable[str]:
        for pattern, pieces in self.grown.items():
            found = b"".join(path.read_bytes() for path in sorted(folder.glob(pattern)))
            yield from faults_of_pieces(pattern, found, pieces)


def contents(folder: Path) -> dict[str, bytes]:
    """Read all files below a folder, hidden ones of ours left out."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".linemill"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def faults_of_pieces(what: str, found: bytes, pieces: Mapping[str, bytes]) -> Iterable[str]:
    """Say what is wrong with a growing output: it is all of the pieces, each in one piece and once, and nothing else."""
    places: dict[int, str] = {}
    for name, piece in pieces.items():
        if piece:
            count = found.count(piece)
            if count != 1:
                yield f"{what}: the lines of {name} are there {count} times in one piece"
            places[found.find(piece)] = name
    together = b"".join(pieces[name] for _, name in sorted(places.items()))
    if found != together:
        yield f"{what}: {len(found)} bytes, which are not the {len(together)} of its pieces"


def _differences(what: str, found: Mapping[str, bytes], expected: Mapping[str, bytes]) -> Iterable[str]:
    for name in sorted(found.keys() | expected.keys()):
        if name not in found:
            yield f"{what}: {name} is missing"
        elif name not in expected:
            yield f"{what}: {name} should not be there"
        elif found[name] != expected[name]:
            yield f"{what}: {name} has {len(found[name])} bytes that are not the {len(expected[name])} expected"


def text_of(name: str, lines: int) -> bytes:
    """Make an input: each of its lines is there once, among all inputs."""
    return "".join(f"{name} {number} {WORDS[number * 7 % 5]}\n" for number in range(lines)).encode()


def upper(data: bytes, *, with_beta: bool | None = None) -> bytes:
    """Do what the processor `sort` does; of the lines with (or without) beta, or of all."""
    lines = [line for line in data.splitlines(keepends=True) if b"omega" not in line]
    return b"".join(line.upper() for line in lines if with_beta is None or (b"beta" in line) is with_beta)


def _own(inputs: Mapping[str, bytes]) -> dict[str, bytes]:
    errors = {f"out/errors/{name}": upper(data, with_beta=True) for name, data in inputs.items()}
    return errors | {f"out/general/{name}": upper(data, with_beta=False) for name, data in inputs.items()}


TWO_WORKERS = SETTINGS.replace("count: 1", "count: 2")

OWN = """\
nodes:
  sort: {use: "steps:sort", to: {error: errors, "*": general}}
outputs:
  errors: out/errors/{name}
  general: out/general/{name}
"""

GROWING = """\
nodes:
  sort: {use: "steps:sort", to: {error: [errors, general], "*": [general, day]}}
outputs:
  errors: out/errors/{name}
  general: out/general.txt
  day: out/day-{date}.txt
"""

STREAM = """\
nodes:
  sort: {use: "steps:sort", to: {"*": number}}
  number: {use: "steps:number", to: numbered}
outputs:
  numbered: out/{stem}.numbered
"""


def own() -> Workload:
    """Outputs for each file, and dead letters."""
    inputs = {f"{name}.log": text_of(name, 300) for name in ("one", "two", "three")}
    inputs["two.log"] += b"omega is the last\n"
    inputs["empty.log"] = b""
    return Workload(OWN, inputs, whole=_own(inputs), dead={"two.log": [301]})


def growing() -> Workload:
    """Outputs that grow, one of them with the day in its name, beside outputs for each file."""
    inputs = {f"{name}.log": text_of(name, 300) for name in ("one", "two", "three", "four")}
    return Workload(
        GROWING,
        inputs,
        whole={f"out/errors/{name}": upper(data, with_beta=True) for name, data in inputs.items()},
        grown={
            "out/general.txt": {name: upper(data) for name, data in inputs.items()},
            "out/day-*.txt": {name: upper(data, with_beta=False) for name, data in inputs.items()},
        },
    )


def many() -> Workload:
    """Many small files, which are worked and committed in groups."""
    inputs = {f"small{number:03}.log": text_of(f"small{number}", number % 5) for number in range(230)}
    return Workload(OWN, inputs, whole=_own(inputs), settings=TWO_WORKERS)


def large() -> Workload:
    """A file in spans, a small one beside it."""
    inputs = {"large.log": text_of("large", 80_000), "small.log": text_of("small", 3)}
    return Workload(OWN, inputs, whole=_own(inputs), small_spans=True, settings=TWO_WORKERS)


def large_growing() -> Workload:
    """Files in spans whose lines go to outputs that grow."""
    inputs = {f"large{number}.log": text_of(f"large{number}", 20_000) for number in range(2)}
    return Workload(
        GROWING,
        inputs,
        whole={f"out/errors/{name}": upper(data, with_beta=True) for name, data in inputs.items()},
        grown={
            "out/general.txt": {name: upper(data) for name, data in inputs.items()},
            "out/day-*.txt": {name: upper(data, with_beta=False) for name, data in inputs.items()},
        },
        small_spans=True,
        settings=TWO_WORKERS,
    )


def stream() -> Workload:
    """A processor that holds state over all lines of a file."""
    inputs = {f"{name}.log": text_of(name, 5000) for name in ("one", "two")}
    numbered = {
        f"out/{name.removesuffix('.log')}.numbered": b"".join(
            b"%d %b" % (number, line) for number, line in enumerate(upper(data).splitlines(keepends=True), 1)
        )
        for name, data in inputs.items()
    }
    return Workload(STREAM, inputs, whole=numbered)


def failing() -> Workload:
    """A file of which every line dies: it fails for good, and the other one does not."""
    inputs = {"good.log": text_of("good", 300), "bad.log": b"omega\n" * 20}
    return Workload(OWN, inputs, whole=_own({"good.log": inputs["good.log"]}), failed=frozenset({"bad.log"}))
