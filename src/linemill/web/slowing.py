"""Failed sign-ins are slowed down: whoever fails often has to wait, ever longer. Holds a bounded number of addresses."""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

FREE_TRIES = 10
"""Of an address, before it has to wait: a program with an old token, a password that is mistyped."""

LONGEST_WAIT_S = 60.0

FORGOTTEN_S = 600.0
"""An address that has not failed for so long begins anew."""

MOST_ADDRESSES = 4096
"""That are remembered; of more the one that has not failed for the longest is forgotten."""

MANY_A_MINUTE = 300
"""Failures of all addresses together; with more of them nobody has free tries. Whoever is right is let in all the same."""

NOTES_A_MINUTE = 20
"""Addresses that are noted, so that nobody fills the catalog."""


@dataclass(frozen=True, slots=True)
class _Failing:
    times: int
    last: float
    until: float
    noted: float


class Slowing:
    """Remembers who failed. Used from any thread.

    Args:
        clock: Gives seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failing: OrderedDict[str, _Failing] = OrderedDict()
        self._failures: deque[float] = deque(maxlen=MANY_A_MINUTE)
        self._notes: deque[float] = deque(maxlen=NOTES_A_MINUTE)

    def wait_s(self, address: str) -> float:
        """Tell for how long an address may not try, in seconds; 0 if it may."""
        with self._lock:
            failing = self._failing.get(_network(address))
            return max(0.0, failing.until - self._clock()) if failing is not None else 0.0

    def failed(self, address: str) -> bool:
        """Remember that an address has failed; give whether that is to be noted: the first time in a minute."""
        network = _network(address)
        with self._lock:
            now = self._clock()
            before = self._failing.pop(network, None)
            if before is None or now - before.last > FORGOTTEN_S:
                before = _Failing(0, now, now, -FORGOTTEN_S)
            free = 0 if _is_full_of_last_minute(self._failures, now) else FREE_TRIES
            times = before.times + 1
            # A power of two soon passes all that a float can hold.
            wait = min(2.0 ** min(times - free - 1, 10), LONGEST_WAIT_S) if times > free else 0.0
            is_noted = now - before.noted >= 60 and not _is_full_of_last_minute(self._notes, now)
            self._failing[network] = _Failing(times, now, now + wait, now if is_noted else before.noted)
            if len(self._failing) > MOST_ADDRESSES:
                self._failing.popitem(last=False)
            self._failures.append(now)
            if is_noted:
                self._notes.append(now)
            return is_noted


def _is_full_of_last_minute(times: deque[float], now: float) -> bool:
    return len(times) == times.maxlen and now - times[0] < 60


def _network(address: str) -> str:
    """Give what one person has: an address, or half of one in IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(ipaddress.IPv6Network((found, 64), strict=False) if mapped is None else mapped)
    return str(found)
