"""Import the modules beside a pipeline file so that nobody else sees them.

Each loaded pipeline has a root package of its own, `_linemill_pipeline_3`, whose path is the pipeline's folder. The file
`processors/text.py` is the module `_linemill_pipeline_3.processors.text`, so relative imports, dataclasses, pickling and
type hints work as ever. An absolute import in it (`from utils import x`) finds the folder's own modules first, also when it
runs later, inside a function: the pipeline's modules share a copy of the built-ins whose `__import__` does that. Nothing
else is changed: `sys.path` stays as it is, and `sys.modules` gains names below the root only.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import itertools
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

ROOT_PREFIX = "_linemill_pipeline_"

_numbers = itertools.count(1)
_lock = threading.Lock()


class Modules:
    """The modules beside one pipeline file, imported anew for one load of it.

    Attributes:
        folder: Where they are.
        root: The name of the package that stands for the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = f"{ROOT_PREFIX}{next(_numbers)}"
        self._is_ours: dict[tuple[str, tuple[str, ...]], bool] = {}
        self._builtins: dict[str, Any] = {**vars(builtins), "__import__": self._import}
        package = ModuleType(self.root, f"The folder {folder}")
        package.__path__ = [str(folder)]
        package.__package__ = self.root
        package.__spec__ = ModuleSpec(self.root, None, is_package=True)
        sys.modules[self.root] = package
        _FINDER.add(self)

    def import_module(self, name: str) -> ModuleType:
        """Import a module by its dotted name: beside the pipeline file first, then as Python does."""
        first, *rest = name.split(".")
        return importlib.import_module(f"{self.root}.{name}" if self.is_ours(first, tuple(rest[:1])) else name)

    def own_name(self, name: str) -> str:
        """Give the name by which the user knows a module: without the root package."""
        return name.removeprefix(f"{self.root}.")

    def sources(self) -> tuple[Path, ...]:
        """Tell the files of the modules that were imported so far."""
        files = {
            getattr(module, "__file__", None) for name, module in sys.modules.copy().items() if name.startswith(f"{self.root}.")
        }
        return tuple(sorted(Path(file) for file in files if file))

    def is_ours(self, first: str, submodules: tuple[str, ...] = ()) -> bool:
        """Tell whether a top-level name means a module beside the pipeline file.

        A plain folder without `__init__.py` may hold anything, so it yields to an installed module of its name, unless it
        holds the very submodules that are asked for.
        """
        asked = (first, submodules)
        if asked not in self._is_ours:
            self._is_ours[asked] = self._look(first, submodules)
        return self._is_ours[asked]

    def _look(self, first: str, submodules: tuple[str, ...]) -> bool:
        spec = self.find(first, [str(self.folder)])
        if spec is None or spec.loader is not None:
            return spec is not None
        inside = spec.submodule_search_locations or []
        return bool(submodules and all(self.find(name, inside) for name in submodules)) or not _exists_elsewhere(first)

    def find(self, name: str, folders: Sequence[str]) -> ModuleSpec | None:
        """Find a module of the user's in folders of the user's; a new finder each time sees files as they are now."""
        plain: list[str] = []
        for folder in folders:
            loaders = ((ExtensionFileLoader, EXTENSION_SUFFIXES), (partial(_Loader, self._builtins), SOURCE_SUFFIXES))
            spec = FileFinder(folder, *loaders).find_spec(name)  # type: ignore[arg-type]
            if spec is not None and spec.loader is not None:
                return spec
            plain += (spec.submodule_search_locations or []) if spec else []
        if not plain:
            return None
        package = ModuleSpec(name, None, is_package=True)
        package.submodule_search_locations = plain
        return package

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Stand in for `__import__` in the user's modules."""
        if level == 0:
            first, *rest = name.split(".")
            if self.is_ours(first, tuple(rest[:1] or fromlist or ())):
                imported = builtins.__import__(f"{self.root}.{name}", globals, locals, fromlist or (), 0)
                return imported if fromlist else sys.modules[f"{self.root}.{first}"]
        return builtins.__import__(name, globals, locals, fromlist or (), level)


class _Loader(SourceFileLoader):
    """Run a module's source with the pipeline's own built-ins.

    Byte code is neither read nor written: it is told stale by whole seconds only, and a processor is edited and tried
    again within one.
    """

    def __init__(self, scoped_builtins: dict[str, Any], fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._builtins = scoped_builtins

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = self._builtins
        super().exec_module(module)


class _Finder(MetaPathFinder):
    """Find what is below the root packages, and nothing else."""

    def __init__(self) -> None:
        self._scopes: dict[str, Modules] = {}

    def add(self, scope: Modules) -> None:
        with _lock:
            self._scopes[scope.root] = scope
            if self not in sys.meta_path:
                sys.meta_path.insert(0, self)

    def remove(self, root: str) -> None:
        self._scopes.pop(root, None)

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        scope = self._scopes.get(fullname.partition(".")[0]) if path is not None else None
        return scope.find(fullname, path) if scope and path is not None else None


_FINDER = _Finder()


def forget(root: str) -> None:
    """Take the modules of one load out of the interpreter's table: it failed, or its pipeline is no longer used."""
    for name in [name for name in list(sys.modules) if name == root or name.startswith(f"{root}.")]:
        sys.modules.pop(name, None)
    _FINDER.remove(root)


def _exists_elsewhere(name: str) -> bool:
    """Tell whether Python finds a real module of that name; a plain folder is none."""
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:
        return True
    return spec is not None and spec.origin is not None


def module_names(folders: Sequence[str]) -> list[str]:
    """List the names of modules and folders that could be imported from some folders."""
    names: set[str] = set()
    for folder in folders:
        try:
            with os.scandir(folder) as found:
                for item in found:
                    stem, dot, suffix = item.name.partition(".")
                    if stem.isidentifier() and (
                        dot + suffix in (*SOURCE_SUFFIXES, *EXTENSION_SUFFIXES) or (not dot and item.is_dir())
                    ):
                        names.add(stem)
        except OSError:
            continue
    return sorted(names - {"__init__", "__pycache__"})
