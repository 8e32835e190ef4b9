"""Flows from HAR files and from clicks in a real browser, against a small portal that really answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from launchready.performance.recording import NotHar, flow_of, read_har
from launchready.performance.recording_browser import record
from launchready.portal import DnsSettings
from launchready.portal_performance import Flow
from launchready.probes import browser
from launchready.probes.dns import Dns
from launchready.probes.network import Network

PASSWORD = "correct horse battery"
TOKEN = "tok-5e884898da28047151d0e56f8dc62927"
_LOGIN = (
    '<form method="post"><input type="hidden" name="csrf_token" value="c1"><input name="email">'
    '<input type="password" name="password"><button>Log in</button></form>'
)
_BOARD = (
    '<link rel="stylesheet" href="/site.css"><h1>Dashboard</h1><p id="there"></p><script>'
    "fetch('/api/session').then(r => r.json()).then(s => fetch('/api/invoices', {headers: {Authorization: 'Bearer ' + "
    "s.token}})).then(r => r.json()).then(l => fetch('/api/invoices/' + l.items[0].id)).then(r => r.json())"
    ".then(i => document.getElementById('there').textContent = i.number)</script>"
)


class _Portal(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind, text = "text/html; charset=utf-8", "<p>not here</p>"
        if self.path == "/login":
            text = _LOGIN
        elif self.path == "/":
            text = _BOARD
        elif self.path == "/site.css":
            kind, text = "text/css", "h1 {color: navy}"
        elif self.path.startswith("/api/"):
            kind = "application/json"
            answers = {
                "/api/session": {"token": TOKEN},
                "/api/invoices": {"items": [{"id": 48213}, {"id": 48214}]},
                "/api/invoices/48213": {"number": "INV-1"},
            }
            text = json.dumps(answers.get(self.path, {}))
        self._answer(200, kind, text)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(302, "text/html", "", ("Location", "/"), ("Set-Cookie", "session=s3cr3t; HttpOnly"))

    def _answer(self, status: int, kind: str, text: str, *more: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(text))), *more):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *words: Any) -> None:
        pass


@pytest.fixture
def portal() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Portal) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


async def test_clicks_in_a_browser_become_a_flow_without_its_secrets(portal: str) -> None:
    if lack := browser.missing():
        pytest.skip(lack)

    async def click(page: Any) -> None:
        await page.fill("[name=email]", "client@studio.example")
        await page.fill("[name=password]", PASSWORD)
        await page.click("button")
        await page.wait_for_function("document.getElementById('there')?.textContent === 'INV-1'")

    network = Network()
    har = await record(f"{portal}/login", network, Dns(network, DnsSettings()), click, window=False)
    recorded = flow_of(har, "invoices")

    flow = Flow.model_validate(recorded.flow)
    assert [step.login.path if step.login else step.path for step in flow.steps] == [
        "/login", "/api/session", "/api/invoices", "/api/invoices/{id}",
    ]  # fmt: skip
    assert flow.user == "buyer"
    assert flow.steps[1].keep["token"].json_path == "token"
    assert flow.steps[2].headers == {"authorization": "Bearer {token}"}
    assert flow.steps[2].keep["id"].json_path == "items.0.id"
    assert recorded.users == {"buyer": {"user_env": "BUYER_USER", "password_env": "BUYER_PASSWORD"}}
    assert recorded.left_out["what pages load by themselves"] >= 1
    told = json.dumps([recorded.flow, recorded.users, recorded.variables])
    assert PASSWORD not in told
    assert TOKEN not in told
    assert "s3cr3t" not in told


def _entry(method: str, url: str, status: int = 200, kind: str = "text/html", **more: Any) -> dict[str, Any]:
    body = more.pop("body", None)
    return {
        "startedDateTime": more.pop("at", "2026-01-01T00:00:00Z"),
        "request": {"method": method, "url": url, "headers": more.pop("headers", []), "postData": body},
        "response": {"status": status, "headers": [], "content": {"mimeType": kind, "text": more.pop("text", "")}},
    }


def _har(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"log": {"entries": list(entries)}}


def test_a_login_by_json_takes_its_credentials_from_the_flows_user() -> None:
    body = {"mimeType": "application/json", "text": json.dumps({"email": "a@b.example", "password": PASSWORD})}
    recorded = flow_of(
        _har(
            _entry("GET", "https://app.example/"),
            _entry("POST", "https://app.example/api/login", body=body, kind="application/json"),
        ),
        "api",
    )

    assert recorded.flow["steps"][1]["json"] == {"email": "{user}", "password": "{password}"}
    assert set(recorded.variables) == {"BUYER_USER", "BUYER_PASSWORD"}


def test_a_credential_that_no_answer_gave_becomes_a_variable() -> None:
    headers = [{"name": "X-Api-Key", "value": TOKEN}]
    recorded = flow_of(
        _har(_entry("GET", "https://app.example/api/me", kind="application/json", headers=headers)), "me"
    )

    assert recorded.flow["steps"][0]["headers_env"] == {"x-api-key": "X_API_KEY"}
    assert TOKEN not in json.dumps(recorded.flow)


def test_a_secret_in_an_address_stays_out_and_what_is_harmless_stays() -> None:
    body = {"mimeType": "application/x-www-form-urlencoded", "text": f"email=a&password={PASSWORD}"}
    recorded = flow_of(
        _har(
            _entry("GET", f"https://app.example/welcome?invite_token={TOKEN}&lang=en"),
            _entry("POST", "https://app.example/login", body=body),
            _entry("GET", f"https://app.example/list?author=7&shipping=air&session={TOKEN}&key={TOKEN}"),
            _entry("GET", "https://app.example/api/next", kind="application/json", text=json.dumps({"t": "abcdef"})),
            _entry("GET", "https://app.example/more?page_token=abcdef"),
        ),
        "invited",
    )

    told = json.dumps([recorded.flow, recorded.variables])
    assert TOKEN not in told
    assert recorded.left_out["secrets in addresses"] == 3
    steps = recorded.flow["steps"]
    assert steps[0]["login"]["path"] == "/welcome?lang=en"
    assert steps[1]["path"] == "/list?author=7&shipping=air"
    assert steps[3]["path"] == "/more?page_token={token}"
    assert steps[2]["keep"] == {"token": {"json_path": "t"}}


def test_other_hosts_styles_and_answered_redirects_are_left_out() -> None:
    moved = _entry("GET", "https://app.example/old", 302)
    moved["response"]["headers"] = [{"name": "Location", "value": "https://app.example/new"}]
    recorded = flow_of(
        _har(
            _entry("GET", "https://app.example/"),
            _entry("GET", "https://app.example/site.css", kind="text/css"),
            _entry("GET", "https://analytics.example/collect"),
            moved,
            _entry("GET", "https://app.example/new"),
        ),
        "pages",
    )

    assert [step["path"] for step in recorded.flow["steps"]] == ["/", "/old"]
    assert recorded.left_out["other hosts"] == 1


def test_an_upload_keeps_its_field_and_size_not_its_content() -> None:
    text = '--x\r\nContent-Disposition: form-data; name="file"; filename="contract.pdf"\r\n'
    text += f"Content-Type: application/pdf\r\n\r\n{'a' * 2048}\r\n--x--\r\n"
    body = {"mimeType": "multipart/form-data; boundary=x", "text": text}
    recorded = flow_of(_har(_entry("POST", "https://app.example/upload", body=body)), "upload")

    [step] = recorded.flow["steps"]
    assert step["upload"] == {"field": "file", "name": "contract.pdf", "size_kb": 2, "content_type": "application/pdf"}
    assert recorded.flow["changes"] is True


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not json", "not JSON"),
        ("[]", "no log.entries"),
        ('{"log": {"entries": []}}', "no request"),
        ('{"log": {"entries": [{"request": {}}]}}', "no request"),
        (json.dumps(_har(_entry("GET", "https://x.example/a.css", kind="text/css"))), "no page, form or API call"),
    ],
)
def test_a_file_that_is_no_har_is_told_why(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "a.har"
    path.write_text(text)
    with pytest.raises(NotHar, match=says):
        flow_of(read_har(path), "x")
