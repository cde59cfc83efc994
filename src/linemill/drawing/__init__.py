"""Drawings of a pipeline: functions from a checked pipeline to text. Nothing here knows of the command line or the web.

The same pipeline gives the same text, always: drawings may be kept under version control and compared.
"""

from linemill.drawing.mermaid import mermaid
from linemill.drawing.screen import Figures, Plan, Scene
from linemill.drawing.svg import svg
from linemill.drawing.tree import text

__all__ = ["Figures", "Plan", "Scene", "mermaid", "svg", "text"]
