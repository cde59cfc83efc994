"""What `linemill run --json` prints: one JSON object with everything that a run came to.

`FIELDS` is what the reference says about it.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from linemill.cli.documents import FORM, written
from linemill.cli.exits import Exit, code_of
from linemill.cli.outcome import Outcome
from linemill.errors import ConfigurationError, LinemillError
from linemill.mill.report import FileReport

FIELDS = {
    "form": f"The form of this object: {FORM}. It goes up when a field changes its meaning; new fields may come at any time.",
    "state": "`done`, `failed` (a file failed, or dead letters with `--strict`), `stopped` or `refused` (nothing was begun).",
    "exit_code": "The exit code.",
    "pipeline": "`name` and `path` of the pipeline; null if it could not be loaded.",
    "seconds": "How long the run took.",
    "totals": "Over all files that are done: `files`, `failed`, `lines`, `dead`, `bytes`.",
    "files": "A report for each file that is done or failed, in the order of the command line, as below.",
    "files[].name": "The file's name, as `{name}` says it; `stdin` for standard input.",
    "files[].path": "The file, as given; null for standard input.",
    "files[].state": "`done` or `failed`.",
    "files[].failure": "Why it failed: `code`, `what` in words, `traceback` from your code, `may_retry`; null if it did not.",
    "files[].lines": "Lines read.",
    "files[].dead": "Dead letters.",
    "files[].bytes": "Bytes read, before decompression.",
    "files[].seconds": "From its start until it was published.",
    "files[].published": "The output files: `output` (`dead letters` for these), `path`, `lines`, `bytes`. Empty if it failed.",
    "files[].too_long": "Lines longer than `max_line`: dead letters before any node.",
    "files[].nodes": "For each node: items that `came`; `gave` by tag (the empty tag for none); `sent` by target; `filtered`; "
    "`dead`; `unrouted`; `restarts`; `resumed` (came in from no node: dead letters that are taken on from here); `seconds`.",
    "files[].outputs": "For each output: items that `came`, `dead` ones, `lines` and `bytes` written.",
    "unfinished": "Files of which nothing was published because the run was stopped; null stands for standard input.",
    "error": "Why the run was refused or broken off: `code`, `what`, and for a wrong pipeline its `problems`, each with `line`, "
    "`column`, `what`, `hint`; null if it was not.",
}
"""Every field and its meaning."""


def document(outcome: Outcome) -> str:
    """Write a run that began as one JSON object."""
    is_stopped = outcome.code in (Exit.STOPPED, Exit.TERMINATED)
    return written(
        {
            "form": FORM,
            "state": "stopped" if is_stopped else "done" if outcome.code is Exit.DONE else "failed",
            "exit_code": outcome.code.value,
            "pipeline": {"name": outcome.pipeline.name, "path": outcome.pipeline.path},
            "seconds": outcome.seconds,
            "totals": {
                "files": len(outcome.reports),
                "failed": len(outcome.failed),
                "lines": sum(report.ledger.lines for report in outcome.finished),
                "dead": sum(report.ledger.dead for report in outcome.finished),
                "bytes": sum(report.bytes for report in outcome.finished),
            },
            "files": [_report(report) for report in outcome.reports],
            "unfinished": list(outcome.unfinished),
            "error": None,
        }
    )


def error_document(error: LinemillError) -> str:
    """Write an error that ended the run, or kept it from beginning, as one JSON object."""
    code = code_of(error)
    problems = [asdict(problem) for problem in error.problems] if isinstance(error, ConfigurationError) else []
    return written(
        {
            "form": FORM,
            "state": "refused" if code is Exit.REFUSED else "failed",
            "exit_code": code.value,
            "pipeline": None,
            "seconds": 0.0,
            "totals": {"files": 0, "failed": 0, "lines": 0, "dead": 0, "bytes": 0},
            "files": [],
            "unfinished": [],
            "error": {"code": error.code, "what": str(error), "problems": problems},
        }
    )


def _report(report: FileReport) -> dict[str, Any]:
    return {
        "name": report.name,
        "path": report.path,
        "state": report.state.value,
        "failure": asdict(report.failure) if report.failure else None,
        "lines": report.ledger.lines,
        "dead": report.ledger.dead,
        "bytes": report.bytes,
        "seconds": report.seconds,
        "published": [asdict(published) for published in report.published],
        "too_long": report.ledger.too_long,
        "nodes": {name: asdict(node) for name, node in report.ledger.nodes.items()},
        "outputs": {name: asdict(output) for name, output in report.ledger.outputs.items()},
    }
