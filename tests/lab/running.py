"""A portal of the lab that runs, and a browser of few means to walk through it with."""

from __future__ import annotations

import http.client
import re
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import psycopg

from launchready.lab.live_portal import PASSWORD, LivePortal
from launchready.lab.prototype import HOST
from launchready.lab.world import Source


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str
    cookies: list[str]


@dataclass
class Browser:
    """Keeps cookies, sends CSRF tokens, and comes from an address of its own."""

    port: int
    address: str = field(default_factory=lambda: f"198.51.100.{secrets.randbelow(200) + 1}")
    cookies: dict[str, str] = field(default_factory=dict)
    timeout_s: float = 30.0

    def ask(self, method: str, path: str, body: bytes | str = b"", host: str = HOST, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"Host": host, "X-Forwarded-Proto": "https", "X-Forwarded-For": self.address, **named}
        if self.cookies:
            given["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout_s)
        try:
            connection.request(method, path, body or None, given)
            answer = connection.getresponse()
            lines = answer.headers.get_all("Set-Cookie") or []
            for line in lines:
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            text = answer.read().decode("utf-8", "replace")
            return Answer(answer.status, {n.lower(): v for n, v in answer.getheaders()}, text, lines)
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def follow(self, path: str) -> Answer:
        answer = self.get(path)
        while answer.status in (301, 302):
            parts = urlsplit(answer.headers["location"])
            answer = self.get(parts.path + (f"?{parts.query}" if parts.query else ""))
        return answer

    def post(self, path: str, form: dict[str, str], host: str = HOST) -> Answer:
        kind = "application/x-www-form-urlencoded"
        return self.ask("POST", path, urlencode(form), host, Content_Type=kind, **self._token(host))

    def upload(self, path: str, name: str, content: bytes, *, token: bool = True, **form: str) -> Answer:
        mark = secrets.token_hex(12)
        parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in form.items()]
        parts.append(
            f'--{mark}\r\nContent-Disposition: form-data; name="upload"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = "".join(parts).encode() + content + f"\r\n--{mark}--\r\n".encode()
        given = self._token(HOST) if token else {}
        return self.ask("POST", path, body, Content_Type=f"multipart/form-data; boundary={mark}", **given)

    def log_in(self, email: str, password: str = PASSWORD, target: str = "") -> Answer:
        self.get("/account/login/")
        return self.post("/account/login/", {"username": email, "password": password, "next": target})

    def _token(self, host: str) -> dict[str, str]:
        token = next((value for name, value in self.cookies.items() if "csrf" in name), "")
        return {"X_CSRFToken": token, "Referer": f"https://{host}/"}


class MailSink:
    """A mail server that takes its time and keeps what it is told."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s, self.text = delay_s, ""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as lines:
                time.sleep(self._delay_s)
                self._talk(lines)

    def _talk(self, lines: Any) -> None:
        reply = b"220 sink\r\n"
        while True:
            lines.write(reply)
            lines.flush()
            line = lines.readline()
            if not line:
                return
            if line.upper().startswith(b"DATA"):
                lines.write(b"354 go on\r\n")
                lines.flush()
                while (line := lines.readline()) not in (b".\r\n", b""):
                    self.text += line.decode()
            reply = b"250 fine\r\n"


@dataclass
class Running:
    """One portal with what a test may ask of it."""

    live: LivePortal
    source: Source
    mails: MailSink

    def browser(self) -> Browser:
        return Browser(self.live.port)

    def owner(self) -> Browser:
        return self.logged_in("owner@studio.example")

    def client(self, number: int = 0) -> Browser:
        return self.logged_in(self.client_emails()[number])

    def logged_in(self, email: str) -> Browser:
        browser = self.browser()
        answer = browser.log_in(email)
        assert answer.status == 302, answer.body[-600:]
        return browser

    def client_emails(self) -> list[str]:
        return [email for (email,) in self.sql("SELECT email FROM accounts_user WHERE role = 'client' ORDER BY id")]

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.live.database_url, autocommit=True) as connection:
            cursor = connection.execute(query, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The statements that the database is sent inside the block."""
        self._log_statements("all")
        before, found = len(self.live.database_log), list[str]()
        try:
            yield found
        finally:
            time.sleep(0.2)  # its log is written by another process
            found += re.findall(r"LOG:  (?:statement|execute [^:]*): (.*)", self.live.database_log[before:])
            self._log_statements("none")

    def _log_statements(self, which: str) -> None:
        self.sql(f"ALTER SYSTEM SET log_statement = '{which}'")
        self.sql("SELECT pg_reload_conf()")
        time.sleep(0.2)
