"""Find the object that an import path names, or say in the user's words why it cannot be had."""

from __future__ import annotations

import importlib
import os
import traceback
from types import ModuleType
from typing import Any

from linemill.pipeline.modules import Modules, module_names
from linemill.pipeline.wording import did_you_mean, listing, quote

LONGEST_REASON = 500
"""Characters of an exception's text that are shown: some hold a whole document."""


class Unusable(Exception):
    """What an import path names cannot be used; told as a problem, at the place that names it.

    Attributes:
        what: The reason, a sentence without its subject's place.
        hint: A way out; may be empty.
    """

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class Importer:
    """Imports by path for one load of a pipeline; a module that failed is not run a second time."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._failed: dict[str, Unusable] = {}

    def find(self, path: str) -> Any:
        """Find what `package.module:name` or `package.module.name` names.

        Raises:
            Unusable: It cannot be imported, or there is no such name.
        """
        module_name, colon, attribute = path.partition(":")
        parts = module_name.split(".")
        names = attribute.split(".") if colon else []
        if not all(part.isidentifier() for part in parts + names) or (not colon and len(parts) < 2):
            hint = (
                f"did you mean {quote(f'linemill.processors:{path}')}?"
                if self._is_built_in(path)
                else "write it as package.module:name"
            )
            raise Unusable(f"{quote(path)} is no import path", hint)
        module, rest = self._deepest_module(parts)
        if colon and rest:
            raise self._no_module(parts, module, rest)
        names = rest + names
        if not names:
            raise self._is_module(path, module)
        return self._walk(module, names, parts, is_dotted=not colon)

    def _walk(self, module: ModuleType, names: list[str], parts: list[str], *, is_dotted: bool) -> Any:
        found: Any = module
        for number, name in enumerate(names):
            try:
                found = getattr(found, name)
            except AttributeError:
                if is_dotted and found is module and hasattr(module, "__path__") and len(names) > 1:
                    raise self._no_module(parts, module, names) from None
                owner = ".".join([self._modules.own_name(module.__name__), *names[:number]])
                submodule = self._import(f"{owner}.{name}") if isinstance(found, ModuleType) else None
                if submodule is None:
                    among = [each for each in dir(found) if not each.startswith("_")]
                    among += module_names(list(getattr(found, "__path__", []))) if isinstance(found, ModuleType) else []
                    raise Unusable(f"{quote(owner)} has no {quote(name)}", did_you_mean(name, among)) from None
                found = submodule
            except Exception as error:
                raise self._failure(".".join(parts), error) from error
        if isinstance(found, ModuleType):
            raise self._is_module(self._modules.own_name(found.__name__), found)
        return found

    def _deepest_module(self, parts: list[str]) -> tuple[ModuleType, list[str]]:
        """Import the longest part of a dotted path that is a module; give it and the rest."""
        for length in range(len(parts), 0, -1):
            module = self._import(".".join(parts[:length]))
            if module is not None:
                return module, parts[length:]
        raise self._no_module(parts, None, parts)

    def _import(self, name: str) -> ModuleType | None:
        """Import a module; None if there is none of that name."""
        if name in self._failed:
            raise self._failed[name]
        try:
            return self._modules.import_module(name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if isinstance(error, ModuleNotFoundError) and error.name is not None:
                missing = self._modules.own_name(error.name)
                if name == missing or name.startswith(f"{missing}."):
                    return None
            self._failed[name] = self._failure(name, error)
            raise self._failed[name] from error

    def _no_module(self, parts: list[str], parent: ModuleType | None, rest: list[str]) -> Unusable:
        whole = ".".join(parts[: len(parts) - len(rest) + 1])
        if parent is None:
            among = [*module_names([str(self._modules.folder)]), "linemill"]
            return Unusable(
                f"there is no module {quote(whole)}, neither beside the pipeline file nor installed", did_you_mean(rest[0], among)
            )
        among = module_names(list(getattr(parent, "__path__", [])))
        return Unusable(f"there is no module {quote(whole)}", did_you_mean(rest[0], among))

    def _is_module(self, path: str, module: ModuleType) -> Unusable:
        inside = [
            f"{path}:{name}"
            for name, value in vars(module).items()
            if getattr(value, "__module__", None) == module.__name__ and callable(value)
        ]
        hint = (
            f"did you mean {listing([quote(each) for each in inside[:3]])}?" if inside else f'name what is in it: "{path}:name"'
        )
        return Unusable(f"{quote(path)} is a module, not a processor", hint)

    def _failure(self, name: str, error: BaseException) -> Unusable:
        return Unusable(f"{quote(name)} cannot be imported: {self.tell(error)}")

    def tell(self, error: BaseException) -> str:
        """Tell an exception of the user's code: its type, its text, and the place in that code."""
        if isinstance(error, SystemExit):
            said = "it called sys.exit"
        else:
            try:
                text = str(error.msg if isinstance(error, SyntaxError) else error)
            except Exception:
                text = ""
            text = " ".join(line.strip() for line in text.replace(f"{self._modules.root}.", "").splitlines())[:LONGEST_REASON]
            kind = type(error)
            where = "" if kind.__module__ == "builtins" else f"{self._modules.own_name(kind.__module__)}."
            said = f"{where}{kind.__qualname__}: {text}" if text else f"{where}{kind.__qualname__}"
        place = self._place(error)
        return f"{said} ({place})" if place else said

    def _place(self, error: BaseException) -> str:
        """Tell the last line of the user's code that an exception came through."""
        place = ""
        for frame, line in traceback.walk_tb(error.__traceback__):
            if str(frame.f_globals.get("__name__", "")).startswith(f"{self._modules.root}."):
                place = self._file_line(frame.f_code.co_filename, line)
        if isinstance(error, SyntaxError) and error.lineno and os.path.isabs(error.filename or ""):
            place = self._file_line(str(error.filename), error.lineno)
        return place

    def _file_line(self, file: str, line: int) -> str:
        return f"{file.removeprefix(f'{self._modules.folder}/')}, line {line}"

    def _is_built_in(self, name: str) -> bool:
        return name in getattr(importlib.import_module("linemill.processors"), "__all__", ())
