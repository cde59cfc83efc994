"""What the value of a field must be; for `keep_field`, `drop_field` and `tag_by_field`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from linemill.processors._pattern import compile_pattern
from linemill.processors._wording import as_text, excerpt, kind_of

Limit = int | float | str


def condition(
    *,
    equals: Any = None,
    one_of: list[Any] | None = None,
    pattern: str | None = None,
    min: Limit | None = None,
    max: Limit | None = None,
) -> Callable[[Any], bool]:
    """Make a test of a value from the settings that are given; all of them must hold.

    Raises:
        ValueError: None is given, or the pattern is wrong.
    """
    tests: list[Callable[[Any], bool]] = []
    if equals is not None:
        tests.append(lambda value: _is_same(value, equals))
    if one_of is not None:
        tests.append(lambda value: any(_is_same(value, allowed) for allowed in one_of))
    if pattern is not None:
        search = compile_pattern(pattern).search
        tests.append(lambda value: search(as_text(value)) is not None)
    if min is not None:
        tests.append(lambda value: bool(_comparable(value, min) >= min))
    if max is not None:
        tests.append(lambda value: bool(_comparable(value, max) <= max))
    if not tests:
        raise ValueError("say what the value must be: equals, one_of, pattern, min or max (for null: one_of: [null])")
    if len(tests) == 1:
        return tests[0]
    return lambda value: all(test(value) for test in tests)


def _is_same(value: Any, wanted: Any) -> bool:
    # Python has True == 1, JSON has not.
    return bool(value == wanted) and isinstance(value, bool) == isinstance(wanted, bool)


def _comparable(value: Any, limit: Limit) -> Any:
    """Return the value as something of the limit's kind: a number may come as text, from CSV say."""
    if isinstance(limit, str):
        if isinstance(value, str):
            return value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return value
    elif isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            pass
    wanted = "text" if isinstance(limit, str) else "a number"
    raise ValueError(f"expected {wanted} to compare with {limit!r}, found {kind_of(value)}: {excerpt(value)}")
