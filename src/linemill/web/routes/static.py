"""`/static/{file}`: what pages are made of besides themselves. Only what was there at the start."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Response
from fastapi import Path as InPath
from starlette.exceptions import HTTPException

from linemill.web.pages import FOLDER

KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
"""The files that are given out, by the ends of their names."""

router = APIRouter()


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is given out; `packed` is the same by gzip, `tag` tells its contents from any other."""

    content: bytes
    packed: bytes
    kind: str
    tag: str


@cache
def static_files() -> dict[str, StaticFile]:
    """Read all files, by name; once for the process."""
    return {path.name: _read(path) for path in sorted((FOLDER / "static").iterdir()) if path.suffix in KINDS}


@router.get(
    "/static/{file}",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": {kind.partition(";")[0]: {} for kind in KINDS.values()}},
        304: {"description": "It is what you have."},
    },
)
def static(
    file: Annotated[str, InPath(description="Its name.")],
    if_none_match: Annotated[str, Header(description="The `ETag` that you have.")] = "",
    accept_encoding: Annotated[str, Header(description="`gzip`, if you can unpack that.")] = "",
) -> Response:
    """Give a style sheet, a script or a picture of the pages."""
    found = static_files().get(file)
    if found is None:
        raise HTTPException(404, "there is no such file")
    is_packed = "gzip" in accept_encoding
    tag = f'"{found.tag}{"-gzip" if is_packed else ""}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if tag in (one.strip().removeprefix("W/") for one in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    if is_packed:
        headers["Content-Encoding"] = "gzip"
    return Response(found.packed if is_packed else found.content, headers={**headers, "Content-Type": found.kind})


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    return StaticFile(content, gzip.compress(content, mtime=0), KINDS[path.suffix], sha256(content).hexdigest()[:20])
