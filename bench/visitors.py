"""Visitors of a dashboard, as a process of their own: `python bench/visitors.py PORT streams 20`, or `... stats 50` a second.

Says `ready` when all of them are there, and goes on until its standard input ends; then says how many answers or events came.
"""

from __future__ import annotations

import contextlib
import http.client
import selectors
import socket
import sys
import threading
import time

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
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    answers = 0
    next_at = time.monotonic()
    while not ends.wait(max(0.0, next_at - time.monotonic())):
        connection.request("GET", "/stats")
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"/stats answered with {answer.status}")
        if not answers:
            print("ready", flush=True)
        answers += 1
        next_at += 1 / a_second
    return answers


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
