"""One path, three answers: JSON for programs, a page for browsers, an event stream for whoever listens. `Accept` decides."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from linemill.web.models import Refusal, Trouble

VARY = {"Vary": "Accept, Cookie"}

PAGE_TOO: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}
"""For the description of a route that also answers with a page."""


class Form(StrEnum):
    """How a request is answered."""

    JSON = "application/json"
    PAGE = "text/html"
    STREAM = "text/event-stream"


class SaidNo(Exception):
    """A request is refused; the application answers with it.

    Args:
        status: The answer's.
        code: Stable.
        what: What happened, in words.
        where: What it is about.
        hint: What to do about it.
    """

    def __init__(self, status: int, code: str, what: str, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.status = status
        self.trouble = Trouble(code=code, what=what, where=where, hint=hint)


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
        quality = next((_number(one[2:]) for one in parameters if one.startswith("q=")), 1.0)
        if quality > best and kind in set(Form):
            best, form = quality, Form(kind)
    return form


def wants_page(request: Request) -> bool:
    """Tell whether a person asks, with a browser."""
    return form_of(request.headers.get("accept", "")) is Form.PAGE


def answer(request: Request, document: BaseModel, template: str, *, status: int = 200, **more: Any) -> Response:
    """Answer with JSON or a page, as the request wants it.

    Args:
        request: The request.
        document: What is to be said; `doc` in the template.
        template: The page's, in `pages/templates/`.
        status: The status of the answer.
        more: What else the page needs.
    """
    if wants_page(request):
        text = request.app.state.pages.render(request, template, document, **more)
        return Response(text, status, VARY, Form.PAGE + "; charset=utf-8")
    return Response(document.model_dump_json(), status, VARY, Form.JSON)


def refusal(request: Request, status: int, trouble: Trouble, headers: dict[str, str] | None = None) -> Response:
    """Refuse a request, in the one form that all refusals have."""
    response = answer(request, Refusal(error=trouble), "refusal.html", status=status, number=status)
    response.headers.update(headers or {})
    return response


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
