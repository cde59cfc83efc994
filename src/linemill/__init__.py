"""linemill: every line of every file through plain Python, exactly once."""

from linemill.marks import batch, line, stream, tagged_stream

__version__ = "0.1.0"
__all__ = ["__version__", "batch", "line", "stream", "tagged_stream"]
