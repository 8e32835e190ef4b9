"""Pages as people get them: opened in a real Chromium, scripts run, what is seen and what went wrong told as data.

One browser a run, started when the first page is asked for, with a fresh profile and nothing of its own to report.
It reaches what the network reaches (`browser_proxy.py`). Certificates are not judged by `open`, as nothing secret is
typed: the TLS probe says whether they are right. A `profile`, which is for who is signed in, trusts only right ones.
Needs Playwright and a Chromium; without them it says how to get one.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from launchready.probes.browser_notes import FailedLoad, Notes, ScriptError, words
from launchready.probes.browser_proxy import BrowserProxy
from launchready.probes.browser_trust import trust
from launchready.probes.dns import Dns
from launchready.probes.failures import Failure, Garbage, OutOfTime, Phase, Timeout, Unreachable
from launchready.probes.network import Network

PATH_ENV = "LAUNCHREADY_CHROMIUM"
UNLOCK = "install Chromium (Debian: apt-get install chromium) and pip install 'launchready[browser]'"
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
START_S = 25.0
PAGE_S = 20.0
"""For one page, from the first packet until it shows something."""
BLANK_S = 2.5
"""How long a page that has loaded everything may show nothing until it is taken for blank."""
SETTLE_S = 0.3
"""After a page shows something: for errors that come a moment later."""
PAGES_AT_ONCE = 3
MOST_TEXT = 64 * 1024
_FLAGS = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--no-default-browser-check",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-breakpad",
    "--disable-domain-reliability", "--metrics-recording-only", "--mute-audio",
    # All goes through the proxy, names included; what would go beside it goes nowhere.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)  # fmt: skip
_SEEN = """most => {
  const body = document.body;
  if (!body) return {text: "", things: 0};
  const clear = e => { for (; e; e = e.parentElement) if (+getComputedStyle(e).opacity < 0.05) return true; };
  let things = 0;
  for (const e of body.querySelectorAll("img,svg,canvas,video,input,button,select,textarea,iframe")) {
    const r = e.getBoundingClientRect(), s = getComputedStyle(e);
    if (r.width > 1 && r.height > 1 && s.visibility === "visible" && s.display !== "none" && !clear(e)
        && !(e.tagName === "IMG" && !e.naturalWidth) && e.type !== "hidden") things++;
    if (things >= 20) break;
  }
  const hidden = [body, body.parentElement].some(e => getComputedStyle(e).display === "none") || clear(body);
  return {text: hidden ? "" : body.innerText.slice(0, most), things: hidden ? 0 : things};
}"""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page after its scripts ran. Everything in it is hostile text."""

    url: str
    """Where it ended."""
    status: int
    text: str = field(repr=False)
    """What is visible, white space as one blank."""
    things: int
    """Visible pictures, fields and buttons."""
    errors: tuple[ScriptError, ...]
    failed: tuple[FailedLoad, ...]
    elapsed_s: float

    @property
    def blank(self) -> bool:
        """Whether nothing at all is seen."""
        return not self.text and not self.things


@dataclass(frozen=True, slots=True)
class NoBrowser(Failure):
    """There is none here, or it does not start."""

    unlock: str = UNLOCK


def program() -> str | None:
    """The path of a Chromium: the one `LAUNCHREADY_CHROMIUM` names, else the first known name on PATH."""
    if named := os.environ.get(PATH_ENV):
        return shutil.which(named)
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


def missing() -> str:
    """What a browser lacks on this machine, as the beginning of a sentence; empty when there is one."""
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed"
    if program() is None:
        named = os.environ.get(PATH_ENV)
        return f"{PATH_ENV} names no program" if named else "there is no Chromium on this machine"
    return ""


