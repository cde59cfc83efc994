"""The soak: files arrive at random, the mill and its workers are killed at random; in the end nothing may be lost or doubled."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.mills import LIMIT_S, Died, Mill, ask, is_idle, states, wait_for
from tests.soak.checking import faults_of_soak
from tests.soak.drops import Drop, Dropper, Fate

PIPELINE = """\
nodes:
  sort: {use: "steps:sort", to: {error: [errors, all], "*": [general, all]}}
outputs:
  errors: out/errors/{name}
  general: out/general/{name}
  all: out/all.txt
errors: {backoff: 100ms}
workers: {count: 2}
watch: {min_free: 1MiB, stop_timeout: 2s}
"""

STEPS = """\
import os
import signal
from contextlib import suppress


def sort(line: str):
    if "omega" in line:
        raise ValueError("no omega")
    if line.endswith(" kill"):
        with suppress(FileExistsError):
            os.close(os.open(f"marks/{line}", os.O_CREAT | os.O_EXCL))
            os.kill(os.getpid(), signal.SIGKILL)
    return ("error" if "beta" in line else ""), line.upper()
"""

FAILPOINTS = (
    *("claimed", "moved", "submitted", "worked", "committed", "put.done", "append.begun", "append.half", "append.done"),
    *("input.moved", "published", "done", "saved", "taken_over", "swept"),
)


@dataclass
class Soaked:
    """What happened.

    Attributes:
        faults: What is not as it must be.
        drops: All that arrived.
        deaths: By kind.
    """

    faults: list[str]
    drops: list[Drop]
    deaths: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        taken = [drop for drop in self.drops if drop.fate is Fate.TAKEN]
        megabytes = sum(drop.size for drop in taken) / 1e6
        deaths = ", ".join(f"{count} {kind}" for kind, count in sorted(self.deaths.items()))
        return f"{len(taken)} files of {len(self.drops)} taken, {megabytes:.0f} MB; {deaths}; {len(self.faults)} faults"


def soak(folder: Path, seconds: float, seed: int, tell: Callable[[str], None] = lambda words: None) -> Soaked:
    """Soak for so many seconds, then let the mill come to its end, and check.

    Args:
        folder: The project; made here.
        seconds: How long files arrive and the mill dies.
        seed: Of the dice.
        tell: Told how far it is.
    """
    for name in ("inbox", "marks"):
        (folder / name).mkdir(parents=True)
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "steps.py").write_text(STEPS)
    dice = random.Random(seed)
    dropper = Dropper(folder / "inbox", random.Random(seed + 1))
    soaked = Soaked([], dropper.drops)
    mill = Mill(folder)
    try:
        end = time.monotonic() + seconds
        next_death, next_words = time.monotonic() + 2, time.monotonic() + 30
        while (now := time.monotonic()) < end:
            dropper.step(now)
            if mill.was_killed:
                soaked.deaths["at failpoints"] += 1
                mill = Mill(folder)
            elif mill.process.poll() is not None:
                raise Died(f"the mill ended with {mill.process.returncode}:\n{mill.words}")
            elif now > next_death:
                next_death = now + dice.uniform(0.3, 6)
                mill = _disturb(mill, dice, soaked.deaths)
            if now > next_words:
                next_words = now + 30
                tell(f"{end - now:.0f} s to go: {dict(states(folder))}, {soaked}")
            time.sleep(0.01)
        dropper.finish()
        if mill.failpoint:
            mill.kill()
            mill = Mill(folder)
        _come_to_an_end(folder, mill, soaked.deaths)
        mill.stop()
        soaked.faults += faults_of_soak(folder, dropper.drops)
        verified = ask(folder, "verify")
        if verified.returncode:
            soaked.faults.append(f"verify: {verified.stdout}{verified.stderr}")
        return soaked
    finally:
        mill.clean_up()


def _disturb(mill: Mill, dice: random.Random, deaths: Counter[str]) -> Mill:
    """Kill the mill or a worker, or stop the mill; give the mill that runs then."""
    chance = dice.random()
    if chance < 0.3:
        workers = mill.workers()
        if workers:
            with suppress(ProcessLookupError):
                os.kill(dice.choice(workers), signal.SIGKILL)
                deaths["of workers"] += 1
        return mill
    if chance < 0.4 and not mill.failpoint:
        mill.stop()
        deaths["stops"] += 1
    else:
        mill.kill()
        deaths["of the mill"] += 1
    return Mill(mill.folder, f"{dice.choice(FAILPOINTS)}:{dice.randint(1, 40)}" if dice.random() < 0.4 else "")


def _come_to_an_end(folder: Path, mill: Mill, deaths: Counter[str]) -> None:
    """Wait until all is done; what failed since its worker was killed twice is tried again, as a person would."""

    def is_quiet() -> bool:
        left = [name for name in os.listdir(folder / "inbox") if name != ".linemill.lock"]
        return not left and is_idle(folder, states(folder).total())

    def told() -> str:
        return f"{states(folder)}\n{os.listdir(folder / 'inbox')}\n{mill.words}"

    for _ in range(10):
        wait_for(
            is_quiet, "all files to end", lambda: f"{states(folder)}\n{os.listdir(folder / 'inbox')}\n{mill.words}", 2 * LIMIT_S
        )
        failed = _killers(folder)
        if not failed:
            return
        for file_id in failed:
            deaths["tried again by hand"] += 1
            said = ask(folder, "retry", str(file_id))
            assert said.returncode == 0, said.stdout + said.stderr


def _killers(folder: Path) -> list[int]:
    with closing(sqlite3.connect(folder / ".linemill" / "catalog.db")) as connection:
        query = "SELECT id FROM file WHERE state = 'failed' AND code IN ('worker_died', 'stalled')"
        return [file_id for (file_id,) in connection.execute(query)]
