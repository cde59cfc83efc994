"""One path, three answers: JSON for programs, a page for browsers, an event stream for whoever listens. `Accept` decides."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from linemill.web.models import Refusal, Trouble

PAGE_TOO: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}
"""For the description of a route that also answers with a page."""

GOES_ON: dict[int | str, dict[str, Any]] = {
    303: {
        "description": "The same, for a browser: the page to go on with.",
        "headers": {"Location": {"schema": {"type": "string"}}},
    }
}
"""For the description of a route after which a browser goes on with another page."""


class Form(StrEnum):
    """How a request is answered."""

    JSON = "application/json"
    PAGE = "text/html"
    STREAM = "text/event-stream"


_FORMS = frozenset(Form)


class SaidNo(Exception):
    """A request is refused; the application answers with it.

    Args:
        status: The answer's.
        code: Stable.
        what: What happened, in words.
        where: What it is about.
        hint: What to do about it.
        headers: That the answer has besides.
    """

    def __init__(
        self, status: int, code: str, what: str, where: str = "", hint: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(what)
        self.status = status
        self.trouble = Trouble(code=code, what=what, where=where, hint=hint)
        self.headers = headers


def form_of(accept: str) -> Form:
    """Tell how a request wants to be answered.

    Args:
        accept: The header; empty if there is none.

    Returns:
        The one with the highest quality; the one that is named first among equals; JSON where none of ours is named.
    """
    best, form = 0.0, Form.JSON
    for part in accept.split(","):
        kind, *parameters = (one.strip() for one in part.split(";"))
        if kind not in _FORMS:
            continue
        quality = next((_number(one[2:]) for one in parameters if one.startswith("q=")), 1.0)
        if quality > best:
            best, form = quality, Form(kind)
    return form


def wants_page(request: Request) -> bool:
    """Tell whether a person asks, with a browser."""
    return form_of(request.headers.get("accept", "")) is Form.PAGE


def answer(
    request: Request,
    document: BaseModel,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """Answer with JSON or a page, as the request wants it.

    Args:
        request: The request.
        document: What is to be said; `doc` in the template.
        template: The page's, in `pages/templates/`.
        status: The status of the answer.
        headers: That it has besides those of every answer.
        more: What else the page needs.
    """
    if wants_page(request):
        text = request.app.state.pages.render(request, template, document, **more)
        return Response(text, status, headers, Form.PAGE + "; charset=utf-8")
    return in_json(document, status, headers)


def in_json(document: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON, whoever asks."""
    return Response(document.model_dump_json(), status, headers, Form.JSON)


def go_on(path: str) -> Response:
    """Send a browser on to another page of this site."""
    return Response(status_code=303, headers={"Location": path})


def refusal(request: Request, no: SaidNo) -> Response:
    """Refuse a request, in the one form that all refusals have."""
    document = Refusal(error=no.trouble)
    return answer(request, document, "refusal.html", status=no.status, headers=no.headers, number=no.status)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