class Browser:
    """The browser of one run; nothing starts before `open`, nothing is left after `close`."""

    def __init__(self, network: Network, dns: Dns) -> None:
        self.network = network
        self._proxy = BrowserProxy(network, dns)
        self._way = ""
        self._playwright: Any = None
        self._browser: Any = None
        self._starting: asyncio.Task[Failure | None] | None = None
        self._places = asyncio.Semaphore(PAGES_AT_ONCE)
        self._closed = False
        self._home: tempfile.TemporaryDirectory[str] | None = None
        self._distrust = ""
        """Why it does not trust the network's own roots; empty when it does."""

    async def open(self, url: str, *, until: str = "") -> Rendered | Failure:
        """Open a page and wait until it shows something, or the text `until`; within `PAGE_S`, each time anew."""
        if failure := await self._ready():
            return failure
        self._proxy.own.add(urlsplit(url).hostname or "")
        limit_s = self.network.bounded_s(PAGE_S)
        if limit_s <= 0:
            return OutOfTime(Phase.REQUEST, url, "the deadline of the run passed first")
        began = time.monotonic()
        async with self._places:
            self._proxy.renew()
            came = await self._opened(url, until, began, limit_s)
            # What was cut off by us says nothing of the page.
            return _too_much(url) if self._proxy.spent else came

    @contextlib.asynccontextmanager
    async def profile(self, url: str) -> AsyncIterator[Any]:
        """A fresh profile (Playwright's context) for visits to the host of `url`; yields a Failure when there is none.

        Nothing is cached in it yet, it downloads nothing, and only right certificates are trusted: those of the
        network's `ca_pem`, and of the roots that Chromium brings.
        """
        failure = await self._ready()
        if not failure and self._distrust and urlsplit(url).scheme == "https":
            failure = NoBrowser(Phase.TLS, url, self._distrust, unlock="install NSS (Debian: apt-get install libnss3)")
        if failure:
            yield failure
            return
        self._proxy.own.add(urlsplit(url).hostname or "")
        async with self._places:
            self._proxy.renew()
            try:
                context = await self._browser.new_context(
                    accept_downloads=False,
                    service_workers="block",
                    viewport=_VIEWPORT,
                    proxy={"server": self._way, "bypass": "<-loopback>"},
                )
            except Exception as error:  # it may have gone by itself
                if not _is_playwright(error):
                    raise
                yield NoBrowser(Phase.CONNECT, "browser", "the browser is no longer there", unlock="try it again")
                return
            try:
                yield context
            finally:
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(3):
                        await context.close()

    @property
    def spent(self) -> bool:
        """Whether pages loaded more than is allowed: what was cut off by us says nothing of them."""
        return self._proxy.spent

    async def _opened(self, url: str, until: str, began: float, limit_s: float) -> Rendered | Failure:
        try:
            async with asyncio.timeout(limit_s + 2):
                return await self._open(url, until, began, limit_s)
        except TimeoutError:
            return Timeout(Phase.ANSWER, url, f"the browser showed nothing within {limit_s:.0f} s")
        except Exception as error:
            if not _is_playwright(error):
                raise
            return _told(url, error, time.monotonic() - began)

    async def close(self) -> None:
        """End the browser and everything it started. May be called twice, and in the middle of a start."""
        self._closed = True
        if self._starting:
            await asyncio.wait([self._starting])  # what is half started cannot be ended
        browser, playwright, self._browser, self._playwright = self._browser, self._playwright, None, None
        for end in (browser and browser.close, playwright and playwright.stop):
            if end:
                with contextlib.suppress(Exception):  # it may have gone by itself, as on Ctrl-C
                    async with asyncio.timeout(5):
                        await end()
        await self._proxy.close()
        if self._home:
            await asyncio.to_thread(self._home.cleanup)
            self._home = None

    async def _ready(self) -> Failure | None:
        if self._starting is None:
            self._starting = asyncio.ensure_future(self._start())
        return await asyncio.shield(self._starting)  # who waits may go; the start goes on for the others

    async def _start(self) -> Failure | None:
        if self._closed:
            return OutOfTime(Phase.REQUEST, "browser", "the run is over")
        if lack := missing():
            return NoBrowser(Phase.CONNECT, "browser", lack)
        from playwright.async_api import async_playwright

        try:
            async with asyncio.timeout(min(START_S, self.network.left_s)):
                self._way = await self._proxy.start()
                environment = await self._environment()
                self._playwright = await async_playwright().start()
                self._browser = await self._playwright.chromium.launch(
                    executable_path=program(),
                    args=list(_FLAGS),
                    env=environment,
                    # Pages go through our proxy; what the browser asks for by itself goes nowhere.
                    proxy={"server": "http://127.0.0.1:9"},
                    chromium_sandbox=os.geteuid() != 0,  # root has none; anybody else keeps it
                )
        except TimeoutError:
            return NoBrowser(Phase.CONNECT, "browser", "the browser did not start in time", unlock="try it again")
        except Exception as error:
            if not _is_playwright(error) and not isinstance(error, OSError):
                raise
            return NoBrowser(Phase.CONNECT, "browser", f"the browser does not start: {_first_line(error)}")
        return None

    async def _environment(self) -> dict[str, str | float | bool]:
        """The browser's, with a home of its own where it is to trust the network's roots."""
        if not self.network.ca_pem:
            return {**os.environ}
        self._home = tempfile.TemporaryDirectory(prefix="launchready-", ignore_cleanup_errors=True)
        self._distrust = await trust(Path(self._home.name), self.network.ca_pem)
        return {**os.environ} if self._distrust else {**os.environ, "HOME": self._home.name}

    async def _open(self, url: str, until: str, began: float, limit_s: float) -> Rendered | Failure:
        context = await self._browser.new_context(
            ignore_https_errors=True,
            accept_downloads=False,
            service_workers="block",
            viewport=_VIEWPORT,
            proxy={"server": self._way, "bypass": "<-loopback>"},
        )
        try:
            page = await context.new_page()
            notes = Notes()
            await notes.listen(context, page)

            def left_ms() -> float:
                return max(1.0, (limit_s - (time.monotonic() - began)) * 1000)

            response = await page.goto(url, wait_until="domcontentloaded", timeout=left_ms())
            with contextlib.suppress(Exception):
                await page.wait_for_load_state("load", timeout=min(5000.0, left_ms()))
            seen = await _until_seen(page, until, began + limit_s)
            await asyncio.sleep(SETTLE_S)
            seen = await _look(page) or seen
            status = response.status if response else 0
            return Rendered(
                url=page.url,
                status=status,
                text=" ".join(seen.get("text", "").split()),
                things=int(seen.get("things", 0)),
                errors=tuple(notes.errors),
                failed=await notes.failed(),
                elapsed_s=time.monotonic() - began,
            )
        finally:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(3):
                    await context.close()


