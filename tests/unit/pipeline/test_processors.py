import functools

import pytest

from linemill.pipeline import Mode

HEADER = (
    "from __future__ import annotations\nfrom typing import *\nimport collections.abc as abc\nimport functools\nimport linemill\n"
)


def code(project, text):
    project.write("q.py", HEADER + text)


@pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"])
@pytest.mark.parametrize(
    ("parameter", "mode", "is_tagged"),
    [
        ("x: str", Mode.LINE, False),
        ("x: dict", Mode.LINE, False),
        ("x: dict[str, Any]", Mode.LINE, False),
        ("x: Mapping[str, object]", Mode.LINE, False),
        ("x: str | dict", Mode.LINE, False),
        ("x: Optional[str]", Mode.LINE, False),
        ("x: Annotated[str, 'text']", Mode.LINE, False),
        ("x: Row", Mode.LINE, False),
        ("x: UserText", Mode.LINE, False),
        ("x: list[str]", Mode.BATCH, False),
        ("x: list", Mode.BATCH, False),
        ("x: Sequence[str]", Mode.BATCH, False),
        ("x: Iterator[str]", Mode.STREAM, False),
        ("x: Iterable[dict[str, Any]]", Mode.STREAM, False),
        ("x: abc.Generator[str, None, None]", Mode.STREAM, False),
        ("x: Iterator", Mode.STREAM, False),
        ("x: Iterator[tuple[str, ...]]", Mode.STREAM, False),
        ("x: Iterator[tuple[str, str]]", Mode.STREAM, True),
        ("x: Iterable[tuple[str | None, Any]]", Mode.STREAM, True),
        ("x: Iterator[tuple[int, str]]", Mode.STREAM, False),
        ("line", Mode.LINE, False),
        ("record", Mode.LINE, False),
        ("lines", Mode.STREAM, False),
        ("records", Mode.STREAM, False),
        ("line: Any", Mode.LINE, False),
        ("lines: list[str]", Mode.BATCH, False),
        ("line, /", Mode.LINE, False),
    ],
)
def test_the_first_parameter_tells_the_shape(project, future, parameter, mode, is_tagged):
    header = HEADER.removeprefix("from __future__ import annotations\n")
    types = "class Row(TypedDict):\n    a: str\nUserText = NewType('UserText', str)\n"
    project.write("q.py", f"{future}{header}{types}def f({parameter}): ...\nclass C:\n    def process(self, {parameter}): ...\n")
    for use in ("q:f", "q:C"):
        node = project.node(use)
        assert (node.mode, node.is_tagged) == (mode, is_tagged)


def test_annotations_that_only_type_checkers_import_are_understood(project):
    project.write(
        "q.py",
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from collections.abc import Iterator\n    from elsewhere import Thing\n"
        "def f(x: Iterator[str]): ...\ndef g(line: Thing): ...\n",
    )
    assert project.node("q:f").mode is Mode.STREAM
    assert project.node("q:g").mode is Mode.LINE


@pytest.mark.parametrize(
    ("mark", "mode", "is_tagged"),
    [
        ("line", Mode.LINE, False),
        ("batch", Mode.BATCH, False),
        ("stream", Mode.STREAM, False),
        ("tagged_stream", Mode.STREAM, True),
    ],
)
def test_a_decorator_comes_before_the_annotation(project, mark, mode, is_tagged):
    code(
        project,
        f"@linemill.{mark}\ndef f(x: str): ...\n"
        f"@linemill.{mark}\nclass C:\n    def process(self, x: str): ...\n"
        f"class D:\n    @linemill.{mark}\n    def __call__(self, x: str): ...\n"
        f"ready = D()\ndef make(config):\n    return f\n",
    )
    for use in ("q:f", "q:C", "q:D", "q:ready", "q:make"):
        node = project.node(use)
        assert (node.mode, node.is_tagged) == (mode, is_tagged)


