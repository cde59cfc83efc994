"""From an import path to a processor of known shape: found, given its settings, built once to see that it can be.

A processor is a function, a class (built anew for every attempt), an object (copied for every attempt) or a factory (called
anew for every attempt). This is where they are told apart.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from linemill.pipeline.annotations import UNKNOWN, is_callable, parameters_of, read_annotation
from linemill.pipeline.graph import Mode
from linemill.pipeline.imports import Importer, Unusable
from linemill.pipeline.problems import Problems
from linemill.pipeline.settings import ONE_DICT_NAMES, bind
from linemill.pipeline.shapes import LINE_NAMES, Shape, first_parameter, is_async, mark_of, shape_of
from linemill.pipeline.spec import NodeForm
from linemill.pipeline.wording import quote

METHODS = ("__call__", "process")
"""What an object is called by, the first that it has."""

Build = Callable[[], Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class Processor:
    """A processor whose shape is known.

    Attributes:
        shape: How it takes its lines.
        is_splittable: Holds no state over lines.
        build: Makes the callable for one attempt.
    """

    shape: Shape
    is_splittable: bool
    build: Build


def read_processor(node: NodeForm, importer: Importer, problems: Problems) -> Processor | None:
    """Make a node's processor; None where it cannot be, with the reasons noted."""
    use: str | None = node.given.get("use")
    if use is None:
        return None
    place = node.place_of("use")
    try:
        target = importer.find(use)
        processor = _Reading(node, use, importer, problems).read(target)
    except _Told:
        return None
    except Unusable as unusable:
        problems.add(f"{node.where}.use: {unusable.what}", place, unusable.hint)
        return None
    if processor is not None:
        _check_options(node, processor.shape, problems)
    return processor


def _check_options(node: NodeForm, shape: Shape, problems: Problems) -> None:
    """Note options that mean nothing for the shape of a processor."""
    for key, is_allowed, what_for in (
        (
            "splittable",
            shape.mode is not Mode.STREAM or not node.given.get("splittable"),
            "a stream sees all lines of a file in one call",
        ),
        ("retry", shape.mode is not Mode.STREAM, "a stream cannot be called again for one line"),
        ("on_error", shape.mode is Mode.STREAM, "it says what happens when a stream raises"),
        ("concurrency", shape.mode is Mode.ASYNC, "it says how many lines an async processor runs at a time"),
    ):
        if key in node.given and not is_allowed:
            what = f"{node.where}.{key}: the processor is of mode {shape.mode.value}, which this does not go with"
            problems.add(what, node.place_of(key), what_for)


