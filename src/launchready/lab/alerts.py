"""Where the lab's alerts arrive: a webhook that takes what Apprise's `json://` sends, and a mail server.

Both on loopback, in clear. Takes and keeps messages, or misbehaves as told; shows them to nobody but who asks.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from email import message_from_bytes, policy
from types import TracebackType
from typing import Any

from aiosmtpd.smtp import SMTP

from launchready.lab.edge_http import PlainStream, Request, act, serve_h1
from launchready.lab.world import Response, Trouble

_KEYS = {"version", "title", "message", "attachments", "type"}
"""Of the JSON that Apprise posts, https://appriseit.com/services/json/."""


@dataclass(frozen=True, slots=True)
class Received:
    """One alert that arrived."""

    by: str
    """`webhook` or `mail`."""
    subject: str
    text: str


class AlertReceiver:
    """`async with AlertReceiver() as receiver:`; `received` holds what came."""

    def __init__(self, *, status: int = 200, trouble: Trouble = Trouble.NONE) -> None:
        self.received: list[Received] = []
        self.status = status
        """What the webhook answers; from 400 on it takes nothing."""
        self.trouble = trouble
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.webhook = ""
        """Address of the webhook, as Apprise writes it."""
        self.mail = ""
        """Address of the mail server, as Apprise writes it."""

    async def __aenter__(self) -> AlertReceiver:
        """Listen."""
        loop = asyncio.get_running_loop()
        web = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        post = await loop.create_server(lambda: SMTP(self, hostname="mail.lab", loop=loop), "127.0.0.1", 0)
        self._servers = [web, post]
        ports = [server.sockets[0].getsockname()[1] for server in self._servers]
        self.webhook = f"json://127.0.0.1:{ports[0]}/hooks/lab-secret-part"
        self.mail = f"mailto://127.0.0.1:{ports[1]}/?from=gate@brightside.example&to=ops@brightside.example"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every socket."""
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Take a mail (aiosmtpd calls this)."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        body = mail.get_body(("plain",))
        self.received.append(Received("mail", str(mail["subject"]), body.get_content() if body else ""))
        return "250 taken"

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        stream = PlainStream(reader, writer)
        try:
            if self.trouble:
                await act(self.trouble, stream)
            else:
                await serve_h1(stream, self._answer)
        except (OSError, asyncio.CancelledError):
            pass  # the other side left, or the lab is closing
        finally:
            writer.close()

    def _answer(self, asked: Request) -> Response:
        if self.status >= 400:
            return Response(self.status, (("Content-Type", "text/plain"),), "not taken")
        try:
            document = json.loads(asked.body)
        except ValueError:
            document = None
        if asked.method != "POST" or not isinstance(document, dict) or not set(document) <= _KEYS:
            return Response(400, (("Content-Type", "text/plain"),), "not what Apprise sends")
        self.received.append(Received("webhook", str(document.get("title")), str(document.get("message"))))
        return Response(self.status, (("Content-Type", "text/plain"),), "taken")
