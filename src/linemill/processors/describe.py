"""What the built-in processors say of themselves, read from their signatures and docstrings.

A docstring begins with what the processor does; then come the sections `Settings` (a line each), `Example` (a complete
pipeline), `Given` (lines of a file) and `Gives` (what the example makes of them).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_SECTIONS = ("Settings", "Example", "Given", "Gives")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a processor.

    Attributes:
        name: Its name in YAML; `any name` where the names are the user's to choose.
        type: Its type as the signature has it.
        default: Its default as YAML writes it, or None if it must be given.
        meaning: What it is for, in a sentence or two.
    """

    name: str
    type: str
    default: str | None
    meaning: str


@dataclass(frozen=True, slots=True)
class Described:
    """One built-in processor.

    Attributes:
        name: Its name.
        use: Its import path, for a pipeline file.
        summary: What it does, in one sentence.
        details: What else there is to know; may be empty.
        settings: Its settings, in the order of its signature.
        mode: How it is called: `line` or `stream`.
        is_splittable: Whether it holds no state over lines, so that a large file may be cut.
        takes: What it takes: `text` or `record`.
        example: A complete pipeline, as YAML.
        given: Lines of a file.
        gives: What the example makes of these: records as JSON, a tag in brackets before its line.
    """

    name: str
    use: str
    summary: str
    details: str
    settings: tuple[Setting, ...]
    mode: str
    is_splittable: bool
    takes: str
    example: str
    given: str
    gives: str


def catalogue() -> list[Described]:
    """Describe every built-in processor, in the order of `linemill.processors.PROCESSORS`."""
    import linemill.processors as built_in

    return [_described(name, getattr(built_in, name)) for name in built_in.PROCESSORS]


def reference() -> str:
    """Write the reference of all built-in processors, as Markdown."""
    described = catalogue()
    parts = [
        "# Built-in processors",
        "",
        "Made by `python -m linemill.processors` from the processors' own descriptions. `linemill processors` shows the same.",
        "",
        "A processor that is *splittable* holds no state over lines, so a large file can be worked in parts at the same time.",
        "Under *Gives*, what the example makes of the lines under *Given*: records are shown as JSON, a tag in brackets",
        "before its line.",
        "",
        "| processor | takes | does |",
        "|---|---|---|",
        *(f"| [{each.name}](#{each.name}) | {each.takes} | {each.summary} |" for each in described),
    ]
    for each in described:
        parts += ["", *_section(each)]
    return "\n".join(parts) + "\n"


def _section(each: Described) -> list[str]:
    parts = [f"## {each.name}", "", each.summary]
    if each.details:
        parts += ["", each.details]
    kind = f"{each.mode}, {'splittable' if each.is_splittable else 'not splittable'}"
    parts += ["", f"`use: {each.use}` · takes {each.takes} · {kind}"]
    if each.settings:
        parts += ["", "| setting | type | default | meaning |", "|---|---|---|---|"]
        for setting in each.settings:
            default = "required" if setting.default is None else f"`{setting.default}`"
            type_ = setting.type.replace("|", "\\|")
            parts.append(f"| {setting.name} | `{type_}` | {default} | {setting.meaning} |")
    for title, language, text in (("", "yaml", each.example), ("Given", "text", each.given), ("Gives", "text", each.gives)):
        parts += [*(["", f"{title}:"] if title else []), "", f"```{language}", text, "```"]
    return parts


def _described(name: str, processor: Callable[..., Any]) -> Described:
    is_class = inspect.isclass(processor)
    call = processor.__call__ if is_class else processor  # type: ignore[operator]
    first = next(parameter for parameter in inspect.signature(call).parameters.values() if parameter.name != "self")
    mode = "stream" if str(first.annotation).startswith("Iterator") else "line"
    opening, sections = _taken_apart(inspect.getdoc(processor) or "")
    summary, _, details = opening.partition("\n\n")
    parameters = list(inspect.signature(processor).parameters.values())
    meanings = _meanings(sections.get("Settings", ""))
    return Described(
        name=name,
        use=f"linemill.processors:{name}",
        summary=" ".join(summary.split()),
        details="\n\n".join(" ".join(paragraph.split()) for paragraph in details.split("\n\n")).strip(),
        settings=tuple(_setting(parameter, meanings) for parameter in (parameters if is_class else parameters[1:])),
        mode=mode,
        is_splittable=mode == "line" and (not is_class or bool(getattr(processor, "splittable", False))),
        takes="record" if first.name.startswith("record") else "text",
        example=sections["Example"],
        given=sections["Given"],
        gives=sections["Gives"],
    )


def _taken_apart(doc: str) -> tuple[str, dict[str, str]]:
    """Split a docstring into what stands before the sections, and the sections with their indent taken off."""
    opening: list[str] = []
    sections: dict[str, list[str]] = {}
    here = opening
    for line in doc.splitlines():
        if line.endswith(":") and line[:-1] in _SECTIONS:
            here = sections.setdefault(line[:-1], [])
        else:
            here.append(line if here is opening else line[4:])
    return "\n".join(opening).strip(), {name: "\n".join(lines).strip("\n") for name, lines in sections.items()}


def _meanings(text: str) -> dict[str, str]:
    meanings: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith(" "):
            meanings[name] += f" {line.strip()}"
        else:
            name, _, meaning = line.partition(": ")
            meanings[name] = meaning
    return meanings


def _setting(parameter: inspect.Parameter, meanings: dict[str, str]) -> Setting:
    annotation = str(parameter.annotation)
    if parameter.kind is inspect.Parameter.VAR_KEYWORD:
        return Setting("any name", annotation, None, meanings[f"**{parameter.name}"])
    default = None if parameter.default is inspect.Parameter.empty else _as_yaml(parameter.default)
    return Setting(parameter.name, annotation, default, meanings[parameter.name])


def _as_yaml(value: object) -> str:
    """Write a default as YAML does; JSON is YAML."""
    import orjson

    return "not given" if value is None else orjson.dumps(value).decode()
