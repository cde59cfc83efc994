"""What the bakery's pipeline does to its lines: ordinary Python, nothing to subclass or register."""

import re

ANSI = re.compile(r"\x1b\[[0-9;]*m")
ORDER = re.compile(r"^(?P<time>\S+ \S+) INFO +Order (?P<number>\d+): (?P<pieces>-?\d+) (?P<what>.+)$")


def strip_ansi(line: str) -> str:
    """Take off terminal colors and the blanks at the end; a stack trace keeps its indentation."""
    return ANSI.sub("", line).rstrip()


class Orders:
    """Make a record of every order, and let other lines pass."""

    splittable = True

    def __init__(self, most_pieces: int) -> None:
        self.most_pieces = most_pieces

    def __call__(self, line: str) -> str | tuple[str, dict[str, object]]:
        """Give an order as a record with the tag `order`, any other line as it is."""
        match = ORDER.match(line)
        if match is None:
            return line
        pieces = int(match["pieces"])
        if not 1 <= pieces <= self.most_pieces:
            raise ValueError(f"an order has 1 to {self.most_pieces} pieces, this one {pieces}")
        return "order", {"time": match["time"], "order": int(match["number"]), "pieces": pieces, "what": match["what"]}
