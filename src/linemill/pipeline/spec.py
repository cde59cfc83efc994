"""Read the sections of a pipeline file: which keys there are, and what each may hold.

This is the one place that lists the keys. Forms hold what was written, checked one by one; whether it fits together is for
`routes`, `order` and `processors` to say. A wrong value is noted and left out, so that the rest is still looked at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from linemill.pipeline import values
from linemill.pipeline.folders import check_folders
from linemill.pipeline.graph import (
    ANY_TAG,
    DEAD_LETTERS,
    DROP,
    After,
    Budget,
    HistorySettings,
    InputSettings,
    Mode,
    OnError,
    Output,
    Retry,
    Tries,
    UploadSettings,
    WatchSettings,
    WorkerSettings,
)
from linemill.pipeline.part import Entry, Part, Place
from linemill.pipeline.problems import Problems
from linemill.pipeline.wording import allowed, describe, did_you_mean, nearest, quote

MAX_NODES = 1000
"""More is a list of data, not a graph that somebody wrote; in a tagged list each node may name every later one."""

RESERVED = (DROP, ANY_TAG)
RESERVED_OF_OUTPUTS = (*RESERVED, DEAD_LETTERS)
PLACEHOLDERS = ("{name}", "{stem}", "{date}")


Reader = Callable[[Part], Any]

TOP: dict[str, Reader] = {
    "name": values.text,
    "nodes": values.mapping,
    "pipeline": values.anything,
    "start": values.anything,
    "outputs": values.mapping,
    "errors": values.mapping,
    "watch": values.mapping,
    "input": values.mapping,
    "workers": values.mapping,
    "history": values.mapping,
    "upload": values.mapping,
}
"""The keys of the file itself; of `pipeline`, the shorthand for `nodes`, `dialects` has made nodes."""

NODE: dict[str, Reader] = {
    "use": values.text,
    "with": values.mapping,
    "to": values.anything,
    "mode": values.choice(Mode),
    "splittable": values.boolean,
    "on_error": values.choice(OnError),
    "line_timeout": values.time_limit_s,
    "max_yield": values.whole_number,
    "concurrency": values.whole_number,
    "retry": values.mapping,
}
RETRY: dict[str, Reader] = {
    "on": values.texts,
    "attempts": values.whole_number,
    "wait": values.time_s,
    "wait_max": values.time_s,
}
OUTPUT: dict[str, Reader] = {"path": values.text}
INPUT: dict[str, Reader] = {"encoding": values.encoding, "max_line": values.size, "max_size": values.size}
ERRORS: dict[str, Reader] = {"budget": values.budget, "attempts": values.whole_number, "backoff": values.backoff_s}
WATCH: dict[str, Reader] = {
    "inbox": values.folder,
    "processing": values.folder,
    "processed": values.folder,
    "failed": values.folder,
    "include": values.texts,
    "settle": values.time_s,
    "marker": values.name_end,
    "after": values.choice(After),
    "min_free": values.size,
    "stop_timeout": values.time_s,
}
WORKERS: dict[str, Reader] = {
    "count": values.whole_number,
    "memory_limit": values.size,
    "stall_timeout": values.time_limit_s,
}
HISTORY: dict[str, Reader] = {"age": values.age_s, "files": values.whole_number}
UPLOAD: dict[str, Reader] = {"max_size": values.size, "quota": values.size, "suffixes": values.name_ends}


_RETRY = Retry(on=())
"""Has the defaults."""


@dataclass(frozen=True, slots=True)
class RetryForm:
    """What `retry:` says; the exceptions are still names."""

    on: tuple[Part, ...]
    attempts: int = _RETRY.attempts
    wait: float = _RETRY.wait_s
    wait_max: float = _RETRY.wait_max_s


@dataclass(frozen=True, slots=True)
class NodeForm:
    """What the file says about a node.

    Attributes:
        name: Its name.
        place: Where it begins.
        parts: What stands under its keys, for the places of it.
        given: What its keys say, where they say it rightly.
        retry: What `retry:` says.
    """

    name: str
    place: Place
    parts: Mapping[str, Part]
    given: Mapping[str, Any]
    retry: RetryForm | None = None

    @property
    def where(self) -> str:
        """How messages name it."""
        return f"nodes.{self.name}"

    @property
    def settings(self) -> dict[str, Entry]:
        """What `with:` says."""
        part: Part | None = self.given.get("with")
        return part.entries if part else {}

    def place_of(self, *keys: str) -> Place:
        """Tell where the first of these keys that is given has its value; the node itself if none is."""
        return next((self.parts[key].place for key in keys if key in self.parts), self.place)


@dataclass(frozen=True, slots=True)
class Form:
    """What a pipeline file says.

    Attributes:
        name: Its name, if it gives one.
        start: The name of the entry, if it gives one.
        nodes: In the file's order.
        outputs: In the file's order.
        output_places: Where each output's name stands.
        input: How files are read.
        budget: How many dead letters a file may have.
        watch: What the watcher looks at.
        tries: How often a file is tried.
        workers: The processes that work on files.
        history: What is remembered.
        upload: What may be sent to the inbox.
    """

    name: str | None
    start: Part | None
    nodes: dict[str, NodeForm]
    outputs: dict[str, Output]
    output_places: dict[str, Place] = field(default_factory=dict)
    input: InputSettings = field(default_factory=InputSettings)
    budget: Budget = field(default_factory=Budget)
    watch: WatchSettings = field(default_factory=WatchSettings)
    tries: Tries = field(default_factory=Tries)
    workers: WorkerSettings = field(default_factory=WorkerSettings)
    history: HistorySettings = field(default_factory=HistorySettings)
    upload: UploadSettings = field(default_factory=UploadSettings)


def read_form(root: Part, folder: Path, problems: Problems) -> Form:
    """Read a pipeline file in its long form; mistakes are noted, and what is right is kept."""
    given = _read_keys(root, "", TOP, problems)
    if _is_missing("nodes", root, TOP) and _is_missing("pipeline", root, TOP):
        problems.add('"nodes" is missing: a pipeline has at least one node', root.place)
    nodes = _read_nodes(given["nodes"], problems) if "nodes" in given else {}
    outputs, places = _read_outputs(given["outputs"], folder, problems) if "outputs" in given else ({}, {})
    for name in nodes.keys() & outputs.keys():
        what = f"{quote(name)} names an output and, in line {nodes[name].place.line}, a node"
        problems.add(what, places[name], "give one of them another name: a route names its target by it")
    errors = _read_section(given, "errors", ERRORS, problems)
    budget = errors.pop("budget", Budget())
    watch = _read_section(given, "watch", WATCH, problems)
    if "include" in watch:
        watch["include"] = tuple(part.value for part in watch["include"])
    settings = WatchSettings(**_in_seconds(watch, "settle", "stop_timeout"))
    check_folders(settings, given.get("watch"), outputs, places, folder, problems)
    return Form(
        name=given.get("name"),
        start=given.get("start"),
        nodes=nodes,
        outputs=outputs,
        output_places=places,
        input=InputSettings(**_read_section(given, "input", INPUT, problems)),
        budget=budget,
        watch=settings,
        tries=Tries(**_in_seconds(errors, "backoff")),
        workers=WorkerSettings(**_in_seconds(_read_section(given, "workers", WORKERS, problems), "stall_timeout")),
        history=HistorySettings(**_in_seconds(_read_section(given, "history", HISTORY, problems), "age")),
        upload=UploadSettings(**_read_section(given, "upload", UPLOAD, problems)),
    )


def _read_section(given: Mapping[str, Any], name: str, keys: Mapping[str, Reader], problems: Problems) -> dict[str, Any]:
    return _read_keys(given[name], name, keys, problems) if name in given else {}


def _in_seconds(given: dict[str, Any], *times: str) -> dict[str, Any]:
    """Give the names that say their unit to the keys that hold a time."""
    return {f"{key}_s" if key in times else key: value for key, value in given.items()}


def _read_nodes(part: Part, problems: Problems) -> dict[str, NodeForm]:
    if not part.entries:
        problems.add('"nodes" is empty: a pipeline has at least one node', part.place)
    if len(part.entries) > MAX_NODES:
        raise problems.stop(f"there are more than {MAX_NODES} nodes", part.place)
    nodes: dict[str, NodeForm] = {}
    read_name = values.name("a node", RESERVED)
    for key, entry in part.entries.items():
        where = f"nodes.{key}"
        read_value(entry.key, where, read_name, problems)
        if read_value(entry.part, where, values.mapping, problems) is None:
            nodes[key] = NodeForm(key, entry.key.place, {}, {})
            continue
        given = _read_keys(entry.part, where, NODE, problems)
        if _is_missing("use", entry.part, NODE):
            problems.add(f'{where}: "use" is missing', entry.key.place, "name a processor: package.module:name")
        parts = {name: inner.part for name, inner in entry.part.entries.items()}
        retry = _read_retry(given["retry"], f"{where}.retry", problems) if "retry" in given else None
        nodes[key] = NodeForm(key, entry.key.place, parts, given, retry)
    return nodes


def _read_retry(part: Part, where: str, problems: Problems) -> RetryForm | None:
    given = _read_keys(part, where, RETRY, problems)
    if _is_missing("on", part, RETRY):
        hint = "name the exceptions that are worth another try: on: [ConnectionError]"
        problems.add(f'{where}: "on" is missing', part.place, hint)
    if "on" not in given:
        return None
    form = RetryForm(**given)
    if form.wait_max < form.wait:
        place = part.entries["wait_max" if "wait_max" in given else "wait"].part.place
        problems.add(
            f"{where}: wait_max is {form.wait_max:g}s and wait is {form.wait:g}s: the longest wait is the shorter one", place
        )
    return form


def _read_outputs(part: Part, folder: Path, problems: Problems) -> tuple[dict[str, Output], dict[str, Place]]:
    outputs: dict[str, Output] = {}
    places: dict[str, Place] = {}
    owners: dict[str, str] = {}
    read_name = values.name("an output", RESERVED_OF_OUTPUTS)
    for name, entry in part.entries.items():
        where = f"outputs.{name}"
        read_value(entry.key, where, read_name, problems)
        places[name] = entry.key.place
        path = _read_output_path(entry.part, where, problems)
        # An output whose path is wrong is still a name that routes may use.
        outputs[name] = Output(name, path or "")
        if path:
            whole = os.path.normpath(folder / path)
            if whole in owners:
                what = f"{where}: output {quote(owners[whole])} has the path {quote(path)} already"
                problems.add(what, entry.part.place, "give each output a file of its own, or send both routes to one output")
            owners.setdefault(whole, name)
    return outputs, places


def _read_output_path(part: Part, where: str, problems: Problems) -> str | None:
    if isinstance(part.value, dict):
        given = _read_keys(part, where, OUTPUT, problems)
        if _is_missing("path", part, OUTPUT):
            problems.add(f'{where}: "path" is missing', part.place, 'such as "path: out/{name}"')
        path_part, path = (part.entries["path"].part, given.get("path")) if "path" in part.entries else (part, None)
        where = f"{where}.path"
    elif isinstance(part.value, str):
        path_part, path = part, read_value(part, where, values.text, problems)
    else:
        path_part, path = part, None
        problems.add(f"{where}: found {describe(part.value)}, wants a path or a mapping with path", part.place)
    return path if path is not None and _is_good_path(path, path_part.place, where, problems) else None


def _is_good_path(path: str, place: Place, where: str, problems: Problems) -> bool:
    if not path.isprintable() or path != path.strip():
        problems.add(f"{where}: found {quote(path)}, wants a path on one line without blanks around it", place)
        return False
    if os.path.basename(path) in ("", ".", ".."):
        problems.add(f"{where}: {quote(path)} is a folder, wants a file", place, f"such as {quote(os.path.join(path, '{name}'))}")
        return False
    wrong = [found for found in re.findall(r"\{[^{}]*\}|[{}]", path) if found not in PLACEHOLDERS]
    for found in wrong:
        what = f"{where}: {quote(found)} is no placeholder, {allowed(PLACEHOLDERS)}"
        problems.add(what, place, did_you_mean(found, PLACEHOLDERS))
    return not wrong


def _read_keys(part: Part, where: str, keys: Mapping[str, Reader], problems: Problems) -> dict[str, Any]:
    """Read the values of a mapping; what is unknown or wrong is noted and left out."""
    given: dict[str, Any] = {}
    for key, entry in part.entries.items():
        if key not in keys:
            before = f"{where}: " if where else ""
            what = f"{before}unknown key {quote(key)}, {allowed(keys)}"
            problems.add(what, entry.key.place, did_you_mean(key, keys))
            continue
        value = read_value(entry.part, f"{where}.{key}" if where else key, keys[key], problems)
        if value is not None:
            given[key] = value
    return given


def read_value(part: Part, where: str, read: Reader, problems: Problems) -> Any:
    """Read one value; None where it is wrong, which is noted."""
    try:
        return read(part)
    except values.Unfit as unfit:
        wrong = unfit.part or part
        problems.add(f"{where}: found {describe(wrong.value)}, wants {unfit.wanted}", wrong.place, unfit.hint)
        return None


def _is_missing(wanted: str, part: Part, keys: Mapping[str, Reader]) -> bool:
    """Tell whether a key is missing, and not only misspelled: that is told as an unknown key."""
    return wanted not in part.entries and all(nearest(key, keys) != wanted for key in part.entries if key not in keys)
