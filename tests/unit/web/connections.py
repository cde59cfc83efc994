"""A connection without a network, and what is written to it."""

import asyncio
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from linemill.web.guard import Guarded


class Transport(asyncio.Transport):
    """Keeps what is written, and says how it was ended."""

    def __init__(self):
        super().__init__()
        self.sent = b""
        self.unsent = 0
        self.end = ""

    def write(self, data):
        self.sent += data

    def get_write_buffer_size(self):
        return self.unsent

    def is_closing(self):
        return self.end != ""

    def close(self):
        self.end = self.end or "closed"

    def abort(self):
        self.end = "aborted"

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


class Connected:
    """Somebody who is connected to an application."""

    def __init__(self, app):
        settings: dict[str, Any] = {"ws": "none", "log_config": None, "lifespan": "off", "proxy_headers": False}
        config = uvicorn.Config(app, http=Guarded, interface="asgi3", **settings)
        config.load()
        self.state = ServerState()
        self.connection = Guarded(config, self.state, {}, asyncio.get_running_loop())
        self.transport = Transport()
        self.connection.connection_made(self.transport)

    async def settle(self):
        for _ in range(10):
            await asyncio.sleep(0)

    async def end(self):
        self.connection.connection_lost(None)
        await asyncio.gather(*self.state.tasks)


def talk_to(client, does):
    """Run what a client does; the connection ends afterwards."""

    async def whole():
        one = client()
        try:
            await does(one)
        finally:
            await one.end()

    asyncio.run(whole())
