"""Calls without a time limit, as people write them, and calls that have one."""

from __future__ import annotations

import pytest
from tests.conftest import Judge

from launchready.lab.portal_source import healthy_portal_source, prototype_source
from launchready.lab.source import files
from launchready.performance import timeouts_javascript, timeouts_python
from launchready.performance.source_files import SourceFile, is_own

CHECK = "performance.timeouts"


def python(text: str, *others: str) -> list[tuple[int, str]]:
    named = [SourceFile("portal/views.py", text), *(SourceFile(f"portal/o{n}.py", one) for n, one in enumerate(others))]
    return [(one.line, one.what) for one in timeouts_python.endless_calls(named)]


def javascript(text: str, path: str = "server/rates.js", *others: str) -> list[tuple[int, str]]:
    named = [SourceFile(path, text), *(SourceFile(f"server/o{n}.js", one) for n, one in enumerate(others))]
    return [(one.line, one.what) for one in timeouts_javascript.endless_calls(named)]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("import urllib.request\nurllib.request.urlopen(url)", "urllib.request.urlopen"),
        ("from urllib.request import urlopen as ask\nask(url, None, None)", "urllib.request.urlopen"),
        ("from urllib import request\nrequest.urlopen(url, timeout=None)", "urllib.request.urlopen"),
        ("import requests\nrequests.get(url, params={})", "requests.get"),
        ("import requests as http\nhttp.request('GET', url)", "requests.request"),
        ("from requests import post\npost(url, json={})", "requests.post"),
        ("import requests\nwith requests.Session() as s: s.get(url)", "requests.Session.get"),
        ("import http.client\nhttp.client.HTTPSConnection('api.example.net')", "http.client.HTTPSConnection"),
        ("import smtplib\nsmtplib.SMTP('mail.example.net', 587)", "smtplib.SMTP"),
        ("import socket\nsocket.create_connection((host, 80))", "socket.create_connection"),
        ("import imaplib\nimaplib.IMAP4_SSL(host)", "imaplib.IMAP4_SSL"),
        ("import httpx\nhttpx.get(url, timeout=None)", "httpx.get"),
        ("import httpx\nclient = httpx.AsyncClient(timeout=None)", "httpx.AsyncClient"),
        ("import httpx\nlimit = httpx.Timeout(None)", "httpx.Timeout"),
        ("import aiohttp\nlimit = aiohttp.ClientTimeout(total=None)", "aiohttp.ClientTimeout"),
        ("import urllib3\nurllib3.request('GET', url)", "urllib3.request"),
    ],
)
def test_a_call_without_a_limit_is_found(text: str, what: str) -> None:
    assert python(text) == [(2, what)]


def test_a_session_kept_in_an_attribute_is_followed() -> None:
    text = "import requests\nclass Rates:\n  def __init__(self):\n    self.http = requests.Session()\n"
    assert python(f"{text}  def now(self):\n    return self.http.get(URL)\n") == [(6, "requests.Session.get")]


@pytest.mark.parametrize(
    "text",
    [
        "import urllib.request\nurllib.request.urlopen(url, timeout=3)",
        "from urllib.request import urlopen\nurlopen(url, None, 3)",
        "from urllib.request import urlopen\nurlopen(url, **options)",
        "from urllib.request import urlopen\nurlopen('http://localhost:9000/x')",
        "from urllib.request import urlopen\nurlopen(f'http://127.0.0.1:{port}/x')",
        "from urllib.request import urlopen\nif __name__ == '__main__':\n  urlopen(url)",
        "from portal.web import urlopen\nurlopen(url)",
        "import requests\nrequests.get(url, timeout=TIMEOUT)",
        "import requests\nrequests.get(url, **options)",
        "import requests\nrequests.codes.ok",
        "import requests\ns = requests.Session()\ns.mount('https://', WithTimeout(5))\ns.get(url)",
        "import requests as r\ns = r.Session()\ns.request = functools.partial(s.request, timeout=5)\ns.get(url)",
        "import smtplib\nsmtplib.SMTP(host, 587, timeout=10)",
        "import smtplib\nsmtplib.SMTP('localhost')",
        "import socket\nsocket.create_connection((host, 80), 5)",
        "import httpx\nhttpx.get(url)\nhttpx.Client()",
        "import httpx\nhttpx.Timeout(None, connect=5)",
        "import aiohttp\naiohttp.ClientSession()\naiohttp.ClientTimeout(total=None, sock_read=10)",
        "def broken(:",
        "requests.get(url)",
        "# requests.get(url)\n'''urlopen(url)'''",
        "class requests:\n  pass\nrequests.get(url)",
    ],
)
def test_a_call_with_a_limit_or_of_something_else_is_not(text: str) -> None:
    assert python(text) == []