def test_the_mode_in_the_file_comes_before_the_decorator(project):
    code(project, "@linemill.stream\ndef f(lines): ...\n@linemill.tagged_stream\ndef g(pairs): ...\ndef h(x): ...\n")
    assert project.node("q:f", "mode: batch").mode is Mode.BATCH
    assert project.node("q:g", "mode: stream").is_tagged
    assert not project.node("q:f", "mode: stream").is_tagged
    for mode in Mode:
        assert project.node("q:h", f"mode: {mode}").mode is mode


def test_async_def_is_async_also_in_classes_and_generators(project):
    code(
        project,
        "async def f(x): ...\nasync def g(line):\n    yield line\nclass C:\n    async def process(self, x: str): ...\n"
        "part = functools.partial(f)\n",
    )
    for use in ("q:f", "q:g", "q:C", "q:part"):
        assert project.node(use).mode is Mode.ASYNC


def test_a_generator_of_a_line_gives_several_and_is_no_stream(project):
    code(project, "def f(line: str):\n    yield line\ndef g(lines):\n    yield from lines\n")
    assert project.node("q:f").mode is Mode.LINE
    assert project.node("q:g").mode is Mode.STREAM


def test_a_function_without_settings_runs_as_it_is(project):
    build = project.node("p:up").build
    assert build() is build()
    assert build().__name__ == "up"


def test_a_function_gets_settings_as_keywords(project):
    code(project, "def f(line: str, by: str, times: int = 1): return line + by * times\ndef g(line, **more): return line, more\n")
    built = project.node("q:f", "with: {by: x, times: 2}").build()
    assert isinstance(built, functools.partial)
    assert built("a") == "axx"
    assert project.node("q:g", "with: {a: 1, 404: b}").build()("x") == ("x", {"a": 1, "404": "b"})


def test_a_function_gets_settings_as_the_one_dict_it_asks_for(project):
    code(project, "def f(line: str, config): return config\ndef g(line: str, words: dict[str, int]): return words\n")
    assert project.node("q:f", "with: {a: 1}").build()("x") == {"a": 1}
    assert project.node("q:g", "with: {a: 1}").build()("x") == {"a": 1}
    assert project.node("q:g", "with: {words: {a: 1}}").build()("x") == {"a": 1}
    assert project.node("q:f").build()("x") == {}


def test_a_class_is_built_anew_for_every_attempt(project):
    code(
        project,
        "class C:\n"
        "    def __init__(self): self.seen = []\n"
        "    def __call__(self, line):\n"
        "        self.seen.append(line)\n"
        "        return self.seen\n",
    )
    build = project.node("q:C").build
    first = build()
    first("a")
    assert first("b") == ["a", "b"]
    assert build()("c") == ["c"]


def test_an_object_is_copied_for_every_attempt(project):
    code(
        project,
        "class C:\n"
        "    def __init__(self): self.seen = []\n"
        "    def process(self, line):\n"
        "        self.seen.append(line)\n"
        "        return self.seen\n"
        "ready = C()\n"
        "method = ready.process\n",
    )
    for use in ("q:ready", "q:method"):
        build = project.node(use).build
        assert build()("a") == ["a"]
        assert build()("b") == ["b"]


def test_a_factory_is_called_anew_for_every_attempt(project):
    code(
        project,
        "def make(prefix: str):\n"
        "    seen = []\n"
        "    def process(line: str):\n"
        "        seen.append(prefix + line)\n"
        "        return seen\n"
        "    return process\n",
    )
    node = project.node("q:make", "with: {prefix: x}")
    assert node.mode is Mode.LINE
    assert node.build()("a") == ["xa"]
    assert node.build()("b") == ["xb"]


def test_factories_are_known_by_having_no_place_for_a_line(project):
    code(
        project,
        "def bare(): return lambda line: 'bare'\n"
        "def named(text): return lambda line: text\n"
        "def annotated(text: str = 'default') -> Callable[[str], str]: return lambda line: text\n"
        "def keywords(*, text): return lambda line: text\n"
        "def one(config): return lambda line: config['text']\n"
        "def perhaps(text='default'): return lambda line: text\n"
        "class C:\n    def __init__(self, text): self.text = text\n    def process(self, line): return self.text\n"
        "def of_class(text): return C(text)\n"
        "class M:\n    @classmethod\n    def make(cls, text): return C(text)\n",
    )
    assert project.node("q:bare").build()("x") == "bare"
    for use in ("q:named", "q:annotated", "q:keywords", "q:one", "q:perhaps", "q:of_class", "q.M.make"):
        assert project.node(use, "with: {text: given}").build()("x") == "given"
    for use in ("q:annotated", "q:perhaps"):
        assert project.node(use).build()("x") == "default"


