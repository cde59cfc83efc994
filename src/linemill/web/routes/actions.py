"""What somebody wishes: retry, reprocess, redrive, pause, resume. Forms only, so that a page's form and `curl -d` do the same."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from linemill.catalog.rows import FileRow
from linemill.errors import UsageError
from linemill.mill.control import Control
from linemill.mill.explaining import mill_state
from linemill.web.access import who_of
from linemill.web.answers import GOES_ON, SaidNo, go_on, in_json, wants_page
from linemill.web.asking import Row, file_of, site_of, snapshots_of
from linemill.web.documents.mill import mill_now
from linemill.web.documents.texts import here, said
from linemill.web.links import LONGEST_PATH, own_path
from linemill.web.models import Asked, Refusal
from linemill.web.threads import waits

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Wished(BaseModel):
    """Fields that every form of an action has. A field that is not known is refused: a wish must not mean more than was said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    back: str = Field("", max_length=LONGEST_PATH, description="For browsers: the page of this site to go on with.")


class Reprocess(Wished):
    """What a reprocess may say."""

    append_again: bool = Field(False, description="Growing outputs may get the lines of the file a second time.")


class Redrive(Wished):
    """Which dead letters are meant."""

    node: str = Field("", max_length=1000, description="Only those of this node; empty for all.")
    code: str = Field("", max_length=100, description="Only those with this code; empty for all.")


class PauseWish(Wished):
    """What a pause may say."""

    reason: str = Field("", max_length=1000, description="Why, for whoever wonders.")


async def _forms_only(request: Request) -> None:
    """Refuse a body that is no form: its fields would be passed over, and more be done than was meant."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    if has_body and kind not in FORMS:
        raise SaidNo(
            415, "no_form", "an action takes the fields of a form", "content-type", f"send {FORMS[0]}, as `curl -d` does"
        )


ACTION: dict[str, Any] = {
    "response_model": Asked,
    "status_code": 202,
    "dependencies": [Depends(_forms_only)],
    "openapi_extra": {"requestBody": {"required": False}},
    "responses": {
        202: {"description": "It is wished, and will be done."},
        **GOES_ON,
        409: {"model": Refusal, "description": "It cannot be done as things are; nothing is wished."},
        415: {"model": Refusal, "description": "The body is no form."},
    },
}
"""What the routes of actions have in common."""

router = APIRouter(tags=["actions"])


@router.post("/files/{id}/retry", **ACTION)
@waits
def retry(request: Request, id: Row, form: Annotated[Wished, Form()]) -> Response:
    """Have a file that failed, or that waits for its next try, tried again at once."""
    row = file_of(request, id)
    with _wishing(request) as control:
        control.retry([row], time.time())
    return _asked(request, "retry", own_path(form.back, f"/files/{id}"), [row])


@router.post("/files/{id}/reprocess", **ACTION)
@waits
def reprocess(request: Request, id: Row, form: Annotated[Reprocess, Form()]) -> Response:
    """Have a file worked on anew, by the pipeline as it is now; its outputs are replaced."""
    row = file_of(request, id)
    with _wishing(request) as control:
        control.reprocess([row], time.time(), append_again=form.append_again)
    return _asked(request, "reprocess", own_path(form.back, f"/files/{id}"), [row])


@router.post("/files/{id}/redrive", **ACTION)
@waits
def redrive_file(request: Request, id: Row, form: Annotated[Wished, Form()]) -> Response:
    """Have the dead letters of a file taken through the pipeline as it is now; what is delivered is added to the outputs."""
    row = file_of(request, id)
    with _wishing(request) as control:
        control.redrive([row], time.time())
    return _asked(request, "redrive", own_path(form.back, f"/files/{id}"), [row])


@router.post("/errors/redrive", **ACTION)
@waits
def redrive(request: Request, form: Annotated[Redrive, Form()]) -> Response:
    """Have dead letters of all files that are done taken through the pipeline as it is now."""
    with _wishing(request) as control:
        rows = control.redrive(None, time.time(), node=form.node or None, code=form.code or None)
    return _asked(request, "redrive", own_path(form.back, "/errors"), rows)


@router.post("/pause", **ACTION)
@waits
def pause(request: Request, form: Annotated[PauseWish, Form()]) -> Response:
    """Have no file begun until somebody says resume; what is being worked on goes on to its end."""
    with _wishing(request) as control:
        control.pause(form.reason, time.time())
    return _asked(request, "pause", own_path(form.back, "/stats"))


@router.post("/resume", **ACTION)
@waits
def resume(request: Request, form: Annotated[Wished, Form()]) -> Response:
    """Have files begun again; where nothing is paused, nothing changes."""
    with _wishing(request) as control:
        control.resume(time.time())
    return _asked(request, "resume", own_path(form.back, "/stats"))


@contextmanager
def _wishing(request: Request) -> Iterator[Control]:
    """Give what leaves the wishes of whoever asks.

    Raises:
        SaidNo: 409: a wish cannot be done as things are.
    """
    try:
        yield site_of(request).control(who_of(request).name)
    except UsageError as error:
        raise SaidNo(409, "conflict", here(error.what), said(error.where), here(error.hint)) from error


def _asked(request: Request, what: str, page: str, rows: Sequence[FileRow] = ()) -> Response:
    snapshots_of(request).forget()
    if wants_page(request):
        return go_on(page)
    mill = mill_now(mill_state(site_of(request).history))
    return in_json(Asked(asked=what, files=tuple(row.id for row in rows), mill=mill), 202)
