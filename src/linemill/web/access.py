"""Who asks, and what they may do: one ASGI middleware for every path, by one table."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from linemill.catalog.records import Role

LOCAL = "local"
"""Who asks where nobody has to sign in."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who asks.

    Attributes:
        name: The token's; `LOCAL` where nobody has to sign in.
        role: What they may do.
    """

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Tell whether they may do what a role may."""
        ranks = list(Role)
        return ranks.index(self.role) >= ranks.index(role)


def who_of(request: Request) -> Who:
    """Tell who makes a request."""
    who = request.scope.get("who", Who(LOCAL, Role.ADMIN))
    assert isinstance(who, Who)
    return who
