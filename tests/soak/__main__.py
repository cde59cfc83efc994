"""`python -m tests.soak`: two hundred deaths at random moments, and then random files, deaths and restarts for ten minutes."""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.crash.moments import kill_at_random_moments
from tests.soak.soaking import soak


def main() -> int:
    """Do both; a project in which something went wrong is kept, and named."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.soak")
    parser.add_argument("--seconds", type=float, default=600, help="how long files arrive")
    parser.add_argument("--kills", type=int, default=200, help="deaths at random moments before that")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the dice")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="linemill-soak-"))
    print(f"Seed {given.seed}, in {folder}", flush=True)
    faults = kill_at_random_moments(folder / "moments", given.kills, given.seed, _tell)
    _tell(f"{given.kills} deaths at random moments: {len(faults)} faults")
    soaked = soak(folder / "soak", given.seconds, given.seed, _tell)
    _tell(str(soaked))
    faults += soaked.faults
    for fault in faults[:100]:
        print(fault.encode(errors="backslashreplace").decode(), file=sys.stderr)
    if not faults:
        shutil.rmtree(folder)
    return 1 if faults else 0


def _tell(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
