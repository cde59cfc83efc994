"""`linemill graph`: the pipeline as a drawing."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from linemill.cli.exits import Exit
from linemill.cli.opening import PipelineOption, opened
from linemill.cli.wording import near
from linemill.errors import WorldError


class Form(StrEnum):
    """Forms of the drawing."""

    TEXT = "text"
    MERMAID = "mermaid"
    SVG = "svg"


def graph(
    pipeline: PipelineOption = None,
    form: Annotated[
        Form,
        typer.Option("--format", "-f", help="text: a tree for the terminal; mermaid: for Markdown; svg: a picture."),
    ] = Form.TEXT,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the drawing to FILE, not to standard output.")
    ] = None,
) -> Exit:
    """Draw a pipeline: its nodes, routes and outputs."""
    from linemill import drawing

    draw = {Form.TEXT: drawing.text, Form.MERMAID: drawing.mermaid, Form.SVG: drawing.svg}[form]
    picture = draw(opened(pipeline))
    if out is None:
        sys.stdout.write(picture)
    else:
        try:
            out.write_text(picture, encoding="utf-8")
        except OSError as error:
            raise WorldError(f"the drawing cannot be written: {error.strerror}", str(out)) from error
        print(near(out))
    return Exit.DONE
