"""`linemill init`: a new project that runs."""

from __future__ import annotations

import shlex
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from linemill.cli.exits import Exit
from linemill.errors import UsageError, WorldError

FILES = {
    "pipeline.yaml": "the pipeline",
    "processors/privacy.py": "a processor",
    "tests/test_privacy.py": "its test",
    "pytest.ini": "where tests find processors",
    "sample.log": "something to try it on",
    "README.md": "what is what",
    ".gitignore": "outputs stay out of version control",
}
"""What a new project consists of, and what each file is for."""


def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where; it is made if it is not there.")] = Path(),
) -> Exit:
    """Make a new project, ready to run.

    It is a pipeline, a processor with its test, and a sample log. Nothing that is there is overwritten.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError("this is a file, not a folder", str(folder), "name another folder")
    in_the_way = [name for name in FILES if _is_taken(folder, name)]
    if in_the_way:
        raise UsageError(
            f"these are in the way: {', '.join(in_the_way)}", str(folder.resolve()), "nothing was changed; name another folder"
        )
    try:
        for name in FILES:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8") as file:
                file.write(template(name))
    except OSError as error:
        raise WorldError(f"the project cannot be written: {error.strerror}", str(error.filename)) from error
    from linemill.files.names import shown

    width = max(len(name) for name in FILES)
    print(f"A new project in {shown(folder.resolve())}:")
    for name, purpose in FILES.items():
        print(f"  {name:{width}}  {purpose}")
    step = "" if folder.resolve() == Path.cwd() else f"cd {shown(shlex.quote(str(folder)))} && "
    print(f"\nNext:\n  {step}linemill run sample.log")
    return Exit.DONE


def template(name: str) -> str:
    """Give the text of a file of a new project."""
    # Stored as .txt, so that no tool takes a template for a part of linemill; a name with a dot first would be hidden.
    stored = resources.files("linemill.cli").joinpath("templates", f"{name.removeprefix('.')}.txt")
    return stored.read_text(encoding="utf-8")


def _is_taken(folder: Path, name: str) -> bool:
    """Tell whether a file is there, or something that is no folder where its folder has to be; a dangling link counts."""
    target = folder / name
    parent = target.parent
    return (
        target.exists()
        or target.is_symlink()
        or (parent != folder and (parent.exists() or parent.is_symlink()) and not parent.is_dir())
    )
