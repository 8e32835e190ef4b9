"""An alert to every route of `[alerts]`, and for each whether it was taken, by whom not, and why not.

Delivery is Apprise's. One try a route; drills, retries and escalation are not here. Addresses come from variables and
are secrets: nothing of them is in what is returned. "Taken" means that the service accepted the message; whether
somebody reads it only a person can say.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote

from launchready.portal import Portal
from launchready.portal_deploy import AlertRoute
from launchready.probes.network import Network
from launchready.redaction import without_secrets

SEND_S = 20.0
"""For one route, from the first packet to the service's answer."""
CONNECT_S = 5.0
MOST_TEXT = 4_000
"""Characters of one alert; chat services refuse longer ones."""
SHORTEST_SECRET = 4
"""Parts of an address from this length on are taken out of what a service's plugin complains of."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one alert on one route. Nothing of it is secret."""

    route: str
    """Its name in `[alerts]`."""
    ok: bool
    """Whether the service took it."""
    reason: str = ""
    """Why not, and what to do."""
    elapsed_s: float = 0.0


async def send(portal: Portal, network: Network, subject: str, text: str, limit_s: float = SEND_S) -> list[Delivery]:
    """Send plain text to every route at once; one delivery a route, in the order of the file. Never raises for them.

    A closed network is kept to: then only routes on this machine's loopback are used.
    """
    routes = portal.alerts.routes
    return list(await asyncio.gather(*(_sent(route, network, subject, text[:MOST_TEXT], limit_s) for route in routes)))


async def _sent(route: AlertRoute, network: Network, subject: str, text: str, limit_s: float) -> Delivery:
    began = time.monotonic()
    if not (address := os.environ.get(route.url_env, "").strip()):
        return Delivery(route.name, False, f"the variable {route.url_env} is not set here")
    try:
        async with asyncio.timeout(limit_s):
            complaint = await _in_a_thread(lambda: _deliver(address, route.url_env, network.closed, subject, text))
    except TimeoutError:
        complaint = f"no answer within {limit_s:.0f} s; it may have been taken all the same"
    return Delivery(route.name, not complaint, complaint, time.monotonic() - began)


def _deliver(address: str, variable: str, closed: bool, subject: str, text: str) -> str:
    """Send by Apprise; what it complained of, without anything of the address, or nothing."""
    try:
        import apprise
    except ImportError:
        return "Apprise is not installed: pip install 'launchready[alerts]'"
    heard = _Heard(threading.get_ident())
    logger = logging.getLogger("apprise")
    logger.addHandler(heard)
    logger.propagate = False  # its own lines would show up on standard error, one for each address it cannot read
    try:
        plugin: Any = apprise.Apprise.instantiate(address, suppress_exceptions=True)
        if plugin is None:
            return f"{variable} does not hold an address that Apprise understands, such as mailto://… or slack://…"
        if closed and not _on_loopback(plugin):
            return "the network is closed (--closed), and this route is not on this machine"
        plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECT_S, SEND_S / 2
        taken = plugin.notify(body=text, title=subject, body_format="text")
    except Exception as error:  # a plugin's own fault must not hide what the alert is about
        return f"the plugin of this service failed ({type(error).__name__})"
    finally:
        logger.removeHandler(heard)
    return "" if taken else _bare(heard.lines, address)


class _Heard(logging.Handler):
    """What one thread's plugin complains of: Apprise returns no reason, it logs it (caronc/apprise#538)."""

    def __init__(self, thread: int) -> None:
        super().__init__(logging.WARNING)
        self._thread = thread
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread and len(self.lines) < 5:
            self.lines.append(record.getMessage()[:500])


def _bare(lines: list[str], address: str) -> str:
    """A plugin's complaint with every part of the address taken out."""
    said = " ".join(" ".join(lines).split())
    parts = {part for piece in re.split(r"[/:@?&=,#\s]+", address) for part in (piece, unquote(piece))}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= SHORTEST_SECRET:
            said = re.sub(re.escape(part), "…", said, flags=re.IGNORECASE)
    return without_secrets(said)[:300] or "the service did not take it, and did not say why"


def _on_loopback(plugin: Any) -> bool:
    """Whether a plugin sends to this machine only; one that does not name its host sends to a service outside."""
    host = getattr(plugin, "smtp_host", None) or getattr(plugin, "host", None) or ""
    if host == "localhost":
        return True
    try:
        return ip_address(str(host).strip("[]")).is_loopback
    except ValueError:
        return False


async def _in_a_thread(work: Callable[[], str]) -> str:
    """Run in a thread that nothing waits for: a service that never answers must not keep the command from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[str] = loop.create_future()

    def tell(words: str) -> None:
        if not done.done():
            done.set_result(words)

    def run() -> None:
        words = work()
        with contextlib.suppress(RuntimeError):  # the command has ended
            loop.call_soon_threadsafe(tell, words)

    threading.Thread(target=run, name="alert", daemon=True).start()
    return await done
