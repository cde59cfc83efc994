"""A shorter way for what is asked for most: `GET /stats` by programs.

Most of the time of such a request went into finding its route and checking its parameters again. The answer is the same.
"""

from __future__ import annotations

import time
from typing import get_args

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from linemill.errors import LinemillError
from linemill.web.again import EXTENSION
from linemill.web.answers import Form, form_of
from linemill.web.models import Window
from linemill.web.snapshot import Snapshots

AGAIN_S = 0.5
"""How long an answer is given again without another look at who asks."""

QUERIES: dict[bytes, Window] = {b"": "10m", **{b"window=" + name.encode(): name for name in get_args(Window)}}


class Shortcut:
    """Answers that, and has the application answer everything else.

    Args:
        app: The application behind whatever says who may ask.
        snapshots: Knows the answers.
    """

    def __init__(self, app: ASGIApp, snapshots: Snapshots) -> None:
        self._app = app
        self._snapshots = snapshots

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        window = _asked(scope) if scope["type"] == "http" else None
        text = await self._text(window) if window is not None else None
        if window is None or text is None:
            await self._app(scope, receive, send)
            return
        if may_repeat := scope.get("extensions", {}).get(EXTENSION):
            until = time.monotonic() + AGAIN_S
            may_repeat(lambda: time.monotonic() < until and self._snapshots.fresh_text(window) is text)
        headers = [(b"content-type", Form.JSON.encode()), (b"content-length", b"%d" % len(text))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    async def _text(self, window: Window) -> bytes | None:
        """Give the answer; None if it cannot be told, which the application says better."""
        try:
            return self._snapshots.fresh_text(window) or await run_in_threadpool(self._snapshots.text, window)
        except LinemillError:
            return None


def _asked(scope: Scope) -> Window | None:
    """Tell which window a request asks for; None if it is no such request."""
    if scope["path"] != "/stats" or scope["method"] != "GET" or form_of(Headers(scope=scope).get("accept", "")) is not Form.JSON:
        return None
    return QUERIES.get(scope["query_string"])
