"""A door to the command line that needs no installation.

`python main.py --input sample.txt` is `linemill run sample.txt`, and `python main.py --watch` is `linemill watch`. `--input FILE`
may be given again; every other argument goes to the command line as it is.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
NEEDED = (
    "alembic",
    "fastapi",
    "greenlet",
    "httptools",
    "jinja2",
    "orjson",
    "prometheus_client",
    "python_multipart",
    "rich",
    "ruamel.yaml",
    "sqlalchemy",
    "stamina",
    "structlog",
    "typer",
    "uvicorn",
    "uvloop",
    "xxhash",
)


def arguments(given: list[str]) -> list[str]:
    """Turn `--input FILE` into the command `run FILE`, and `--watch` into `watch`; leave other arguments as they are.

    Args:
        given: Arguments as typed, without the program's name.

    Raises:
        ValueError: An `--input` without a file, or with `--watch`.
    """
    files: list[str] = []
    others: list[str] = []
    is_watch = False
    rest = iter(given)
    for argument in rest:
        if argument == "--input":
            file = next(rest, None)
            if file is None:
                raise ValueError("--input needs a file: python main.py --input sample.txt")
            files.append(file)
        elif argument.startswith("--input="):
            files.append(argument.removeprefix("--input="))
        elif argument == "--watch":
            is_watch = True
        else:
            others.append(argument)
    if is_watch:
        if files:
            raise ValueError("--watch takes the files of the inbox; leave --input out, or --watch")
        return ["watch", *others]
    # The files stand last, after "--", so that a file may be called "--json" and still be a file.
    return ["run", *others, "--", *files] if files else others


def missing() -> list[str]:
    """List the modules that linemill stands on and that this Python does not have."""
    return [name for name in NEEDED if not _is_there(name)]


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # the parent of a dotted name is not there
        return False


def main() -> None:
    """Run the command line, in the checkout's own environment if this Python lacks what it takes."""
    lacking = missing()
    if lacking:
        python = HERE / ".venv" / "bin" / "python"
        if python.exists() and Path(sys.prefix) != HERE / ".venv":
            os.execv(python, [str(python), str(HERE / "main.py"), *sys.argv[1:]])
        sys.exit(f"linemill stands on packages that are not installed: {', '.join(lacking)}. `make run` sets everything up.")
    if importlib.util.find_spec("linemill") is None:
        sys.path.insert(0, str(HERE / "src"))
    try:
        sys.argv = ["linemill", *arguments(sys.argv[1:])]
    except ValueError as error:
        print(error, file=sys.stderr)
        sys.exit(2)

    from linemill.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
