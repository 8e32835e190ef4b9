"""Flows from a HAR file (HTTP Archive 1.2), as every browser's developer tools save it, or as our own recorder does.

Kept are the requests that a buyer's clicks made of the portal: pages, forms, calls of its API. Left out are what pages
load by themselves (styles, scripts, pictures), other hosts, and redirects, which a walk follows anyway. Whatever is
secret stays out: a password becomes a login by variables, a token that an earlier answer gave is kept by its path, any
other credential becomes a header from a variable. Reads, sends nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from launchready.portal_performance import Flow

MOST_BYTES = 256 * 1024 * 1024
MOST_STEPS = 60
SECRET = re.compile(r"pass(word|wd|phrase|code)?|secret|otp|totp|pin|api_?key|credential|token|auth|session", re.I)
_PASSWORD = re.compile(r"pass(word|wd|phrase)?|^pw$|^pwd$", re.I)
_SECRET_QUERY = re.compile(
    r"secret|password|passwd|api_?key|token|credential|(?:^|[-_.])"
    r"(?:auth|code|hmac|jwt|key|otp|pin|pw|pwd|session(?:_?id)?|sid|sig|signature|state|ticket)$",
    re.I,
)
"""Names in an address, where a harmless one that is lost is another page."""
_HIDDEN = re.compile(r"csrf|xsrf|authenticity|_token$|nonce|__viewstate|__requestverification|^utf8$|^next$", re.I)
"""Fields that a form brings by itself."""
_ID = re.compile(r"\d{2,}|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}|[A-Za-z0-9_-]{20,}")
_OURS = ("authorization", "x-api-key", "x-auth-token", "x-access-token")
_KINDS = ("html", "json")


class NotHar(ValueError):
    """The file is none, or holds nothing to walk; the text says which."""


@dataclass
class Recorded:
    """One flow as it was recorded."""

    flow: dict[str, Any]
    """As in `[[performance.flows]]`."""
    users: dict[str, dict[str, str]] = field(default_factory=dict)
    """As in `[performance.users]`, where somebody logged in."""
    variables: dict[str, str] = field(default_factory=dict)
    """Variables that must be set before it is walked, by name: what for."""
    left_out: dict[str, int] = field(default_factory=dict)
    """What was recorded and is not part of it: by reason, how often."""
    host: str = ""


def read_har(path: Path) -> Any:
    """The file's JSON. Raises OSError; NotHar."""
    if path.stat().st_size > MOST_BYTES:
        raise NotHar(f"{path}: larger than {MOST_BYTES // 1024 // 1024} MB")
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise NotHar(f"{path}: not JSON, so no HAR file: {error}") from None
    return found


def flow_of(har: Any, name: str, *, host: str = "", user: str = "buyer") -> Recorded:
    """The flow that a HAR file's requests to `host` (left out: that of the first page) make. Raises NotHar."""
    entries = list(_entries(har))
    if not entries:
        raise NotHar("there is no request in it")
    host = host or next((e.host for e in entries if e.page), entries[0].host)
    made = _Making(Recorded({"name": name, "steps": []}, host=host), user)
    for entry in entries:
        reason = _why_not(entry, host)
        if not reason and made.follows(entry):
            reason = "redirects, which are followed anyway"
        if reason:
            made.recorded.left_out[reason] = made.recorded.left_out.get(reason, 0) + 1
        else:
            made.add(entry)
        made.know(entry)
    steps = made.recorded.flow["steps"]
    if not steps:
        raise NotHar(f"no page, form or API call of {host} is in it; name another with --host")
    if len(steps) > MOST_STEPS:
        raise NotHar(f"{len(steps)} steps are more than a flow may have ({MOST_STEPS}); record less at once")
    if made.recorded.users:
        made.recorded.flow["user"] = user
    if any(
        step.get("form") or step.get("upload") or step.get("method", "GET") not in ("GET", "POST") for step in steps
    ):
        made.recorded.flow["changes"] = True
    Flow.model_validate(made.recorded.flow)
    return made.recorded


@dataclass(frozen=True)
class _Entry:
    method: str
    url: str
    host: str
    status: int
    kind: str
    page: bool
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    answer: str
    location: str
    asked_for: str
    """What Chromium calls the resource's type; empty where nobody says."""