def test_the_node_tells_its_name_to_objects_that_ask(project):
    code(
        project,
        "class C:\n"
        "    def __init__(self, name: str, config): self.it = (name, config)\n"
        "    def process(self, line): return self.it\n"
        "class D:\n    def __init__(self, name='x', by='-'): self.it = (name, by)\n    def process(self, line): return self.it\n"
        "def make(name): return lambda line: name\n",
    )
    assert project.node("q:C", "with: {by: _}").build()("x") == ("a", {"by": "_"})
    assert project.node("q:C").build()("x") == ("a", {})
    assert project.node("q:D").build()("x") == ("a", "-")
    assert project.node("q:D", "with: {name: mine, by: _}").build()("x") == ("mine", "_")
    assert project.node("q:make").build()("x") == "a"


def test_a_function_that_needs_a_name_is_not_given_the_nodes(project):
    code(project, "def rename(record: dict, name: str): ...\n")
    assert project.refused_node("q:rename") == ':2:12: nodes.a: "q:rename" needs the setting "name"; add it under "with": name: …'


def test_one_attempt_cannot_change_the_settings_of_the_next(project):
    code(
        project,
        "class C:\n"
        "    def __init__(self, words: list[str]):\n"
        "        words.append('x')\n"
        "        self.words = words\n"
        "    def process(self, line): return self.words\n",
    )
    node = project.node("q:C", "with: {words: [a]}")
    assert node.build()("") == ["a", "x"]
    assert node.build()("") == ["a", "x"]
    assert node.settings == {"words": ["a"]}


def test_dataclasses_static_methods_and_inherited_ones_are_processors(project):
    code(
        project,
        "from dataclasses import dataclass\n"
        "@dataclass\n"
        "class Data:\n"
        "    by: str\n"
        "    times: int = 1\n"
        "    def process(self, line: str): return line + self.by * self.times\n"
        "class Static:\n    @staticmethod\n    def process(line: str): return line\n"
        "class Child(Data): pass\n",
    )
    assert project.node("q:Data", "with: {by: x, times: 2}").build()("a") == "axx"
    assert project.node("q:Child", "with: {by: y}").build()("a") == "ay"
    assert project.node("q:Static").build()("a") == "a"
    expected = ':2:40: nodes.a.with.times: found "2", wants int'
    message = project.refused_node("q:Data", "with: {by: x, times: '2'}")
    assert message.endswith(expected.partition(": ")[2])


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        ("int", ["1"], ["'1'", "1.0", "true", "~"]),
        ("float", ["1", "1.5"], ["'1'", "true"]),
        ("bool", ["true"], ["1", "yes"]),
        ("str", ["a", "'1'", "on"], ["1", "true", "[a]"]),
        ("list[str]", ["[]", "[a]"], ["a", "[1]", "{a: b}"]),
        ("list[list[int]]", ["[[1]]"], ["[1]", "[[a]]"]),
        ("dict[str, int]", ["{a: 1}"], ["{a: b}", "{1: 1}", "[a]"]),
        ("dict", ["{a: 1, 2: b}"], ["a"]),
        ("str | None", ["a", "~"], ["1"]),
        ("Optional[int]", ["1", "~"], ["a"]),
        ("str | list[str]", ["a", "[a]"], ["1", "[1]"]),
        ("Literal['a', 'b', 1]", ["a", "1"], ["c", "2", "true"]),
        ("Sequence[int]", ["[1]"], ["[a]", "1"]),
        ("Annotated[int, 'count']", ["1"], ["a"]),
        ("Any", ["1", "a", "~", "[a]"], []),
        ("tuple[str, str]", ["[a, b]", "1"], []),
        ("Unknown", ["1", "a"], []),
        ("'re.Pattern[str]'", ["a"], []),
    ],
)
def test_settings_are_checked_against_plain_annotations_and_given_as_written(project, annotation, good, bad):
    code(
        project,
        f"def f(line: str, *, by: {annotation}): return by\n"
        f"class C:\n"
        f"    def __init__(self, other: str, by: {annotation}): self.by = by\n"
        f"    def process(self, line): ...\n",
    )
    for written in good:
        assert project.node("q:f", f"with: {{by: {written}}}").build()("x") == project.load().nodes[0].settings["by"]
        project.node("q:C", f"with: {{other: o, by: {written}}}")
    for written in bad:
        assert "nodes.a.with.by: found " in project.refused_node("q:f", f"with: {{by: {written}}}")
        assert "nodes.a.with.by: found " in project.refused_node("q:C", f"with: {{other: o, by: {written}}}")


