"""Send a file of so many megabytes, and what takes it at its simplest: a loop from a socket to a file, which is then synced."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

PIECE = (b"2026-03-02 08:09:13 INFO till 4: receipt printed, 12 items, 48.20 EUR\n" * 4000)[: 2**18]
READ_BYTES = 2**18
HEAD = b'--bench\r\nContent-Disposition: form-data; name="file"; filename="sent.log"\r\n\r\n'
TAIL = b"\r\n--bench--\r\n"


class NotTaken(Exception):
    """The file was refused; says what was answered."""


def upload(port: int, megabytes: int) -> float:
    """Send a form with a file to a dashboard; give the seconds until the answer.

    Raises:
        NotTaken: The answer was another than 201.
    """
    pieces = megabytes * 10**6 // len(PIECE)
    length = len(HEAD) + pieces * len(PIECE) + len(TAIL)
    request = (
        f"POST /files HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=bench\r\n"
        f"Content-Length: {length}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port)) as connection:
        start = time.perf_counter()
        connection.sendall(request.encode() + HEAD)
        for _ in range(pieces):
            connection.sendall(PIECE)
        connection.sendall(TAIL)
        answer = connection.recv(65536)
        seconds = time.perf_counter() - start
    if not answer.startswith(b"HTTP/1.1 201 "):
        raise NotTaken(answer.decode(errors="replace"))
    return seconds


def bare(port: int, megabytes: int) -> float:
    """Send the same to the bare loop; give the seconds until it says that the file is stored."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        start = time.perf_counter()
        for _ in range(megabytes * 10**6 // len(PIECE)):
            connection.sendall(PIECE)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)
        return time.perf_counter() - start


def take(folder: Path) -> None:
    """Be the bare loop, for one file after the other; says its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            with connection, (folder / "bare.log").open("wb", buffering=0) as file:
                while data := connection.recv(READ_BYTES):
                    file.write(data)
                os.fsync(file.fileno())
                connection.sendall(b"!")


if __name__ == "__main__":
    take(Path(sys.argv[1]))
