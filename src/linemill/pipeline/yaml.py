"""Read YAML 1.2 into parts: safe, in bounds, and every value with its place.

It works on the parser's events with a stack of its own, so that depth, size, duplicate keys, tags and anchors are decided
here, before anything is built. Scalars follow the core schema of YAML 1.2 (10.3.2): `on`, `no` and dates are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from linemill.pipeline.part import Entry, Part, Place
from linemill.pipeline.problems import Problems
from linemill.pipeline.wording import quote

MAX_DEPTH = 50
"""Lists and mappings inside each other. A pipeline needs five; the parser gets slow with hundreds."""

MAX_VALUES = 50_000
"""Values after every alias is expanded. A bomb of nine lines has a billion; the largest honest file is a list of words."""

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_SURROGATE = re.compile("[\ud800-\udfff]")

# What the parser says, and the way out for those who do not know YAML by heart.
_WAYS_OUT = (
    ("mapping values are not allowed", 'text with ": " in it needs quotes'),
    ("'\\t'", "indent with blanks, not with tabs"),
    ("cannot start any token", "text that begins with such a character needs quotes"),
    ("while scanning an alias", "text that begins with * needs quotes"),
    ("while scanning an anchor", "text that begins with & needs quotes"),
    ("but got '{'", 'between braces, text with braces needs quotes: "out/{name}"'),
    ("unknown escape character", "a backslash is plain in single quotes: '\\d'"),
)


def parse(text: str, problems: Problems) -> Part:
    """Read the one document of a YAML text; duplicate keys are noted, and reading goes on.

    Raises:
        Stop: It is not YAML as a pipeline file may use it; the reason is among the problems.
    """
    builder = _Builder(problems)
    for event in _events(text, problems):
        builder.take(event)
    if builder.root is None:
        raise problems.stop("the file is empty", hint='a pipeline has at least "nodes" and "outputs"')
    return builder.root


def _events(text: str, problems: Problems) -> Iterator[Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place()
        said = " ".join(part for part in (error.context, error.problem) if part)
        hint = next((way for sign, way in _WAYS_OUT if sign in said), "")
        raise problems.stop(f"this is not YAML: {said}", place, hint) from None
    except (ArithmeticError, LookupError, ValueError) as error:
        # The parser lets escapes such as "\UFFFFFFFF" and some broken directives fail by themselves, without a place.
        raise problems.stop(f"this is not YAML: {error}") from None


class _Open:
    """A list or mapping that is not closed yet."""

    def __init__(self, value: list[Part] | dict[str, Entry], place: Place, anchor: str | None) -> None:
        self.value = value
        self.place = place
        self.anchor = anchor
        self.key: Part | None = None
        self.keys: dict[object, Place] = {}
        self.count = 1


class _Builder:
    def __init__(self, problems: Problems) -> None:
        self.root: Part | None = None
        self._problems = problems
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Part, int]] = {}
        self._count = 0

    def take(self, event: Any) -> None:
        place = Place(event.start_mark.line + 1, event.start_mark.column + 1)
        kind = type(event).__name__
        if kind == "DocumentStartEvent":
            self._begin_document(event, place)
        elif kind == "AliasEvent":
            self._alias(event.anchor, place)
        elif kind in ("SequenceStartEvent", "MappingStartEvent"):
            self._refuse_tag(event, place)
            if len(self._open) == MAX_DEPTH:
                raise self._problems.stop(f"lists and mappings are nested more than {MAX_DEPTH} deep", place)
            if self._awaits_key:
                raise self._problems.stop("a list or mapping cannot be a key", place, "a key is text")
            self._open.append(_Open([] if kind == "SequenceStartEvent" else {}, place, event.anchor))
        elif kind in ("SequenceEndEvent", "MappingEndEvent"):
            done = self._open.pop()
            self._put(Part(done.value, done.place), done.count, done.anchor)
        elif kind == "ScalarEvent":
            self._refuse_tag(event, place)
            self._put(self._scalar(event, place), 1, event.anchor)

    @property
    def _awaits_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._open[-1].key is None

    def _begin_document(self, event: Any, place: Place) -> None:
        if self.root is not None:
            raise self._problems.stop("a second document begins here", place, "a pipeline file holds one: take out the line ---")
        version = event.version
        if version and tuple(version) != (1, 2):
            raise self._problems.stop(
                f"this says that it is YAML {version[0]}.{version[1]}, but a pipeline file is YAML 1.2", place
            )

    def _refuse_tag(self, event: Any, place: Place) -> None:
        if event.tag is not None:
            tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            hint = "take it out; quotes make text of a number"
            self._problems.add(f"the tag {quote(tag)} may not be used in a pipeline file", place, hint)

    def _alias(self, name: str, place: Place) -> None:
        if name not in self._anchors:
            inside_itself = any(part.anchor == name for part in self._open)
            what = (
                f"*{name} stands inside of what it names"
                if inside_itself
                else f"*{name} names nothing: there is no &{name} before it"
            )
            raise self._problems.stop(what, place, "" if inside_itself else "text that begins with * needs quotes")
        part, count = self._anchors[name]
        self._put(part, count, None)

    def _put(self, part: Part, count: int, anchor: str | None) -> None:
        self._count += 1
        if anchor:
            self._anchors[anchor] = (part, count)
        if not self._open:
            self.root = part
            return
        parent = self._open[-1]
        parent.count += count
        if parent.count > MAX_VALUES or self._count > MAX_VALUES:
            raise self._problems.stop(f"the file holds more than {MAX_VALUES} values once its aliases are expanded", part.place)
        if isinstance(parent.value, list):
            parent.value.append(part)
        elif parent.key is None:
            parent.key = self._checked_key(part)
        else:
            if part.value is None and not part.text:
                # The parser puts what is not there at the next thing that is.
                part = Part(None, parent.key.place)
            self._enter(parent, parent.value, Entry(parent.key, part))
            parent.key = None

    def _checked_key(self, key: Part) -> Part:
        if not key.is_scalar or key.value is None:
            raise self._problems.stop(
                "a key is missing" if key.value is None else "a list or mapping cannot be a key", key.place, "a key is text"
            )
        return key

    def _enter(self, owner: _Open, mapping: dict[str, Entry], new: Entry) -> None:
        name = new.key.text
        # 1, 1.0 and true are one key to Python, "1" and 1 one name to us.
        first = mapping[name].key.place if name in mapping else owner.keys.get(new.key.value)
        if name == "<<":
            hint = "write the keys out, or use an alias for the whole value"
            self._problems.add("the merge key << is not part of YAML 1.2", new.key.place, hint)
        elif first is not None:
            what = f"the key {quote(name)} stands twice, here and in line {first.line}, column {first.column}"
            self._problems.add(what, new.key.place, "take one out")
        else:
            mapping[name] = new
            owner.keys[new.key.value] = new.key.place

    def _scalar(self, event: Any, place: Place) -> Part:
        text: str = event.value
        if _SURROGATE.search(text):
            raise self._problems.stop("half of a surrogate pair is not text", place)
        is_plain = event.implicit[0]
        try:
            return Part(_resolve(text) if is_plain else text, place, text)
        except ValueError:
            raise self._problems.stop(f"the number {quote(text)} has too many digits", place) from None


def _resolve(text: str) -> Any:
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INFINITE.fullmatch(text):
        return float(text.replace(".", "", 1))
    return text
