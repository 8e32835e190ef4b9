"""A server whose delays are known, for the benches of the load engine; run as a process of its own.

`/` answers at once. `/slow` answers after a delay drawn from two humps with a tail, and notes how long it truly took
from the request's last byte read until the answer was written. `/truth` gives those times as JSON and forgets them.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time

BODY = b"<!doctype html><title>account</title>" + b"<p>invoice</p>" * 70
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nCache-Control: no-store\r\n"
    b"Server: bench\r\nContent-Length: %d\r\n\r\n"
)
ANSWER = HEAD % len(BODY) + BODY


def delay_s(draw: random.Random) -> float:
    """Most are served from a cache, one in seven is not, one in a hundred waits for a lock."""
    chance = draw.random()
    if chance < 0.85:
        return max(0.005, draw.gauss(0.030, 0.006))
    return draw.lognormvariate(-2.2, 0.3) if chance < 0.99 else draw.uniform(0.4, 0.8)


class Known(asyncio.Protocol):
    """HTTP/1.1, one request after the other on a connection."""

    times: list[float] = []  # noqa: RUF012 - one list for all connections
    draw = random.Random(42)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.came = transport, b""

    def data_received(self, data: bytes) -> None:
        began = time.perf_counter()
        self.came += data
        while b"\r\n\r\n" in self.came:
            head, _, self.came = self.came.partition(b"\r\n\r\n")
            if head.startswith(b"GET /slow"):
                asyncio.get_running_loop().call_later(delay_s(self.draw), self.late, began)
            elif head.startswith(b"GET /truth"):
                said = json.dumps(self.times).encode()
                self.times.clear()
                self.transport.write(HEAD % len(said) + said)
            else:
                self.transport.write(ANSWER)

    def late(self, began: float) -> None:
        if self.transport.is_closing():
            return
        self.transport.write(ANSWER)
        self.times.append(time.perf_counter() - began)


async def main() -> None:
    """Serve until killed; the port is printed."""
    server = await asyncio.get_running_loop().create_server(Known, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
