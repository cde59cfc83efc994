"""The user's part of the benchmark: what the bare loop and both pipelines call."""

from collections.abc import Iterator


def trim(line: str) -> str:
    """Take off the blanks around a line."""
    return line.strip()


def tag(line: str) -> tuple[str, str]:
    """Say where a line goes."""
    if "ERROR" in line:
        return "error", line
    if "WARN" in line:
        return "warn", line
    return "general", line


def snake(line: str) -> str:
    """Write a line in lower case, with underscores for blanks."""
    return line.lower().replace(" ", "_")


def trims(lines: Iterator[str]) -> Iterator[str]:
    """Do what `trim` does, as a generator."""
    for line in lines:
        yield line.strip()


def tags(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Do what `tag` does, as a generator."""
    for line in lines:
        if "ERROR" in line:
            yield "error", line
        elif "WARN" in line:
            yield "warn", line
        else:
            yield "general", line


def snakes(lines: Iterator[str]) -> Iterator[str]:
    """Do what `snake` does, as a generator."""
    for line in lines:
        yield line.lower().replace(" ", "_")


def upper(line: str) -> str:
    """Take off the blanks around a line and write it in capitals."""
    return line.strip().upper()
