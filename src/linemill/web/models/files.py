"""Files, one by one and in lists, and what came of them."""

from __future__ import annotations

from pydantic import Field

from linemill.catalog.records import FileState, Origin
from linemill.web.models.answer import Answer


class FileItem(Answer):
    """A file, in a list."""

    id: int | None = Field(description="Its row; null for one that is only in the inbox.")
    name: str
    state: FileState
    origin: Origin | None = None
    why: str = Field(description="Why it is in this state, in a sentence.")
    next: str = Field(description="What happens next, and what somebody can do.")
    next_at: float | None = None
    size: int = Field(description="Bytes; -1 where unknown.")
    since: float = Field(description="When it came into this state; when it was last changed, for one in the inbox.")
    noticed_at: float | None = None
    done_at: float | None = None
    tries: int = 0
    code: str | None = Field(None, description="Why it failed; null if it did not.")
    reason: str | None = None
    lines: int = 0
    dead: int = 0
    raw_bytes: int = 0
    seconds: float = Field(0.0, description="Time worked.")


class FileList(Answer):
    """`GET /files`."""

    files: tuple[FileItem, ...]
    after: str | None = Field(description="For `after`: where the next page begins; null if there is none.")
    trouble: str | None = Field(None, description="Why the inbox was not looked at, in words; null if it was, or need not be.")
    inbox_has_more: bool = Field(False, description="There may be more files in the inbox than are listed.")


class Uploaded(Answer):
    """A file that was taken."""

    name: str = Field(description="The name that it has in the inbox.")
    size: int
    href: str = Field(description="Its page.")


class Uploads(Answer):
    """`POST /files`."""

    files: tuple[Uploaded, ...]
