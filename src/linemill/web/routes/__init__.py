"""The routes, one file a subject."""

from __future__ import annotations

from linemill.web.routes import (
    actions,
    errors,
    events,
    files,
    health,
    metrics,
    pipeline,
    session,
    static,
    stats,
    tokens,
    trace,
    upload,
)

ROUTERS = (
    health.router,
    stats.router,
    metrics.router,
    files.router,
    upload.router,
    errors.router,
    trace.router,
    pipeline.router,
    events.router,
    actions.router,
    tokens.router,
    session.router,
    static.router,
)
