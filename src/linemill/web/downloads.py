"""Downloads: bytes of an output, read from the disk while they are sent."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from urllib.parse import quote

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from linemill.catalog.rows import OutputRow
from linemill.files import shown
from linemill.web.answers import SaidNo
from linemill.web.threads import apart

CHUNK_BYTES = 256 * 2**10
"""Read at once: more makes nothing faster, and every download holds as much."""


def attachment(output: OutputRow) -> Attachment:
    """Open what a file gave to an output, to be sent as something to be kept and never shown.

    Raises:
        SaidNo: 404: it is not published, or not there any more; 409: something else is in its place, or it is shorter.
    """
    where = shown(output.target)
    if output.replaced_by is not None:
        raise SaidNo(404, "replaced", "a later attempt has replaced this output", where)
    if not output.is_published:
        raise SaidNo(404, "not_published", "the output is not published yet", where, "wait until the file is done")
    try:
        # Not a link in its place, and no waiting for whoever writes to a pipe.
        descriptor = os.open(output.target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SaidNo(404, "gone", "the output is not there any more", where, "`reprocess` makes it anew") from error
    except OSError as error:
        what = f"the output cannot be read: {os.strerror(error.errno or 0)}"
        raise SaidNo(409, "changed", what, where, "look what is in its place") from error
    facts = os.fstat(descriptor)
    if stat.S_ISREG(facts.st_mode) and facts.st_size >= output.offset + output.bytes:
        return Attachment(descriptor, output)
    os.close(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        raise SaidNo(409, "changed", "something that is no file is in the output's place", where, "move it away")
    raise SaidNo(409, "changed", "the output is shorter than it was when it was published", where, "`reprocess` makes it anew")


class Attachment(StreamingResponse):
    """Sends bytes of an open file, and closes it whatever happens.

    Args:
        descriptor: The open file.
        output: Which bytes of it, and what they are called.
    """

    def __init__(self, descriptor: int, output: OutputRow) -> None:
        name = output.target.name
        plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in name)
        headers = {
            "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(os.fsencode(name), safe='')}",
            "Content-Length": str(output.bytes),
        }
        super().__init__(_chunks(descriptor, output.offset, output.bytes), headers=headers, media_type="application/octet-stream")
        self._descriptor = descriptor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; ends when all is sent, or the client is gone."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            os.close(self._descriptor)


async def _chunks(descriptor: int, start: int, length: int) -> AsyncIterator[bytes]:
    """Read a part of a file, in a thread; less if it has become shorter, which clients are told by the length."""
    at, end = start, start + length
    while at < end:
        chunk = await apart(os.pread, descriptor, min(CHUNK_BYTES, end - at), at)
        if not chunk:
            return
        at += len(chunk)
        yield chunk
