r"""Make an application log that is always the same: `python -m bench.app_log FILE MEGABYTES`.

About 118 bytes a line. 5 % of the lines contain ERROR, 15 % WARN, 0.3 % both. 8 % carry text beyond ASCII, 6 % blanks in front
and 6 % blanks at the end, 1 % end in `\r\n`; none is empty. A larger log begins with the smaller ones, byte for byte.
"""

from __future__ import annotations

import random
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

CHUNK_BYTES = 10_000_000
LINES_A_CHUNK = 100_000  # room for the line numbers of one chunk, more than its lines
LINES_A_SECOND = 900
WORDS = (
    "request completed connection user session cache payment order upstream timeout retry worker queue "
    "handler shard replica token profile invoice batch index commit flush snapshot lease quota route "
    "gateway broker consumer offset partition schema migration backup restore checksum"
).split()
BEYOND_ASCII = ["café", "naïve", "münchen", "東京", "данные", "→ next", "✓ ok", "señor", "größe", "ελλάδα", "🚀 go"]
SERVICES = ["auth-service", "billing", "Inventory", "api-gateway", "search", "NotificationHub", "edge-proxy", "ledger"]
CLASSES = ["OrderManager", "HttpClient", "SessionStore", "KafkaConsumer", "TokenCache", "DbPool", "RateLimiter"]


def make(path: Path, megabytes: int) -> None:
    """Write a log of about so many megabytes (10^6 bytes), in steps of ten and never less than ten."""
    with ProcessPoolExecutor(2) as pool, path.open("wb") as file:
        for part in pool.map(chunk, range(max(1, megabytes * 1_000_000 // CHUNK_BYTES))):
            file.write(part)


def chunk(number: int) -> bytes:
    """Make one chunk of whole lines; its number, from 0, is all that it depends on."""
    dice = random.Random(f"app:{number}")
    lines: list[bytes] = []
    size = 0
    line_number = number * LINES_A_CHUNK
    while size < CHUNK_BYTES:
        encoded = line(dice, line_number).encode()
        lines.append(encoded)
        size += len(encoded) + 1
        line_number += 1
    lines.append(b"")
    return b"\n".join(lines)


def line(dice: random.Random, number: int) -> str:
    """Make one line without its newline; the order in which the dice are thrown is part of the format."""
    chance = dice.random()
    level = "ERROR" if chance < 0.05 else "WARN" if chance < 0.20 else "DEBUG" if chance < 0.40 else "INFO"
    words = dice.choices(WORDS, k=5)
    message = f"{words[0].capitalize()} {words[1]} {words[2]} id={dice.getrandbits(32):08x} {words[3]} "
    message += f"took {dice.randrange(1, 4000)}ms "
    message += dice.choice(BEYOND_ASCII) if dice.random() < 0.08 else words[4]
    if level == "WARN" and dice.random() < 0.02:
        message += " after ERROR"
    second = number // LINES_A_SECOND
    day, hour, minute = 1 + second // 86400 % 28, second // 3600 % 24, second // 60 % 60
    text = (
        f"2025-03-{day:02d}T{hour:02d}:{minute:02d}:{second % 60:02d}.{number % 1000:03d}Z "
        f"{level} {dice.choice(SERVICES)} [{dice.choice(CLASSES)}-{dice.randrange(64)}] {message}"
    )
    chance = dice.random()
    if chance < 0.06:
        text = dice.choice((" ", "  ", "\t", "    ")) + text
    if chance > 0.94:
        text += dice.choice((" ", "   ", "\t"))
    elif chance > 0.93:
        text += "\r"
    return text


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
