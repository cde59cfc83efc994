"""The cycle to measure small files against: `python bench/small_files.py FOLDER FILES`.

What one would write by hand. For each file of 100 lines: rename it out of the inbox, read it, strip and upper-case its lines,
write one output beside its target and rename it into place; for every 100 files one `syncfs` and one SQLite transaction (WAL,
synchronous=FULL); then rename the inputs to done. One process, no engine.
Prints the seconds of the cycle alone, and those of the processor in it. The folder must be new: deleted files slow some file
systems down.
Started as a file, like the bare loop. `lay` makes the same files for whoever is compared with it.
"""

import ctypes
import os
import sqlite3
import sys
import time

LINE = (
    b"2025-03-01T00:00:00.049Z DEBUG auth-service [TokenCache-61] "
    b"Checksum batch profile id=619fe298 upstream took 2679ms handler\n"
)
LINES = 100
GROUP = 100


def main() -> None:
    """Run the whole cycle."""
    root, count = sys.argv[1], int(sys.argv[2])
    for name in ("inbox", "work", "done", "out"):
        os.makedirs(f"{root}/{name}")
    lay(f"{root}/inbox", range(count))
    os.sync()
    print(*cycle(root))


def lay(inbox: str, numbers: range, lines: int = LINES) -> None:
    """Write files of so many lines into the inbox, one for each number."""
    for number in numbers:
        with open(f"{inbox}/f{number:06d}.log", "wb", buffering=0) as file:
            file.write(LINE * lines)


def cycle(root: str) -> tuple[float, float]:
    """Work all files of the inbox; give the seconds that it took on the clock, and of the processor's time."""
    libc = ctypes.CDLL(None, use_errno=True)
    catalog = sqlite3.connect(f"{root}/state.db", isolation_level=None)
    catalog.execute("pragma journal_mode=wal")
    catalog.execute("pragma synchronous=full")
    catalog.execute("create table file(name text primary key, bytes int, mtime_ns int, state text, lines int)")
    out = os.open(f"{root}/out", os.O_RDONLY)
    start, cpu_start = time.perf_counter(), time.process_time()
    names = sorted(os.listdir(f"{root}/inbox"))
    for first in range(0, len(names), GROUP):
        group, rows = names[first : first + GROUP], []
        for name in group:
            os.rename(f"{root}/inbox/{name}", f"{root}/work/{name}")
            with open(f"{root}/work/{name}", "rb", buffering=0) as file:
                facts, data = os.fstat(file.fileno()), file.read()
            lines = data.decode().split("\n")
            with open(f"{root}/out/.{name}", "wb", buffering=0) as file:
                file.write("\n".join([line.strip().upper() for line in lines]).encode())
            os.rename(f"{root}/out/.{name}", f"{root}/out/{name}")
            rows.append((name, facts.st_size, facts.st_mtime_ns, "done", len(lines) - 1))
        libc.syncfs(out)
        catalog.execute("begin")
        catalog.executemany("insert into file values(?,?,?,?,?)", rows)
        catalog.execute("commit")
        for name in group:
            os.rename(f"{root}/work/{name}", f"{root}/done/{name}")
    return time.perf_counter() - start, time.process_time() - cpu_start


if __name__ == "__main__":
    main()
