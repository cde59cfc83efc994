"""Where files are and why, in words: for the command line and the web alike. Reads; `control` is for what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from linemill.catalog.filtering import comparison
from linemill.catalog.history import History
from linemill.catalog.now import Standing
from linemill.catalog.periods import BACKLOG
from linemill.catalog.records import AttemptState, FileState, Kind, Owner
from linemill.catalog.rows import AttemptRow, FileRow, OutputRow
from linemill.mill.control import PAUSED, Paused, paused_of

if TYPE_CHECKING:
    from linemill.mill.arrival import Seen

WATCH = "watch"
"""What a mill calls itself among the owners of a catalog."""

STALLED = "stalled"
"""The name of the control value: which workers stand still, in which nodes and since when."""


@dataclass(frozen=True, slots=True)
class MillState:
    """Whether files are worked on.

    Attributes:
        mill: The mill that runs; None if none does.
        paused: Somebody paused it, whether or not it runs.
        blocked: Why it claims nothing at the moment, in words; None if it does.
        refused: Why the pipeline file as it is now is not used, in words; None if it is.
        stalled: Since when a worker has stood still in a node, by its name.
        in_inbox: How many files are in the inbox, as the mill saw it last; None if none runs.
        living: All processes that work on the catalog, by id.
    """

    mill: Owner | None = None
    paused: Paused | None = None
    blocked: str | None = None
    refused: str | None = None
    stalled: Mapping[str, float] = field(default_factory=dict)
    in_inbox: int | None = None
    living: tuple[Owner, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """Some files.

    Attributes:
        seen: Files in the inbox that have no row; with the first page only.
        rows: Files of the catalog.
        after: Where the next page begins; None if there is none.
    """

    seen: tuple[Seen, ...]
    rows: tuple[FileRow, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a file is where it is.

    Attributes:
        name: Its name as it came.
        place: Where it is now; None for standard input, and for one that was deleted.
        state: Where it is in its life.
        why: Why, in a sentence.
        then: What happens next, and what somebody can do, in a sentence.
        then_at: When that happens; None where nobody can say, or nothing does.
        row: Its row; None for a file that is only in the inbox.
        attempts: The first one first.
        outputs: What stands of it, published or about to be.
    """

    name: str
    place: Path | None
    state: FileState
    why: str
    then: str
    then_at: float | None = None
    row: FileRow | None = None
    attempts: tuple[AttemptRow, ...] = ()
    outputs: tuple[OutputRow, ...] = ()


def mill_state(history: History | None) -> MillState:
    """Tell whether a mill runs, and what keeps it from working."""
    return MillState() if history is None else mill_state_of(history.standing())


def mill_state_of(standing: Standing) -> MillState:
    """Tell the same by what the catalog says."""
    mill = next((owner for owner in standing.owners if owner.what == WATCH), None)
    # What a mill has said of itself is over when it is.
    said = standing.controls if mill is not None else {}
    stalled: dict[str, float] = {}
    for one in said.get(STALLED, ()):
        stalled[one["node"]] = min(one["since"], stalled.get(one["node"], one["since"]))
    return MillState(
        mill=mill,
        paused=paused_of(standing.controls.get(PAUSED)),
        blocked=said["blocked"]["reason"] if "blocked" in said else None,
        refused=said["refused"]["reason"] if "refused" in said else None,
        stalled=stalled,
        in_inbox=said.get(BACKLOG),
        living=tuple(standing.owners),
    )


def listed(
    history: History | None,
    seen: Sequence[Seen],
    *,
    state: FileState | None = None,
    name_like: str | None = None,
    sort: str = "-since",
    after: str | None = None,
    limit: int = 100,
) -> Listing:
    """List files: those that are only in the inbox, and those of the catalog.

    Args:
        history: The catalog; None if there is none yet.
        seen: What is in the inbox.
        state: Only those in this state.
        name_like: Only those of this name, or pattern.
        sort: As for `History.files`.
        after: As for `History.files`.
        limit: Rows of the catalog at most, and files of the inbox at most.

    Raises:
        UsageError: The sort or the cursor is none of ours.
    """
    fits = comparison(name_like)
    in_inbox = [
        one
        for one in seen
        if state in (None, one.fate) and (name_like is None or (fits(one.name) if fits else one.name == name_like))
    ]
    chosen = tuple(in_inbox[:limit]) if after is None else ()
    if history is None:
        return Listing(chosen, (), None)
    page = history.files(state=state, name_like=name_like, sort=sort, after=after, limit=limit)
    return Listing(chosen, page.rows, page.after)