@dataclass
class _Making:
    recorded: Recorded
    user: str
    answers: list[tuple[int, Any]] = field(default_factory=list)
    """The JSON that each step was answered with."""
    secrets: set[str] = field(default_factory=set)
    redirect: str = ""
    form_page: str = ""

    def follows(self, entry: _Entry) -> bool:
        return bool(self.redirect) and entry.method == "GET" and _path(entry.url) == _path(self.redirect)

    def know(self, entry: _Entry) -> None:
        if entry.host != self.recorded.host:
            return
        self.redirect = entry.location if 300 <= entry.status < 400 else ""
        if entry.page and entry.method == "GET" and entry.status == 200:
            self.form_page = self._public(_path(entry.url))
        if entry.kind == "json" and entry.answer and self.recorded.flow["steps"]:
            try:
                self.answers.append((len(self.recorded.flow["steps"]) - 1, json.loads(entry.answer)))
            except (ValueError, RecursionError):
                return

    def add(self, entry: _Entry) -> None:
        steps = self.recorded.flow["steps"]
        fields, sent = _form(entry), _json(entry)
        if fields and any(_PASSWORD.search(name) for name in fields):
            if steps and steps[-1] == {"path": self.form_page}:
                steps.pop()  # a login fetches its form itself
            steps.append({"name": "log in", "login": {"path": self.form_page or self._public(_path(entry.url))}})
            self._knows_user()
            return
        step: dict[str, Any] = {"path": self._public(self._with_kept(_path(entry.url)))}
        if entry.method != "GET":
            step["method"] = entry.method
        if fields:
            shown = {name: value for name, value in fields.items() if not _HIDDEN.search(name)}
            step["form"] = {name: "" if SECRET.search(name) else value for name, value in shown.items()}
        elif upload := _upload(entry):
            step["upload"] = upload
        elif sent is not None:
            step["json"] = self._harmless(sent)
        self._credentials(entry, step)
        if entry.status >= 300 and not 300 <= entry.status < 400:
            step["status"] = entry.status
        if not (steps and steps[-1] == step and entry.method == "GET"):
            steps.append(step)

    def _knows_user(self) -> None:
        stem = re.sub(r"\W", "_", self.user).upper()
        self.recorded.users[self.user] = {"user_env": f"{stem}_USER", "password_env": f"{stem}_PASSWORD"}
        self.recorded.variables |= {f"{stem}_USER": "the account's name", f"{stem}_PASSWORD": "its password"}

    def _harmless(self, value: Any, name: str = "") -> Any:
        """JSON that was sent, credentials replaced by those of the flow's user, tokens by what was kept."""
        if isinstance(value, dict):
            sent = {key: self._harmless(inner, str(key)) for key, inner in value.items()}
            if "{password}" in sent.values():
                named = next((k for k in sent if re.search(r"user|mail|login|account|identifier", k, re.I)), "")
                if named:
                    sent[named] = "{user}"
            return sent
        if isinstance(value, list):
            return [self._harmless(inner, name) for inner in value]
        if isinstance(value, str) and _PASSWORD.search(name):
            self._knows_user()
            return "{password}"
        if isinstance(value, str) and value and SECRET.search(name):
            return self._kept(value, name) or ""
        return value.replace("{", "{{").replace("}", "}}") if isinstance(value, str) else value

    def _credentials(self, entry: _Entry, step: dict[str, Any]) -> None:
        for name in _OURS:
            if value := entry.headers.get(name):
                scheme, _, token = value.rpartition(" ")
                if kept := self._kept(token, "token"):
                    step.setdefault("headers", {})[name] = f"{scheme} {kept}".strip()
                else:
                    variable = re.sub(r"\W", "_", name).upper()
                    step.setdefault("headers_env", {})[name] = variable
                    self.recorded.variables[variable] = f"the whole value of the header {name}"

    def _with_kept(self, path: str) -> str:
        """A path whose ids, where an earlier answer gave them, are taken from that answer each time."""
        escaped = path.replace("{", "%7B").replace("}", "%7D")
        return re.sub(r"(?<=/)[^/?&=]+|(?<==)[^&]+", lambda m: self._id(m[0]) or m[0], escaped)

    def _public(self, path: str) -> str:
        """A path without the secrets of its query; one that an earlier answer gave is taken from there."""
        before, mark, query = path.partition("?")
        pairs = [self._public_pair(pair) for pair in query.split("&")] if mark else []
        return before + "".join(f"{'&' if number else '?'}{pair}" for number, pair in enumerate(filter(None, pairs)))

    def _public_pair(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        if not value or not _SECRET_QUERY.search(unquote(name)) or re.fullmatch(r"\{\w+\}", value):
            return pair
        if kept := self._kept(unquote(value), "token"):
            return f"{name}{equals}{kept}"
        self.secrets.add(pair)
        self.recorded.left_out["secrets in addresses"] = len(self.secrets)
        return ""

    def _id(self, text: str) -> str:
        return self._kept(text, "id") if _ID.fullmatch(text) else ""

    def _kept(self, value: str, name: str) -> str:
        """`{name}` of the value, where a JSON answer before held it; that step then keeps it."""
        for number, answer in reversed(self.answers):
            if place := _find(answer, value):
                step = self.recorded.flow["steps"][number]
                if "login" in step:
                    continue
                keeps = step.setdefault("keep", {})
                for known, how in keeps.items():
                    if how == {"json_path": place}:
                        return f"{{{known}}}"
                used = {k for s in self.recorded.flow["steps"] for k in s.get("keep", {})}
                free = next(n for n in (name, *(f"{name}_{i}" for i in range(2, 999))) if n not in used)
                keeps[free] = {"json_path": place}
                return f"{{{free}}}"
        return ""


def _entries(har: Any) -> Iterator[_Entry]:
    try:
        entries = sorted(har["log"]["entries"], key=lambda e: str(e.get("startedDateTime", "")))
    except (KeyError, TypeError, AttributeError):
        raise NotHar("not a HAR file: it has no log.entries") from None
    for one in entries:
        try:
            asked, answered = one["request"], one["response"]
            mime = str(answered.get("content", {}).get("mimeType", "")).lower()
            kind = next((k for k in _KINDS if k in mime), "")
            asked_for = str(one.get("_resourceType", ""))
            url = str(asked["url"])
            yield _Entry(
                method=str(asked["method"]).upper(),
                url=url,
                host=(urlsplit(url).hostname or "").lower(),
                status=int(answered.get("status", 0)),
                kind=kind,
                page=asked_for == "document" if asked_for else kind == "html",
                headers={str(h["name"]).lower(): str(h["value"]) for h in asked.get("headers", ())},
                body=asked.get("postData") or {},
                answer=str(answered.get("content", {}).get("text", "")),
                location=next(
                    (str(h["value"]) for h in answered.get("headers", ()) if str(h["name"]).lower() == "location"), ""
                ),
                asked_for=asked_for,
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            continue  # an entry that is not whole says nothing


def _why_not(entry: _Entry, host: str) -> str:
    if entry.host != host:
        return "other hosts"
    if not entry.url.startswith(("http://", "https://")):
        return "not HTTP"
    if entry.status == 0:
        return "requests that were never answered"
    if entry.method not in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        return f"{entry.method[:10]} requests"
    if entry.method != "GET":
        return ""
    if entry.asked_for in ("document", "xhr", "fetch") or entry.kind or 300 <= entry.status < 400:
        return "" if entry.asked_for in ("", "document", "xhr", "fetch") else "what pages load by themselves"
    return "what pages load by themselves"


def _path(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _form(entry: _Entry) -> dict[str, str]:
    if "x-www-form-urlencoded" not in str(entry.body.get("mimeType", "")).lower():
        return {}
    params = entry.body.get("params")
    if isinstance(params, list) and params:
        return {str(p.get("name", "")): str(p.get("value", "")) for p in params if isinstance(p, dict)}
    return dict(parse_qsl(str(entry.body.get("text", "")), keep_blank_values=True))


def _json(entry: _Entry) -> Any:
    if "json" not in str(entry.body.get("mimeType", "")).lower():
        return None
    try:
        return json.loads(str(entry.body.get("text", "")))
    except (ValueError, RecursionError):
        return None


_PART = re.compile(r'name="([^"]{1,200})"; filename="([^"]{0,300})"(?:\r?\nContent-Type: ([^\r\n]{1,100}))?')


def _upload(entry: _Entry) -> dict[str, Any]:
    if "multipart/form-data" not in str(entry.body.get("mimeType", "")).lower():
        return {}
    text = str(entry.body.get("text", ""))
    if found := _PART.search(text):
        size = max(1, round(len(text) / 1024))
        made: dict[str, Any] = {"field": found[1], "name": found[2] or "file", "size_kb": min(size, 50_000)}
        return made | ({"content_type": found[3]} if found[3] else {})
    for one in entry.body.get("params") or ():
        if isinstance(one, dict) and one.get("fileName"):
            kind = {"content_type": str(one["contentType"])} if one.get("contentType") else {}
            return {"field": str(one.get("name", "")), "name": str(one["fileName"]), **kind}
    return {}


def _find(answer: Any, value: str, path: str = "", depth: int = 0) -> str:
    """The dotted path of a value in JSON; the first, in the order of the document, at most eight levels down."""
    if depth > 8 or not value:
        return ""
    if isinstance(answer, dict):
        pairs: Any = answer.items()
    elif isinstance(answer, list):
        pairs = enumerate(answer[:200])
    else:
        return path if str(answer) == value and not isinstance(answer, bool) else ""
    for key, inner in pairs:
        if "." in str(key):
            continue
        if found := _find(inner, value, f"{path}.{key}" if path else str(key), depth + 1):
            return found
    return ""
