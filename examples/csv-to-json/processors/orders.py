"""What an order of the shop is. Values from CSV are text; here they become numbers."""

from decimal import Decimal
from typing import Any


def typed(record: dict[str, Any]) -> dict[str, Any]:
    """Make numbers of what should be numbers; an order for which that cannot be done raises, and is a dead letter."""
    return {
        "order": int(record["order"]),
        "customer": record["customer"],
        "pieces": int(record["pieces"]),
        "cents": int(Decimal(record["price"]) * 100),
        "note": record["note"] or None,
    }