def _too_much(url: str) -> NoBrowser:
    return NoBrowser(Phase.ANSWER, url, "it loads more than a browser is allowed here", unlock="see what it loads")


_VIEWPORT: Any = {"width": 1280, "height": 900}


async def _until_seen(page: Any, until: str, deadline: float) -> dict[str, Any]:
    blank_from = time.monotonic() + BLANK_S
    while True:
        seen = await _look(page)
        text = " ".join(seen.get("text", "").split())
        now = time.monotonic()
        if (until in text if until else text or seen.get("things")) or now > deadline - 1:
            return seen
        if now > blank_from and await _quiet(page):
            return seen  # it has loaded everything there is
        await asyncio.sleep(0.1)


async def _quiet(page: Any) -> bool:
    try:
        await page.wait_for_load_state("networkidle", timeout=100)
    except Exception:
        return False
    return True


async def _look(page: Any) -> dict[str, Any]:
    try:
        found = await page.evaluate(_SEEN, MOST_TEXT)
    except Exception:  # it goes elsewhere just now
        return {}
    return found if isinstance(found, dict) else {}


def _is_playwright(error: Exception) -> bool:
    return type(error).__module__.startswith("playwright.")


def _told(url: str, error: Exception, elapsed_s: float) -> Failure:
    line = _first_line(error)
    if "ERR_TUNNEL_CONNECTION_FAILED" in line or "ERR_PROXY" in line:
        return Unreachable(Phase.CONNECT, url, "the browser cannot reach it", elapsed_s)
    if "Timeout" in line:
        return Timeout(Phase.ANSWER, url, "nothing was shown in time", elapsed_s)
    return Garbage(Phase.ANSWER, url, f"the browser could not show it: {words(line)}", elapsed_s)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
