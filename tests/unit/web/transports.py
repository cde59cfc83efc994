"""A transport for tests of connections."""

import asyncio


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