def test_only_functions_and_what_says_so_may_be_split(project):
    code(
        project,
        "def f(line: str): ...\ndef b(x: list[str]): ...\nasync def a(line): ...\ndef s(lines): ...\n"
        "class C:\n"
        "    def process(self, line): ...\n"
        "class D(C):\n"
        "    splittable = True\n"
        "class S:\n"
        "    splittable = True\n"
        "    def process(self, lines): ...\n"
        "c = C()\nd = D()\ndef make(): return D()\ndef fun(): return f\n",
    )
    splittable = {
        name for name in ("f", "b", "a", "s", "C", "D", "S", "c", "d", "make", "fun") if project.node(f"q:{name}").is_splittable
    }
    assert splittable == {"f", "b", "a", "D", "d", "make"}
    assert project.node("q:C", "splittable: true").is_splittable
    assert not project.node("q:f", "splittable: false").is_splittable
    assert not project.node("q:s", "splittable: false").is_splittable


def test_functions_written_in_c_and_cached_ones_are_processors(project):
    code(project, "@functools.cache\ndef f(line: str): return line\n")
    assert project.node("q:f").build()("a") == "a"
    assert project.node("builtins:str.upper", "mode: line").build()("a") == "A"


def test_a_cause_in_the_constructor_is_told_with_the_users_line(project):
    code(
        project,
        "import re\nclass C:\n    def __init__(self, pattern): self.it = re.compile(pattern)\n    def process(self, line): ...\n",
    )
    message = project.refused_node("q:C", "with: {pattern: '('}")
    assert message.startswith(':2:34: nodes.a: "q:C" cannot be built: re.')
    assert message.endswith("(q.py, line 8)")


def test_a_shape_and_a_setting_that_are_both_wrong_are_both_told(project):
    code(project, "class C:\n    def process(self, x): ...\n")
    assert len(project.refused_node("q:C", "with: {a: 1}").splitlines()) == 2


def test_a_constructor_that_ends_the_program_does_not(project):
    code(project, "import sys\nclass C:\n    def __init__(self): sys.exit(0)\n    def process(self, line): ...\n")
    assert project.refused_node("q:C") == ':2:12: nodes.a: "q:C" cannot be built: it called sys.exit (q.py, line 8)'


def test_an_interrupt_while_importing_is_not_taken_for_a_mistake(project):
    project.write("q.py", "raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        project.node("q:f")


def test_installed_processors_are_found(project):
    assert project.node("linemill.processors:strip").build()(" a ") == "a"
    assert project.node("textwrap:dedent", "mode: line").build()("  a") == "a"


def test_a_reason_of_many_lines_is_told_in_one(project):
    project.write("q.py", "raise ValueError('first\\n  second \\x1b[31m' + 'x' * 10_000)\n")
    message = project.refused_node("q:f")
    assert message.startswith(':2:12: nodes.a.use: "q" cannot be imported: ValueError: first second \\x1b[31mxxx')
    assert message.endswith("xxx (q.py, line 1)")
    assert len(message) < 1000
