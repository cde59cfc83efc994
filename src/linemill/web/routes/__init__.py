"""The routes, one file a subject."""

from __future__ import annotations

from linemill.web.routes import health

ROUTERS = (health.router,)