def explained_seen(one: Seen, mill: MillState) -> Explanation:
    """Explain a file that is only in the inbox."""
    then, then_at = "nothing: linemill leaves it alone", None
    if one.fate is not FileState.IGNORED:
        then, then_at = _begin(mill), one.next_look_at
    why = one.reason or "it is complete"
    return Explanation(one.name, one.path, one.fate, why, then, then_at)


def explained(history: History, row: FileRow, mill: MillState) -> Explanation:
    """Explain a file of the catalog."""
    attempts = history.attempts(row.id)
    outputs = tuple(output for output in history.outputs(file_id=row.id) if output.replaced_by is None)
    last = attempts[-1] if attempts else None
    why, then, then_at = in_words(row, last, mill)
    return Explanation(row.name, row.place, row.state, why, then, then_at, row, tuple(attempts), outputs)


def in_words(row: FileRow, last: AttemptRow | None, mill: MillState) -> tuple[str, str, float | None]:
    """Say why a file is where it is, what happens next, and when; asks nobody, so that a whole page can be explained at once.

    Args:
        row: The file.
        last: Its last attempt; None if there is none.
        mill: The mill as it is now.
    """
    owner = next((owner for owner in mill.living if last is not None and owner.id == last.owner_id), None)
    match row.state:
        case FileState.WORKING:
            return _in_hand("it is being worked on", owner, "takes it over")
        case FileState.COMMITTED:
            why, then, at = _in_hand("its outputs are complete and are being published", owner, "publishes them")
            return why, f"{then}; it waits: {mill.blocked}" if mill.blocked and owner else then, at
        case FileState.DONE:
            why = "its outputs are published" if row.lines or row.dead else "it was empty"
            again = "`linemill reprocess` does it anew"
            dead = "its dead letter" if row.dead == 1 else f"its {row.dead:,} dead letters"
            letters = f"; `linemill redrive` takes {dead} again" if row.dead else ""
            return why, f"nothing; {again}{letters}", None
        case FileState.FAILED:
            return f"{row.reason} ({row.code})", "nothing, until `linemill retry` tries it again", None
        case _:
            return _ready_why(row, last), _begin(mill), row.next_try_at


def _in_hand(what: str, owner: Owner | None, does: str) -> tuple[str, str, float | None]:
    if owner is None:
        return f"{what}, by a process that is dead", f"the next `linemill watch` or `linemill run` {does}", None
    return f"{what}, by process {owner.pid} on {owner.host} (linemill {owner.what})", "it goes on by itself", None


def _ready_why(row: FileRow, last: AttemptRow | None) -> str:
    if row.wish is not None:
        return f"{row.wish.who} asked for it: {_WISHES[row.wish.kind]}"
    if last is not None and last.state is AttemptState.TAKEN_BACK:
        return f"it was taken back: {last.reason}" if last.reason else "it was put back when linemill stopped"
    if row.reason:
        return f"try {row.tries} failed: {row.reason} ({row.code})"
    return "it waits for its turn"


_WISHES = {
    Kind.RETRY: "to be tried again",
    Kind.REPROCESS: "to be done anew",
    Kind.REDRIVE: "its dead letters are to be taken again",
}


def _begin(mill: MillState) -> str:
    """Say when a file that waits is begun."""
    if mill.mill is None:
        return "nothing: no mill runs; `linemill watch` starts one"
    if mill.paused is not None:
        reason = f": {mill.paused.reason}" if mill.paused.reason else ""
        return f"nothing, until `linemill resume`: {mill.paused.who} paused the mill{reason}"
    if mill.blocked is not None:
        return f"it is begun when the mill can go on: {mill.blocked}"
    return "it is begun by itself"
