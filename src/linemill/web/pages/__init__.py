"""Pages: drawn by Jinja2 from the same values that the API says. No script or style stands in them.

`bare.html` is the frame for whoever may not have signed in, `base.html` the one with the state of the mill around it.
`formats.py` has the filters, `graph.py` the drawn pipeline, `charts.py` the curves; `static/` what is sent beside pages.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel

from linemill import __version__
from linemill.catalog.records import Role
from linemill.web.access import LOCAL, Who, who_of
from linemill.web.documents.files import file_list
from linemill.web.documents.texts import said
from linemill.web.links import path_of, with_query
from linemill.web.models import FileList, Stats
from linemill.web.pages import charts, formats, graph

if TYPE_CHECKING:
    from linemill.web.site import Site

FOLDER = Path(__file__).parent
RECENT = 8
"""Files on the overview."""

MOST_DRAWN = 32
"""Overviews that are kept for whoever asks next; each has some 25 kB."""


class Asked(dict[str, str]):
    """A query: what was not asked for is empty."""

    def __missing__(self, name: str) -> str:
        return ""


class Pages:
    """Draws pages.

    Args:
        site: What they are about.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._environment = _environment()
        self._graphs = graph.Graphs(site.pipeline)
        self._drawn: dict[tuple[str, Who], tuple[float, str]] = {}

    def render(self, request: Request, template: str, document: BaseModel, **more: Any) -> str:
        """Draw a page from a document, which is `doc` in the template.

        Args:
            request: What is answered.
            template: Its name in `templates/`.
            document: What the page says.
            more: What else it needs; `asked` is the request's query, unless it is given.
        """
        if not isinstance(document, Stats) or more:
            return self._draw(request, template, document, more)
        # What many dashboards ask for at the same moment is drawn once.
        key = (str(request.url), who_of(request))
        at, text = self._drawn.get(key, (None, ""))
        if at != document.at:
            text = self._draw(request, template, document, more)
            if len(self._drawn) >= MOST_DRAWN:
                self._drawn.clear()
            self._drawn[key] = (document.at, text)
        return text

    def _draw(self, request: Request, template: str, document: BaseModel, more: Mapping[str, Any]) -> str:
        who, now = who_of(request), time.time()
        context = {
            "doc": document,
            "request": request,
            "path": path_of(request.scope),
            "graphs": self._graphs,
            "pipeline": self._site.pipeline(),
            "stats": lambda: request.app.state.snapshots.stats("10m"),
            "recent": lambda: self._recent(now),
            "who": who,
            "may": lambda role: who.may(Role(role)),
            "ago": lambda at: formats.ago(at, now),
            "now": now,
            **more,
            "asked": Asked(more.get("asked", request.query_params)),
        }
        return self._environment.get_template(template).render(context)

    def _recent(self, now: float) -> FileList:
        return file_list(self._site, now, state=None, name_like=None, sort="-since", after=None, limit=RECENT)


@cache
def _environment() -> Environment:
    """Read all templates, once: an upgrade under a program that runs changes no page of it."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        auto_reload=False,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": formats.count,
        "rate": formats.rate,
        "bytes": formats.size,
        "seconds": formats.seconds,
        "clock": formats.clock,
        "iso": formats.iso,
        "text": formats.text,
        "thousandths": formats.thousandths,
        "lines": formats.lines,
        "says": formats.says,
        "said": said,
        "short": formats.short,
        "json": formats.json_lines,
        "segment": lambda words: quote(str(words), safe="", errors="replace"),
    }
    environment.globals |= {
        "version": __version__,
        "LOCAL": LOCAL,
        "charts": charts,
        "with_query": with_query,
    }
    for name in environment.list_templates():
        environment.get_template(name)
    return environment
