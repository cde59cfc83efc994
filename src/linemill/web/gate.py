"""The gate: which tokens there are, who holds one, and who has to wait before trying again."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from linemill.catalog import Catalog
from linemill.catalog.history import History
from linemill.catalog.tokens import Token
from linemill.errors import LinemillError, WorldError
from linemill.web.credentials import Credential, Means, holder_of
from linemill.web.slowing import Slowing

FRESH_S = 1.0
"""How old what we know of the tokens may be: one that is revoked is worth nothing within two seconds."""

NOBODY = "nobody"
"""Who failed to sign in, in the events."""


class TooSoon(Exception):
    """Somebody who has failed often has not waited.

    Attributes:
        wait_s: How long there is still to wait, in seconds.
    """

    def __init__(self, wait_s: float) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


class Gate:
    """Knows who may come in. Used from any thread.

    Args:
        catalog: To note failed sign-ins in.
        history: To read the tokens from.
        clock: Gives seconds that never go back.
        now: Gives seconds since 1970.
    """

    def __init__(
        self,
        catalog: Catalog,
        history: History,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._catalog = catalog
        self._history = history
        self._clock = clock
        self._now = now
        self._slowing = Slowing(clock)
        self._lock = threading.Lock()
        self._tokens: tuple[Token, ...] = ()
        self._read_at = float("-inf")

    @property
    def is_fresh(self) -> bool:
        """Whether the tokens need not be read again."""
        return self._clock() - self._read_at < FRESH_S

    def refresh(self) -> None:
        """Read the tokens, unless somebody else does at this moment.

        Raises:
            WorldError: The catalog cannot be read; says no more, since whoever asks may be anybody.
        """
        asked_at = self._clock()
        with self._lock:
            if self._read_at <= asked_at:
                read_at = self._clock()
                try:
                    self._tokens = tuple(self._history.tokens())
                except WorldError as error:
                    raise WorldError("the catalog cannot be read", hint="try again", code=error.code) from error
                self._read_at = read_at

    @property
    def is_open(self) -> bool:
        """Whether no token was ever made. One that was revoked or has expired lets nobody in, and keeps the gate closed."""
        return not self._tokens

    def holder(self, credential: Credential) -> Token | None:
        """Give the valid token that somebody shows; None if they show none."""
        return holder_of(self._tokens, credential, self._now())

    def hold(self, address: str) -> None:
        """Refuse who has to wait, whatever they show.

        Raises:
            TooSoon: They have to.
        """
        wait_s = self._slowing.wait_s(address)
        if wait_s > 0:
            raise TooSoon(wait_s)

    def sign_in(self, credential: Credential, address: str) -> Token | None:
        """Give the valid token that somebody shows, if it was made this moment, too; remember who shows a wrong one.

        A wrong cookie is no failed sign-in: browsers keep theirs when it is worth nothing any more.

        Raises:
            TooSoon: They have to wait.
            WorldError: The catalog cannot be read.
        """
        self.hold(address)
        self.refresh()
        token = self.holder(credential)
        if token is None and credential.means is not Means.COOKIE and self._slowing.failed(address):
            # Somebody who is refused is not told what else does not work.
            with contextlib.suppress(LinemillError):
                self._catalog.event(NOBODY, "sign_in_failed", f"from {address[:64]}", self._now())
        return token
