"""The loop to measure against: `python bench/bare_loop.py functions|generators INPUT FOLDER`.

What one would write by hand: trim every line; lines with ERROR go to errors, lines with WARN to warnings, all others, in
lower case and with underscores for blanks, to general. The same user functions as the pipelines call; no engine, no
promises, one core.
Started as a file, not as a module, so that its start costs no more than a bare loop's.
"""

import sys
from collections.abc import Iterator

from pipelines.steps import snake, snakes, tag, tags, trim, trims


def main() -> None:
    """Run one of the two loops over the input."""
    how, source, out = sys.argv[1:4]
    with (
        open(f"{out}/errors.log", "w", encoding="utf-8", errors="surrogateescape", newline="\n") as errors_file,
        open(f"{out}/warnings.log", "w", encoding="utf-8", errors="surrogateescape", newline="\n") as warnings_file,
        open(f"{out}/general.log", "w", encoding="utf-8", errors="surrogateescape", newline="\n") as general_file,
        open(source, encoding="utf-8", errors="surrogateescape", newline="\n") as lines,
    ):
        errors, warnings, general = errors_file.write, warnings_file.write, general_file.write
        if how == "functions":
            for line in lines:
                where, line = tag(trim(line))
                if where == "error":
                    errors(line + "\n")
                elif where == "warn":
                    warnings(line + "\n")
                else:
                    general(snake(line) + "\n")
        else:

            def rest() -> Iterator[str]:
                for where, line in tags(trims(lines)):
                    if where == "error":
                        errors(line + "\n")
                    elif where == "warn":
                        warnings(line + "\n")
                    else:
                        yield line

            for line in snakes(rest()):
                general(line + "\n")


if __name__ == "__main__":
    main()