def test_a_default_for_all_sockets_is_a_limit_for_what_obeys_it() -> None:
    text = "from urllib.request import urlopen\nimport requests\nurlopen(url)\nrequests.get(url)\n"

    assert python(text, "import socket\nsocket.setdefaulttimeout(10)\n") == [(4, "requests.get")]
    assert len(python(text, "import socket\nsocket.setdefaulttimeout(None)\n")) == 2


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('import axios from "axios";\naxios.get("https://a.example/x");', "axios.get"),
        ('const axios = require("axios");\naxios.post(url, { a: 1 });', "axios.post"),
        ('const http = require("axios");\nhttp({ url, method: "get" });', "axios"),
        ('import axios from "axios";\nconst api = axios.create({ baseURL: "https://a.example" });', "axios.create"),
        ('const axios = require("axios");\naxios.create({ baseURL, signal }).get("/x");\naxios.get(url, {});',
         "axios.get"),
        ('const https = require("node:https");\nhttps.get("https://a.example", (r) => r.resume());', "https.get"),
        ('import http from "http";\nhttp.request({ host: "a.example", path: "/" }, done).end();', "http.request"),
    ],
)  # fmt: skip
def test_a_call_in_javascript_without_a_limit_is_found(text: str, what: str) -> None:
    assert [name for _, name in javascript(text)] == [what]


@pytest.mark.parametrize(
    "text",
    [
        'import axios from "axios";\naxios.get("https://a.example/x", { timeout: 5000 });',
        'import axios from "axios";\nconst a = axios.create({ baseURL });\na.get("/x", { timeout: 9 });',
        'import axios from "axios";\nexport const a = axios.create({ baseURL: "http://localhost:4000" });',
        'import axios from "axios";\nexport const a = axios.create({ baseURL: "/api" });',
        'import axios from "axios";\naxios.get("https://a.example/x", { signal });',
        'import axios from "axios";\naxios.get("https://a.example/x", options);',
        'import axios from "axios";\naxios.get("https://a.example/x", { ...options });',
        'import axios from "axios";\naxios.get("/api/invoices");',
        'import axios from "axios";\naxios.get("http://localhost:3000/x");',
        'import axios from "axios";\naxios.defaults.timeout = 5000;\naxios.get(url);',
        'import axios from "axios";\naxios.get(url); document.title = "x";',
        'const axios = { get() {} };\naxios.get(url);',
        'const https = require("https");\nconst r = https.get("https://a.example", f);\nr.setTimeout(5000, g);',
        'const https = require("https");\nhttps.get("https://a.example", { timeout: 5000 }, f);',
        'const https = require("https");\nhttps.get(options, f);',
        'const http = require("http");\nhttp.createServer(app).listen(80);',
        'fetch("https://a.example");',
        "const axios = require('axios'); axios.get(",
    ],
)  # fmt: skip
def test_a_call_in_javascript_with_a_limit_or_in_a_browser_is_not(text: str) -> None:
    assert javascript(text) == []


def test_a_front_ends_folder_is_left_alone() -> None:
    assert javascript('import axios from "axios";\naxios.get(url);', "frontend/src/api.js") == []


def test_typescript_is_read() -> None:
    text = 'import axios, { AxiosError } from "axios";\nexport const a = async (x: string): Promise<void> => {\n'
    assert javascript(f"{text}  await axios.get<Rates>(`https://a.example/${{x}}`);\n}};\n", "server/rates.ts") == [
        (3, "axios.get")
    ]


def test_the_prototypes_call_is_found_and_the_healthy_portal_has_none() -> None:
    def own(source: dict[str, str | bytes]) -> list[SourceFile]:
        texts = {
            path: text.decode("utf-8", "replace") if isinstance(text, bytes) else text for path, text in source.items()
        }
        return [SourceFile(path, text) for path, text in texts.items() if path.endswith(".py") and is_own(path)]

    found = timeouts_python.endless_calls(own(dict(prototype_source().files)))

    assert [(one.path, one.what) for one in found] == [("prototype/views.py", "urllib.request.urlopen")]
    assert timeouts_python.endless_calls(own(dict(healthy_portal_source().files))) == []


async def test_tests_scripts_and_migrations_are_left_alone(judge: Judge) -> None:
    text = "import requests\nrequests.get(url)\n"
    paths = ("tests/test_x.py", "portal/test_rates.py", "scripts/import.py", "portal/migrations/0001_rates.py")
    outcome = await judge(CHECK, files(dict.fromkeys(paths, text)))

    assert outcome.findings == ()


async def test_what_a_call_holds_beside_the_host_is_not_shown(judge: Judge) -> None:
    text = 'import requests\nrequests.get("https://me:hunter2@api.example.net/?key=sk_live_x", auth=("a", "geheim"))\n'
    outcome = await judge(CHECK, files({"portal/rates.py": text}))

    (finding,) = outcome.findings
    assert (finding.subject, finding.evidence) == ("portal/rates.py:2", "it asks api.example.net")
    assert "geheim" not in repr(finding)
    assert "hunter2" not in repr(finding)


async def test_a_file_that_cannot_be_read_is_told(judge: Judge) -> None:
    outcome = await judge(CHECK, files({"portal/strange.py": b"\0\0\0"}))

    assert [row.reason for row in outcome.not_checked] == ["not read: portal/strange.py: not a text file"]
