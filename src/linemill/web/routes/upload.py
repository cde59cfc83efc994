"""`POST /files`: files that are sent to the inbox."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from linemill.files import shown
from linemill.web.access import who_of
from linemill.web.answers import GOES_ON, SaidNo, go_on, in_json, wants_page
from linemill.web.asking import site_of
from linemill.web.models import Refusal, Uploads
from linemill.web.threads import apart
from linemill.web.upload import destination_of, take

router = APIRouter(tags=["files"])

RESPONSES: dict[int | str, dict[str, Any]] = {
    201: {
        "description": "All files are in the inbox, and stored.",
        "headers": {"Location": {"schema": {"type": "string"}, "description": "The page of the file; of all files for several."}},
    },
    **GOES_ON,
    413: {"model": Refusal, "description": "A file is too big, the inbox is full, or there are too many."},
    415: {"model": Refusal, "description": "Files of this kind are not taken, or it is not what its name says."},
    422: {"model": Refusal, "description": "The inbox would ignore a file of this name."},
    507: {"model": Refusal, "description": "The disk has too little space."},
}

BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {
                        "type": "array",
                        "items": {"type": "string", "format": "binary"},
                        "description": "One file or several; the fields may have any name.",
                    }
                },
            }
        }
    },
}


@router.post("/files", status_code=201, response_model=Uploads, responses=RESPONSES, openapi_extra={"requestBody": BODY})
async def upload(request: Request) -> Response:
    """Send files to the inbox. Each is there as a whole or not at all; when one is refused, those before it have been taken."""
    site, who = site_of(request), who_of(request)

    def note(name: str, size: int) -> None:
        site.catalog.event(who.name, "upload", f"{shown(name)}: {size:,} bytes", time.time())

    destination = await apart(destination_of, site.pipeline(), site.base)
    try:
        files = await take(request.stream(), request.headers.get("content-type", ""), destination, note)
    except ClientDisconnect as error:
        raise SaidNo(400, "broken_off", "the connection broke off before the end of the form") from error
    if wants_page(request):
        return go_on("/files")
    where = files[0].href if len(files) == 1 else "/files"
    return in_json(Uploads(files=tuple(files)), 201, {"Location": where})
