"""Calls to the outside that are tried again, with backoff and jitter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from linemill.pipeline import Retry


def retried(call: Callable[..., Any], retry: Retry | None) -> Callable[..., Any]:
    """Wrap a processor, plain or async, so that it is tried again on the exceptions that its node names."""
    if retry is None:
        return call
    import stamina  # 28 ms that only pipelines with `retry:` pay

    # By default it logs every call that failed, with the line itself, to where the output may be going.
    stamina.instrumentation.set_on_retry_hooks([])
    wrap = stamina.retry(
        on=retry.on,
        attempts=retry.attempts,
        timeout=None,
        wait_initial=retry.wait_s,
        wait_max=retry.wait_max_s,
        wait_jitter=retry.wait_s,
    )
    return wrap(call)
