"""`linemill run`: files through the pipeline, once."""

from __future__ import annotations

import difflib
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linemill.cli.exits import Exit, silence_stdout
from linemill.cli.opening import PipelineOption, opened
from linemill.cli.starting import began
from linemill.errors import LinemillError, UsageError

if TYPE_CHECKING:
    from linemill.cli.outcome import Outcome
    from linemill.mill.report import FileReport
    from linemill.pipeline import Pipeline


def run(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Files or named pipes; - is standard input.", show_default=False)
    ],
    pipeline: PipelineOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Put outputs with relative paths under DIR.  [default: the pipeline file's folder]"
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", metavar="N", min=1, help="Worker processes; 1 works in this one.  [default: as cores and input suggest]"
        ),
    ] = None,
    to_stdout: Annotated[
        str | None,
        typer.Option("--to-stdout", metavar="OUTPUT", help="Write the lines of this output to standard output, not to its file."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if there are dead letters, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with everything, and nothing else.")] = False,
) -> Exit:
    """Send files through the pipeline and publish their outputs.

    Each output is whole or not there. At the end prints what became of every line. Exits with 0 if all files are done, 1 if one
    failed, 2 if nothing was begun.
    """
    inputs = [None if file == "-" else Path(file) for file in files]
    try:
        if as_json and to_stdout is not None:
            raise UsageError("--json and --to-stdout both write to standard output", hint="leave one of them out")
        if "" in files:
            raise UsageError("an input has an empty name", hint="name a file, or - for standard input")
        if inputs.count(None) > 1:
            raise UsageError("standard input (-) is named more than once", hint="it can be read only once")
        if out is not None and out.exists() and not out.is_dir():
            raise UsageError("--out names a file", str(out), "name a folder; it is made if it is not there")
        checked = opened(pipeline)
        if to_stdout is not None:
            _known(to_stdout, checked)
        outcome = _worked(checked, inputs, out=out, workers=workers, to_stdout=to_stdout, strict=strict)
    except LinemillError as error:
        if as_json:
            from linemill.cli.document import error_document

            print(error_document(error))
        raise
    try:
        _tell(outcome, as_json=as_json, data_on_stdout=to_stdout is not None)
    except BrokenPipeError:  # the work is done; nobody wants to read about it
        silence_stdout()
    return outcome.code


def _known(output: str, pipeline: Pipeline) -> None:
    names = [known.name for known in pipeline.outputs]
    if output not in names:
        near = difflib.get_close_matches(output, names, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"
        raise UsageError(f"--to-stdout names no output of the pipeline: {output}", hint=hint)


def _worked(
    pipeline: Pipeline, inputs: list[Path | None], *, out: Path | None, workers: int | None, to_stdout: str | None, strict: bool
) -> Outcome:
    from linemill.cli.stopping import stop_on_signals
    from linemill.mill.pool import size_for, started

    start_s = time.monotonic()
    reports: list[FileReport] = []
    unfinished: tuple[Path | None, ...] = ()
    with stop_on_signals() as stop, started(pipeline, size_for(pipeline, inputs, workers, to_stdout)) as pool:
        # While the workers start.
        from linemill.cli import progress
        from linemill.cli.outcome import Outcome
        from linemill.mill import once
        from linemill.mill.report import State

        began()
        try:
            with progress.Bar() as bar:
                ended = once.run(
                    pipeline,
                    inputs,
                    out=out,
                    pool=pool,
                    to_stdout=to_stdout,
                    on_progress=bar.show if progress.wanted(data_on_stdout=to_stdout is not None) else None,
                    on_report=reports.append,
                    stop=stop.asked,
                )
            reports = ended
        except KeyboardInterrupt:
            # Files that were done before stay done; of the others nothing was published.
            unfinished = tuple((Counter(inputs) - Counter(report.path for report in reports)).elements())
    if unfinished:
        code = stop.code
    elif any(report.state is State.FAILED or (strict and report.ledger.dead) for report in reports):
        code = Exit.FAILED
    else:
        code = Exit.DONE
    return Outcome(pipeline, tuple(reports), unfinished, time.monotonic() - start_s, code)


def _tell(outcome: Outcome, *, as_json: bool, data_on_stdout: bool) -> None:
    if as_json:
        from linemill.cli.document import document

        print(document(outcome))
    else:
        from linemill.cli.summary import show

        show(outcome, to_stderr=data_on_stdout)
    sys.stdout.flush()
