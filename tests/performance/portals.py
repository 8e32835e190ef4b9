"""A small portal on loopback with a login, pages, forms, an API and an upload, whose answers a test can replace.

Its login works as Django's: a token in a cookie and in a hidden field must match. It keeps what it was asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.parser
import email.policy
import json
import secrets
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from launchready.performance.flow_choice import Ground
from launchready.performance.session import Sessions, open_sessions
from launchready.portal import DnsSettings
from launchready.portal_performance import Flow, FlowLogin, FlowUser
from launchready.probes.dns import Dns
from launchready.probes.network import Detour, Limits, Network

NAME, PASSWORD = "ada@client.example", "s3cret of ada, 42"
ENVIRON = {"ADA_USER": NAME, "ADA_PASSWORD": PASSWORD}
ADA = FlowUser(user_env="ADA_USER", password_env="ADA_PASSWORD")


@dataclass
class Asked:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def form(self) -> dict[str, str]:
        return dict(self.pairs)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        if self.headers.get("content-type", "").startswith("multipart/"):
            parts = ((p.get_param("name", header="content-disposition"), p) for p in self._parts())
            return [(str(n), p.get_payload(decode=True).decode()) for n, p in parts if p.get_filename() is None]
        return parse_qsl(self.body.decode(), keep_blank_values=True)

    @property
    def file(self) -> tuple[str, str, str, bytes] | None:
        """Field, file name, type and content of the file that was sent."""
        for part in self._parts():
            if name := part.get_filename():
                field_name = str(part.get_param("name", header="content-disposition"))
                return field_name, name, part.get_content_type(), part.get_payload(decode=True)
        return None

    @property
    def cookies(self) -> dict[str, str]:
        return {name: morsel.value for name, morsel in SimpleCookie(self.headers.get("cookie", "")).items()}

    def _parts(self) -> Iterator[Any]:
        head = f"Content-Type: {self.headers.get('content-type', '')}\r\n\r\n".encode()
        yield from email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + self.body).iter_parts()


@dataclass
class Answer:
    status: int = 200
    body: str | bytes = ""
    headers: tuple[tuple[str, str], ...] = ()
    kind: str = "text/html; charset=utf-8"
    breaks: str = ""
    """`reset` before the head, `middle` of the body, `endless` body, or `silent`."""


Route = Callable[[Asked], Answer]


def page(content: str, title: str = "Portal", **headers: str) -> Answer:
    body = f"<!doctype html><html><head><title>{title}</title></head><body>{content}</body></html>"
    return Answer(200, body, tuple((n.replace("_", "-"), v) for n, v in headers.items()))


def redirect(to: str, status: int = 302, *cookies: str) -> Answer:
    return Answer(status, "", (("Location", to), *(("Set-Cookie", cookie) for cookie in cookies)))


def login_page(note: str = "", form: str = "", action: str = "", method: str = "post", extra: str = "") -> str:
    return f"""{extra}<form action="{action}" method="{method}">{note}
        <input type="hidden" name="next" value="/dashboard/">
        {form}<input type="email" name="username"><input type="password" name="password">
        <button name="go" value="in">Log in</button></form>"""


@dataclass
class Portal:
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, Answer | Route] = field(default_factory=dict)
    """By `METHOD /path`: instead of what the portal answers itself."""
    sessions: set[str] = field(default_factory=set)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ground(self, **given: Any) -> Ground:
        wanted = {"users": {"ada": ADA}, "login": FlowLogin(path="/login/"), **given}
        return Ground(self.url, frozenset({"127.0.0.1"}), **wanted)

    def of(self, method: str, path: str) -> list[Asked]:
        return [asked for asked in self.asked if (asked.method, asked.path) == (method, path)]

    def answer(self, asked: Asked) -> Answer:
        found = self.answers.get(f"{asked.method} {asked.path}")
        if found is None:
            name = f"_{asked.method.lower()}_{asked.path.strip('/').replace('/', '_') or 'first'}"
            found = getattr(self, name, None) or Answer(404, "nothing here", kind="text/plain")
        return found if isinstance(found, Answer) else found(asked)

    def signed_in(self, asked: Asked) -> bool:
        return asked.cookies.get("sessionid", "") in self.sessions

    def _get_first(self, asked: Asked) -> Answer:
        return page("<h1>Welcome</h1>")

    def _get_login(self, asked: Asked) -> Answer:
        token = secrets.token_hex(16)
        hidden = f'<input type="hidden" name="csrfmiddlewaretoken" value="{token}">'
        return page(login_page(form=hidden), set_cookie=f"csrftoken={token}; Path=/; SameSite=Lax")

    def _post_login(self, asked: Asked) -> Answer:
        if refused := self.forged(asked):
            return refused
        if (asked.form.get("username"), asked.form.get("password")) != (NAME, PASSWORD):
            token = asked.cookies["csrftoken"]
            hidden = f'<input type="hidden" name="csrfmiddlewaretoken" value="{token}">'
            said = f'<ul class="errorlist"><li>{asked.form.get("username")}: that password is not right.</li></ul>'
            return page(login_page(said, hidden))
        self.sessions.add(session := secrets.token_hex(16))
        return redirect(asked.form.get("next") or "/", 302, f"sessionid={session}; Path=/; HttpOnly")

    def forged(self, asked: Asked) -> Answer | None:
        """Refuse what a stranger's page could have sent."""
        sent = asked.form.get("csrfmiddlewaretoken") if "json" not in asked.headers.get("content-type", "") else None
        sent = sent or asked.headers.get("x-csrftoken")
        right = (
            sent and sent == asked.cookies.get("csrftoken") and asked.headers.get("referer", "").startswith(self.url)
        )
        return None if right else Answer(403, "<h1>Forbidden</h1><p>CSRF verification failed.</p>")

    def _get_dashboard(self, asked: Asked) -> Answer:
        if not self.signed_in(asked):
            return redirect("/login/?next=/dashboard/")
        return page('<h1>Invoices of Ada</h1><a class="invoice" href="../invoices/17/?copy=1">Invoice 17</a>')

    def _get_invoices_17(self, asked: Asked) -> Answer:
        return page("<h1>Invoice 17</h1>") if self.signed_in(asked) else redirect("/login/")

    def _get_files(self, asked: Asked) -> Answer:
        token = asked.cookies.get("csrftoken", "")
        return page(f"""<form action="/search" method="get"><input name="q"><button>Find</button></form>
            <form action="/files/upload/" method="post" enctype="multipart/form-data">
            <input type="hidden" name="csrfmiddlewaretoken" value="{token}">
            <input type="hidden" name="folder" value="7">
            <select name="kind"><option>Other</option><option selected> Signed
              contract </option></select><textarea name="note">
a &amp; b</textarea><input type="checkbox" name="tell" value="yes" checked><input type="checkbox" name="hide">
            <input type="file" name="upload"><button name="do" value="save">Save</button>
            <button name="do" value="drop" formaction="/files/drop/">Drop</button></form>""")

    def _post_files_upload(self, asked: Asked) -> Answer:
        return self.forged(asked) or redirect("/files/", 303)

    def _post_files_drop(self, asked: Asked) -> Answer:
        return self.forged(asked) or page("dropped")

    def _get_search(self, asked: Asked) -> Answer:
        return page(f"<p>found {asked.query.get('q')}</p>")

    def _post_api_login(self, asked: Asked) -> Answer:
        told = json.loads(asked.body)
        if (told["email"], told["password"]) != (NAME, PASSWORD):
            return Answer(401, json.dumps({"error": f"no such account: {told['email']}"}), kind="application/json")
        return Answer(200, json.dumps({"data": {"token": "tok-of-ada-1234567890"}}), kind="application/json")

    def _get_api_items(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != "Bearer tok-of-ada-1234567890":
            return Answer(401, "{}", kind="application/json")
        items = {"items": [{"id": 5}, {"id": 8, "name": "a/b c"}], "more": False}
        return Answer(200, json.dumps(items), (("X-Next", "/api/items?page=2"),), "application/json")

    def _post_api_items(self, asked: Asked) -> Answer:
        return self.forged(asked) or Answer(201, "{}", (("Location", "/api/items/9"),), "application/json")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while asked := await _read(reader):
                self.asked.append(asked)
                answer = self.answer(asked)
                if not await self._write(answer, writer):
                    break
        writer.close()

    async def _write(self, answer: Answer, writer: asyncio.StreamWriter) -> bool:
        if answer.breaks == "reset":
            peer: socket.socket = writer.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        if answer.breaks == "silent":
            await self.closed.wait()
            return False
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        length = len(body) + (1000 if answer.breaks == "middle" else 10**12 if answer.breaks == "endless" else 0)
        lines = [f"HTTP/1.1 {answer.status} X", f"Content-Type: {answer.kind}", f"Content-Length: {length}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        writer.write("\r\n".join((*lines, "", "")).encode() + body)
        await writer.drain()
        while answer.breaks == "endless":
            writer.write(b"x" * 65536)
            await writer.drain()
        return answer.breaks != "middle"


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines if line)}
    if headers.get("expect") == "100-continue":
        raise ConnectionError("nobody waits for a 100 here")
    return Asked(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))


@asynccontextmanager
async def running() -> AsyncIterator[Portal]:
    portal = Portal()
    server = await asyncio.start_server(portal.serve, "127.0.0.1", 0)
    portal.port = server.sockets[0].getsockname()[1]
    try:
        yield portal
    finally:
        portal.closed.set()
        server.close()


@asynccontextmanager
async def visitors(limits: Limits | None = None, detours: tuple[Detour, ...] = ()) -> AsyncIterator[Sessions]:
    """Sessions that go nowhere but to this machine."""
    network = Network(limits or Limits(), detours)
    async with open_sessions(network, Dns(network, DnsSettings(compare_public=False))) as sessions:
        yield sessions


def flow(*steps: dict[str, Any], user: str = "", name: str = "buy") -> Flow:
    return Flow.model_validate({"name": name, "user": user, "steps": steps, "changes": True})
