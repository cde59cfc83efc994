"""The web server: a socket that is bound before anything else starts, and a thread that answers on it.

What answers, FastAPI and Uvicorn, takes half a second to import. It is imported in that thread, so that nobody waits for it.
"""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from linemill.errors import UsageError
from linemill.files import shown
from linemill.files.trouble import reason_of

if TYPE_CHECKING:
    from linemill.mill.telling import Logger
    from linemill.web.site import Site

HOST = "127.0.0.1"
PORT = 8000

BACKLOG = 128
"""Connections that wait until they are taken up; those that come while the server is imported among them."""

STOP_S = 2.0
"""How long the server may take to end. Whatever still hangs then is left behind; the process ends without it."""

_OTHER_FAMILY = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


def bound(host: str, port: int) -> socket.socket:
    """Bind a socket and listen on it; who connects waits until somebody answers.

    Args:
        host: A name or an address, IPv4 or IPv6.
        port: 0 for one that is free.

    Raises:
        UsageError: That cannot be; says why, and what to do.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "it is no name of a machine"
        raise UsageError(f"--host names no address: {reason}", shown(host), "name one of this machine's addresses") from error
    trouble: OSError | None = None
    for family, kind, protocol, _, address in found:
        try:
            return _listening(family, kind, protocol, address)
        except OSError as error:
            trouble = error
            if error.errno not in _OTHER_FAMILY:  # a name may have addresses of a family that this machine does not speak
                break
    assert trouble is not None
    raise _not_bound(trouble, host, port) from trouble


def url_of(listener: socket.socket) -> str:
    """Say where a socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class WebServer:
    """Answers in a thread, until it is stopped. If it breaks, that is logged, and nothing else ends.

    Args:
        listener: As `bound` gives it; closed at the end.
        site: What it is about; still open when `stop` returns.
        log: Told what happens.
        on_end: Called in the thread when it has ended, for whatever reason.

    Attributes:
        url: Where it is reached.
        has_failed: It has ended by itself.
    """

    def __init__(self, listener: socket.socket, site: Site, log: Logger, on_end: Callable[[], None] = lambda: None) -> None:
        self.url = url_of(listener)
        self.has_failed = False
        self._listener = listener
        self._site = site
        self._log = log
        self._on_end = on_end
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._lock = threading.Lock()
        self._is_stopping = False
        self._end: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin to answer; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End all answers and streams, and wait until that is so, but no longer than `STOP_S`."""
        with self._lock:
            self._is_stopping = True
            if self._end is not None:
                self._end()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)
        self._listener.close()

    def _run(self) -> None:
        try:
            from linemill.web.serving import serve

            serve(self._listener, self._site, self._log, self._started)
        except BaseException as error:  # Uvicorn ends by SystemExit, too; nothing may pass by in silence
            self.has_failed = True
            self._log.error("web_failed", reason=str(error) or type(error).__name__, exc_info=True)
        finally:
            self._listener.close()
            self._on_end()

    def _started(self, end: Callable[[], None]) -> None:
        """Take what ends the server; it may have been asked to before there was anything to end."""
        with self._lock:
            self._end = end
            if self._is_stopping:
                end()


def _listening(family: int, kind: int, protocol: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, kind, protocol)
    try:
        # A port that was in use a moment ago is free; one on which somebody listens is not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)  # only this tells that nobody else does
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _not_bound(error: OSError, host: str, port: int) -> UsageError:
    where = shown(f"{host}:{port}")
    if error.errno == errno.EADDRINUSE:
        hint = "stop what listens there, or name another port (--port 0 takes a free one)"
        return UsageError(f"port {port} is in use already", where, hint)
    if error.errno in _OTHER_FAMILY:
        return UsageError("this machine does not have that address", where, f"name one that it has, such as --host {HOST}")
    if error.errno in (errno.EACCES, errno.EPERM):
        return UsageError(f"port {port} may not be used: {reason_of(error)}", where, "name a port from 1024 on")
    return UsageError(f"the address cannot be used: {reason_of(error)}", where, "name another one with --host and --port")
