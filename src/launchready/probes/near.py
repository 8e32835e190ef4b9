"""How far away a server is: the time a TCP connection takes, without anything being asked of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from urllib.parse import urlsplit

from launchready.probes.dns import Dns
from launchready.probes.failures import Failure, Garbage, Phase, Refused, Timeout, Unreachable
from launchready.probes.network import Network

LOOKS = 3


async def round_trip(network: Network, dns: Dns, url: str) -> float | Failure:
    """The shortest of three connections to the server of `url`, in seconds: one round trip (RFC 9293 section 3.5)."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        return Garbage(Phase.REQUEST, url, f"not a URL: {error}")
    addresses = await dns.places(host)
    if isinstance(addresses, Failure):
        return addresses
    found: Failure | float = Unreachable(Phase.CONNECT, url, f"{host} has no address")
    for address in addresses[:3]:
        place = network.route(host, address, port)
        if isinstance(place, Failure):
            found = place
            continue
        took = [await _connect(place.address, place.port, url, network) for _ in range(LOOKS)]
        seconds = [one for one in took if not isinstance(one, Failure)]
        if seconds:
            return min(seconds)
        found = took[0]
    return found


async def _connect(address: str, port: int, url: str, network: Network) -> float | Failure:
    limit_s = network.bounded_s(network.limits.connect_timeout_s)
    began = time.perf_counter()
    try:
        async with asyncio.timeout(limit_s):
            _, writer = await asyncio.open_connection(address, port)
    except TimeoutError:
        return Timeout(Phase.CONNECT, url, f"nobody answered the connection within {limit_s:.1f} s")
    except ConnectionRefusedError:
        return Refused(Phase.CONNECT, url, "nobody listens there: connection refused")
    except OSError as error:
        return Unreachable(Phase.CONNECT, url, f"cannot be reached from here: {error.strerror or error}")
    took_s = time.perf_counter() - began
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return took_s
