"""Visitors of a dashboard, as a process of their own: `python bench/visitors.py PORT streams 20`, or `... stats 50` a second.

Says `ready` when all of them are there, and goes on until its standard input ends; then says how many answers or events came.
"""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import sys
import threading
import time

QUESTION = b"GET /stats HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
STREAM = b"GET /stats HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"


def listen(port: int, count: int, ends: threading.Event) -> int:
    """Have that many event streams open; give how many events came after the first of each."""
    with selectors.DefaultSelector() as selector:
        streams = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
        for stream in streams:
            stream.sendall(STREAM)
            said = b""
            while b"event: hello" not in said:
                said += stream.recv(65536)
            selector.register(stream, selectors.EVENT_READ)
        print("ready", flush=True)
        events = 0
        while not ends.is_set():
            for key, _ in selector.select(0.2):
                assert isinstance(key.fileobj, socket.socket)
                said = key.fileobj.recv(2**20)
                events += said.count(b"event: stats")
                if not said:
                    raise EOFError("a stream has ended")
        for stream in streams:
            stream.close()
    return events


def ask(port: int, a_second: int, ends: threading.Event) -> int:
    """Ask for `/stats` that often; give how many answers came."""
    answers = 0
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        next_at = time.monotonic()
        while not ends.wait(max(0.0, next_at - time.monotonic())):
            connection.sendall(QUESTION)
            _hear(connection)
            if not answers:
                print("ready", flush=True)
            answers += 1
            next_at += 1 / a_second
    return answers


def _hear(connection: socket.socket) -> None:
    """Take one answer, by as little work as can be: whoever asks a mill is somewhere else, and costs it nothing."""
    said, end = b"", -1
    while end < 0 or len(said) < end:
        more = connection.recv(2**16)
        if not more:
            raise EOFError("/stats was not answered to its end")
        said += more
        head = said.find(b"\r\n\r\n")
        if end < 0 <= head:
            status, length = said.split(b" ", 2)[1], LENGTH.search(said, 0, head + 2)
            if status != b"200" or length is None:
                raise RuntimeError(f"/stats answered with {said[:head]!r}")
            end = head + 4 + int(length[1])


if __name__ == "__main__":
    over = threading.Event()

    def wait() -> None:
        """Wait for the end of standard input."""
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait, daemon=True).start()
    visit = {"streams": listen, "stats": ask}[sys.argv[2]]
    answers = visit(int(sys.argv[1]), int(sys.argv[3]), over)
    with contextlib.suppress(BrokenPipeError):  # whoever has ended us may not ask how many
        print(answers, flush=True)
