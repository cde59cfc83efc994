"""The mill as it is now."""

from __future__ import annotations

from linemill.files import shown
from linemill.mill.explaining import MillState
from linemill.web.documents.texts import said
from linemill.web.models import MillNow, Pause


def mill_now(state: MillState) -> MillNow:
    """Say whether files are worked on."""
    mill, paused = state.mill, state.paused
    return MillNow(
        is_running=mill is not None,
        pid=mill.pid if mill is not None else None,
        host=shown(mill.host) if mill is not None else None,
        since=mill.began_at if mill is not None else None,
        paused=Pause(who=said(paused.who), reason=said(paused.reason), at=paused.at) if paused is not None else None,
        blocked=said(state.blocked) if state.blocked is not None else None,
        refused=said(state.refused) if state.refused is not None else None,
    )
