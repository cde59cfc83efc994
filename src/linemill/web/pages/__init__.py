"""Pages: drawn by Jinja2 from the same values that the API says. No script or style stands in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel

if TYPE_CHECKING:
    from linemill.web.site import Site

FOLDER = Path(__file__).parent


class Pages:
    """Draws pages.

    Args:
        site: What they are about.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, request: Request, template: str, document: BaseModel, **more: Any) -> str:
        """Draw a page from a document, which is `doc` in the template."""
        return self._environment.get_template(template).render(doc=document, request=request, site=self._site, **more)
