"""Dead letters, and what else went wrong."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from linemill.web.models.answer import Answer
from linemill.web.models.files import FileItem


class Letter(Answer):
    """A dead letter."""

    id: int
    file_id: int
    file: str
    attempt_id: int
    line: int = Field(description="Its number; 0 for none.")
    node: str = Field(description="Empty where no node had it yet.")
    code: str
    error: str
    text: str | None = Field(description="The line; null where it is too long to be kept.")
    item: Any = Field(None, description="What the node had, where that is not the line.")
    form: str | None = Field(
        None, description="How what the node had is written: `json`, or `repr` where JSON cannot say it; null for text."
    )
    stays: bool = Field(False, description="A re-drive cannot take it: reprocess the file.")
    traceback: str = ""


class LetterGroup(Answer):
    """All dead letters of one node and one code."""

    node: str
    code: str
    count: int
    newest: Letter
    newest_at: float


class ErrorList(Answer):
    """`GET /errors`."""

    groups: tuple[LetterGroup, ...] = Field(description="The most frequent first.")
    letters: tuple[Letter, ...] = Field(description="The newest first; with the filters.")
    failed: tuple[FileItem, ...] = Field((), description="Files that failed as a whole, the newest first; without filters.")
    after: str | None
