"""The mill is killed at moments that the dice choose, again and again, while files arrive."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

from tests.crash.mills import Mill
from tests.crash.workloads import GROWING, Workload, contents, text_of, upper

FILES_A_KILL = 3

BACKLOG = 10 * FILES_A_KILL
"""So many files wait when the mill has died too early too often; then it lives until it has worked them all."""


def kill_at_random_moments(folder: Path, kills: int, seed: int, tell: Callable[[str], None] = lambda words: None) -> list[str]:
    """Kill the mill so many times, then let it come to its end; give what is not as it must be.

    Args:
        folder: The project; made here.
        kills: How often.
        seed: Of the dice.
        tell: Told how far it is.
    """
    dice = random.Random(seed)
    work = _workload(kills + 1, dice)
    work.make(folder)
    names = list(work.inputs)
    first, names = names[:FILES_A_KILL], names[FILES_A_KILL:]
    begin = time.monotonic()
    mill = Mill(folder)
    try:
        work.drop(folder, first)
        mill.wait_until_idle(len(first))
        duration = time.monotonic() - begin
        mill.kill()
        faults: list[str] = []
        working = 0
        for number in range(kills):
            work.drop(folder, names[number * FILES_A_KILL : (number + 1) * FILES_A_KILL])
            mill = Mill(folder)
            # From the first moment at which it can have touched anything on, to a little after the last.
            time.sleep(dice.uniform(0.2, 1.1) * duration)
            mill.kill()
            left = len(contents(folder / "inbox")) + len(contents(folder / "processing"))
            working += left > 0
            faults += [
                f"kill {number}: {name} is neither absent nor whole"
                for name, data in contents(folder / "out" / "errors").items()
                if data != work.whole[f"out/errors/{name}"]
            ]
            if left > BACKLOG:
                begin = time.monotonic()
                mill = Mill(folder)
                mill.wait_until_idle((number + 2) * FILES_A_KILL)
                duration = time.monotonic() - begin
                mill.kill()
            if number % 20 == 19:
                tell(f"{number + 1} kills, {working} of them in the middle of work")
        mill = Mill(folder)
        mill.wait_until_idle(len(work.inputs))
        mill.stop()
        if working < kills // 4:
            faults.append(f"only {working} of {kills} kills were in the middle of work")
        return faults + work.faults(folder)
    finally:
        mill.clean_up()


def _workload(rounds: int, dice: random.Random) -> Workload:
    sizes = (0, 1, 30, 1000, 20_000)
    inputs = {
        f"round{number}-{k}.log": text_of(f"round{number}-{k}", dice.choice(sizes))
        for number in range(rounds)
        for k in range(FILES_A_KILL)
    }
    return Workload(
        GROWING,
        inputs,
        whole={f"out/errors/{name}": upper(data, with_beta=True) for name, data in inputs.items()},
        grown={
            "out/general.txt": {name: upper(data) for name, data in inputs.items()},
            "out/day-*.txt": {name: upper(data, with_beta=False) for name, data in inputs.items()},
        },
    )
