"""Values as the tables hold them, and back: names and paths as printable text, counts and pieces as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from linemill.catalog.records import Claim, How, Kind, Origin, Redo, SpanDone, StagedOutput, ToPublish, Wish
from linemill.engine import Ledger, NodeCounts, OutputCounts
from linemill.files import shown, unshown

Row = Any
"""A row of SQLAlchemy's, whose columns are attributes."""

LARGEST = 2**63 - 1
"""What a column holds. Times of change after the year 2262 are kept as this."""


def text_of(path: Path | None) -> str | None:
    """Write a path."""
    return None if path is None else shown(path)


def path_of(text: str | None) -> Path | None:
    """Read a path."""
    return None if text is None else Path(unshown(text))


def a_path_of(text: str) -> Path:
    """Read a path that is always there."""
    return Path(unshown(text))


def plain(text: str) -> str:
    r"""Make text storable that came from anywhere: what UTF-8 cannot say, and NUL, are written as `\ud800` and `\x00`."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def bounded(number: int) -> int:
    """Fit a number into its column."""
    return max(-LARGEST, min(number, LARGEST))


def wish_text(wish: Wish | None) -> str | None:
    """Write a wish."""
    return None if wish is None else json.dumps(asdict(wish))


def wish_of(text: str | None) -> Wish | None:
    """Read a wish."""
    if text is None:
        return None
    fields = json.loads(text)
    return Wish(**{**fields, "kind": Kind(fields["kind"])})


def pieces_of(text: str) -> tuple[tuple[int, str], ...]:
    """Read lengths and checksums."""
    return tuple((length, checksum) for length, checksum in json.loads(text))


def span_row(attempt_id: int, span: SpanDone) -> dict[str, object]:
    """Write a span."""
    return {
        "attempt_id": attempt_id,
        "index": span.index,
        "start_byte": span.start,
        "end_byte": span.end,
        "ledger": json.dumps(asdict(span.ledger)),
        "lengths": json.dumps(span.lengths),
        "pieces": json.dumps(span.pieces),
    }


def span_of(row: Row) -> SpanDone:
    """Read a span."""
    pieces = {name: (length, checksum) for name, (length, checksum) in json.loads(row.pieces).items()}
    return SpanDone(row.index, row.start_byte, row.end_byte, _ledger_of(row.ledger), json.loads(row.lengths), pieces)


def node_rows(attempt_id: int, ledger: Ledger) -> list[dict[str, object]]:
    """Write what the nodes did."""
    return [
        {
            "attempt_id": attempt_id,
            "position": position,
            "node": name,
            "came": node.came,
            "gave": json.dumps(node.gave),
            "sent": json.dumps(node.sent),
            "filtered": node.filtered,
            "dead": node.dead,
            "unrouted": node.unrouted,
            "restarts": node.restarts,
            "seconds": node.seconds,
        }
        for position, (name, node) in enumerate(ledger.nodes.items())
    ]


def output_row(attempt_id: int, output: StagedOutput, offset: int) -> dict[str, object]:
    """Write an output."""
    return {
        "attempt_id": attempt_id,
        "name": output.name,
        "how": output.how,
        "target": shown(output.target),
        "staged": shown(output.staged),
        "offset_bytes": offset,
        "bytes": output.bytes,
        "lines": output.lines,
        "pieces": json.dumps(output.pieces),
        "may_replace": output.may_replace,
        "is_published": False,
    }


def output_of(row: Row) -> ToPublish:
    """Read an output."""
    output = StagedOutput(
        name=row.name,
        how=How(row.how),
        target=a_path_of(row.target),
        staged=a_path_of(row.staged),
        bytes=row.bytes,
        lines=row.lines,
        pieces=pieces_of(row.pieces),
        may_replace=row.may_replace,
    )
    return ToPublish(row.id, output, row.offset_bytes, row.is_published)


def paths_text(paths: Sequence[Path]) -> str | None:
    """Write some paths; None for none."""
    return json.dumps([shown(path) for path in paths]) if paths else None


def redo_of(file: Row, attempt: Row, outputs: Sequence[Row]) -> Redo:
    """Read what is left to do for an attempt."""
    return Redo(
        file_id=file.id,
        attempt_id=attempt.id,
        kind=Kind(attempt.kind),
        name=unshown(file.name),
        noticed_at=file.noticed_at,
        outputs=tuple(map(output_of, outputs)),
        place=path_of(file.place),
        moves_to=path_of(attempt.moves_to),
        deletes=attempt.deletes,
        obsolete=tuple(map(a_path_of, json.loads(attempt.obsolete or "[]"))),
    )


def claim_of(file: Row, attempt: Row, spans: Sequence[Row] = ()) -> Claim:
    """Read a claim."""
    return Claim(
        file_id=file.id,
        attempt_id=attempt.id,
        origin=Origin(file.origin),
        kind=Kind(attempt.kind),
        name=unshown(file.name),
        life_name=unshown(file.life_name),
        found=path_of(file.found),
        place=path_of(file.place),
        size=file.size,
        mtime_ns=file.mtime_ns,
        tries=file.tries,
        day=attempt.day,
        version_id=attempt.version_id,
        noticed_at=file.noticed_at,
        spans=tuple(map(span_of, spans)),
        wish=wish_of(attempt.wish),
    )


def _ledger_of(text: str) -> Ledger:
    fields: Mapping[str, Any] = json.loads(text)
    return Ledger(
        lines=fields["lines"],
        too_long=fields["too_long"],
        nodes={name: NodeCounts(**counts) for name, counts in fields["nodes"].items()},
        outputs={name: OutputCounts(**counts) for name, counts in fields["outputs"].items()},
    )