class _Reading:
    """One node's processor while it is being read."""

    def __init__(self, node: NodeForm, use: str, importer: Importer, problems: Problems) -> None:
        self.node = node
        self.use = use
        self.importer = importer
        self.problems = problems
        self.mode: Mode | None = node.given.get("mode")

    def read(self, target: Any) -> Processor | None:
        if inspect.isclass(target):
            return self._class(target)
        owner = getattr(target, "__self__", None)
        is_of_object = inspect.ismethod(target) and not inspect.isclass(owner)
        if inspect.isroutine(target) and not is_of_object:
            return self._function(target)
        return self._object(target)

    def _function(self, function: Callable[..., Any]) -> Processor | None:
        parameters = parameters_of(function)
        if self._is_factory(function, parameters):
            return self._factory(function, parameters, is_sure=True)
        shape = shape_of(function, self.mode)
        if shape is None:
            if not self._may_be_factory(parameters):
                raise self._unknown_shape(self.use, function)
            return self._factory(function, parameters, is_sure=False)
        self._refuse_async(function, shape)
        rest = None if parameters is None else parameters[1:] if first_parameter(parameters) else parameters
        bound = bind(self.node, quote(self.use), rest, self.problems, gives_name=False)
        if bound is None:
            return None
        build: Build = (lambda: partial(function, **bound.fresh())) if bound.keywords else (lambda: function)
        return Processor(shape, self._is_splittable(shape, otherwise=True), build)

    def _is_factory(self, function: Callable[..., Any], parameters: Sequence[inspect.Parameter] | None) -> bool:
        """Tell whether a function surely makes the processor: it has no place for a line, or says what it returns."""
        if parameters is None or mark_of(function) or is_async(function) or inspect.isgeneratorfunction(function):
            return False
        if not parameters or is_callable(read_annotation(_returns(function), function)):
            return True
        first = first_parameter(parameters)
        if first is None:
            return all(each.kind is inspect.Parameter.KEYWORD_ONLY for each in parameters)
        if first.name in LINE_NAMES:
            return False
        return first.name in self.node.settings or (self.mode is None and first.name in ONE_DICT_NAMES)

    def _may_be_factory(self, parameters: Sequence[inspect.Parameter] | None) -> bool:
        """Tell whether a function of unknown shape could be called with the settings alone."""
        return parameters is not None and bind(self.node, "", parameters, Problems(), gives_name=True) is not None

    def _factory(
        self, factory: Callable[..., Any], parameters: Sequence[inspect.Parameter] | None, *, is_sure: bool
    ) -> Processor | None:
        bound = bind(self.node, quote(self.use), parameters, self.problems, gives_name=True)
        if bound is None:
            return None

        def build() -> Callable[..., Any]:
            return _callable_of(factory(**bound.fresh()))

        product = self._try(lambda: factory(**bound.fresh()))
        if inspect.isclass(product) or _method_of(product) is None:
            if not is_sure:
                raise self._unknown_shape(self.use, factory)
            given = "nothing" if product is None else _article(type(product).__name__)
            if inspect.isclass(product):
                given = f"the class {product.__name__}"
            raise Unusable(f"{quote(self.use)} makes the processor, but gave {given}", "it must return a function or an object")
        return self._made(product, build)

    def _class(self, target: type) -> Processor | None:
        method = next((name for name in METHODS if any(name in vars(each) for each in target.__mro__[:-1])), None)
        if method is None:
            raise Unusable(
                f"the class {quote(self.use)} has neither __call__ nor process", "give it a method: def process(self, line: str)"
            )
        bound = bind(self.node, quote(self.use), parameters_of(target), self.problems, gives_name=True)
        if bound is None:
            # Its objects cannot be built, but their shape can still be told.
            self._check_class_shape(target, method)
            return None
        return self._made(self._try(lambda: target(**bound.fresh())), lambda: _callable_of(target(**bound.fresh())))

    def _check_class_shape(self, target: type, method: str) -> None:
        function = getattr(target, method)
        raw = inspect.getattr_static(target, method)
        parameters = parameters_of(function)
        if parameters and not isinstance(raw, staticmethod | classmethod):
            parameters = parameters[1:]
        if shape_of(function, self.mode, [target], parameters) is None:
            raise self._unknown_shape(f"{self.use}.{method}", function, parameters)

    def _object(self, target: Any) -> Processor | None:
        if _method_of(target) is None:
            kind = type(target).__name__
            raise Unusable(
                f"{quote(self.use)} is {_article(kind)}, which cannot be called",
                "name a function, a class, or an object with process",
            )
        if self.node.settings:
            what = f"{self.node.where}.with: {quote(self.use)} is an object that is built already, and takes no settings"
            self.problems.add(what, self.node.place_of("with"), "name its class, or take them out")
            return None
        try:
            product = copy.deepcopy(target)
        except Exception as error:
            what = (
                f"{quote(self.use)} is an object that cannot be copied, and each file needs its own: {self.importer.tell(error)}"
            )
            raise Unusable(what, "name its class, or a function that makes it") from error
        return self._made(product, lambda: _callable_of(copy.deepcopy(target)))

    def _made(self, product: Any, build: Build) -> Processor:
        """Tell the shape of an object, or of a function that a factory made."""
        method = _method_of(product)
        assert method is not None, "its class, or the caller, was asked before"
        shape = shape_of(method, self.mode, [product])
        if shape is None:
            name = self.use if method is product else f"{self.use}.{method.__name__}"
            raise self._unknown_shape(name, method)
        self._refuse_async(method, shape)
        return Processor(shape, self._is_splittable(shape, otherwise=getattr(product, "splittable", False) is True), build)

    def _try(self, make: Callable[[], Any]) -> Any:
        """Build once, so that a wrong setting is told now and not at the first file."""
        try:
            return make()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            what = f"{self.node.where}: {quote(self.use)} cannot be built: {self.importer.tell(error)}"
            self.problems.add(what, self.node.place_of("with", "use"))
            raise _Told from error

    def _is_splittable(self, shape: Shape, *, otherwise: bool) -> bool:
        said: bool | None = self.node.given.get("splittable")
        return shape.mode is not Mode.STREAM and (otherwise if said is None else said)

    def _refuse_async(self, function: Callable[..., Any], shape: Shape) -> None:
        if is_async(function) and shape.mode is not Mode.ASYNC:
            what = f"{self.node.where}: {quote(self.use)} is an async def, which cannot be of mode {shape.mode.value}"
            self.problems.add(what, self.node.place_of("mode", "use"), "take the mode out, or write async")

    def _unknown_shape(
        self, name: str, function: Callable[..., Any], parameters: Sequence[inspect.Parameter] | None = None
    ) -> Unusable:
        first = first_parameter(parameters_of(function) if parameters is None else parameters)
        takes = f"its first parameter {quote(first.name)} does not say" if first else "nothing says"
        short = getattr(function, "__name__", "<lambda>").replace("<lambda>", "processor")
        written = "self, line: str" if short in METHODS else "line: str"
        hint = f'write "mode: line" (or batch, stream) in this node, or "def {short}({written})" in the code'
        return Unusable(f"{takes} whether {quote(name)} takes one line or all of them", hint)


class _Told(Unusable):
    """The reason is among the problems already."""

    def __init__(self) -> None:
        super().__init__("")


def _returns(function: Callable[..., Any]) -> Any:
    try:
        return inspect.signature(function).return_annotation
    except (ValueError, TypeError):
        return UNKNOWN


def _method_of(target: Any) -> Callable[..., Any] | None:
    """Give what to call an object by; a function is its own."""
    found: Callable[..., Any] | None = None
    if inspect.isroutine(target):
        found = target
    elif callable(target):
        # A bound Python method is called faster than the object that has it; one written in C is not.
        found = target.__call__ if inspect.ismethod(target.__call__) else target
    elif callable(getattr(target, "process", None)):
        found = target.process
    return found


def _callable_of(target: Any) -> Callable[..., Any]:
    method = _method_of(target)
    if method is None:
        raise TypeError(f"a processor must be callable or have a method process, and {_article(type(target).__name__)} is not")
    return method


def _article(kind: str) -> str:
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"
