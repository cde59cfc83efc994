"""Write lines in snake case."""

from __future__ import annotations


def snake(line: str, *, separator: str = "_") -> str:
    """Write each line in lower case with a separator for every space.

    Other blanks, such as tabs, stay.

    Settings:
        separator: What stands for a space.

    Example:
        nodes:
          snake:
            use: linemill.processors:snake
            to: general
        outputs:
          general: out/{name}

    Given:
        User Logged In
        two  spaces

    Gives:
        user_logged_in
        two__spaces
    """
    return line.lower().replace(" ", separator)
