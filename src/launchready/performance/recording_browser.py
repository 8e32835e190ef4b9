"""A flow recorded by clicking: a browser window is opened, and what it asks for is turned into steps when it is closed.

The recording lies in a folder only its owner can read while the window is open, and is gone afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from launchready.performance.recording import NotHar, read_har
from launchready.probes import browser
from launchready.probes.browser_proxy import BrowserProxy
from launchready.probes.dns import Dns
from launchready.probes.network import Network

Click = Callable[[Any], Awaitable[None]]
"""Does on the page (Playwright's `Page`) what a person would."""


async def until_closed(page: Any) -> None:
    """Wait until the person has closed the window."""
    if not page.is_closed():
        with contextlib.suppress(Exception):  # the browser may be gone before it says so
            await page.wait_for_event("close", timeout=0)


async def record(url: str, network: Network, dns: Dns, click: Click = until_closed, *, window: bool = True) -> Any:
    """The HAR of what the browser asked for while `click` ran. Raises NotHar with what is in the way."""
    if lack := browser.missing():
        raise NotHar(f"{lack}: {browser.UNLOCK}")
    if window and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) and os.name == "posix":
        import sys

        if sys.platform.startswith("linux"):
            raise NotHar("there is no screen here to open a browser on; save a HAR file in your own browser instead")
    from playwright.async_api import Error, async_playwright

    proxy = BrowserProxy(network, dns) if network.detours or network.closed else None
    with tempfile.TemporaryDirectory(prefix="launchready-") as folder:
        path = Path(folder) / "recorded.har"
        try:
            way = await proxy.start() if proxy else ""
            async with async_playwright() as playwright:
                opened = await playwright.chromium.launch(
                    executable_path=browser.program(), headless=not window, chromium_sandbox=os.geteuid() != 0
                )
                context = await opened.new_context(
                    record_har_path=path,
                    record_har_content="embed",
                    ignore_https_errors=network.ca_pem is not None,
                    proxy={"server": way, "bypass": "<-loopback>"} if way else None,
                    no_viewport=window or None,
                )
                page = await context.new_page()
                await page.goto(url)
                await click(page)
                await context.close()
                await opened.close()
        except Error as error:
            raise NotHar(f"the recording broke off: {str(error).splitlines()[0][:200]}") from None
        finally:
            if proxy:
                await proxy.close()
        return await asyncio.to_thread(read_har, path)
