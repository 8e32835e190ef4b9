"""Whether the servers behind the edge have certificates that verify, before the edge is told to insist on it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING

from launchready.edge.control.held import Present
from launchready.edge.control.proposal import Certificates
from launchready.edge.control.proposal_records import ADDRESSES
from launchready.edge.control.wants import Wanted
from launchready.probes.failures import Failure, TlsFailed

if TYPE_CHECKING:
    from launchready.probes.look import Look

MOST = 40
"""Handshakes at most."""


async def origins_verified(look: Look, present: Present, wanted: Wanted) -> Certificates:
    """Shake hands with every server that proxied hosts lead to, or are to lead to, by the host's own name.

    What could not be seen counts as not verified: a server that lets the edge in only says nothing to us.
    """
    pairs = {(e.name, e.content) for e in present.entries if e.proxied and e.type in ADDRESSES.split()}
    pairs |= {(record.name, value) for record in wanted.records if record.proxied for value in record.values}
    if not pairs:
        return Certificates(True)
    if len(pairs) > MOST:
        return Certificates(False, f"{len(pairs)} servers are too many to look at one by one")
    verdicts = await asyncio.gather(*(_verdict(look, host, target) for host, target in sorted(pairs)))
    bad = [(spoke, why) for spoke, why in verdicts if why]
    return Certificates(False, bad[0][1], all(spoke for spoke, _ in bad)) if bad else Certificates(True)


async def _verdict(look: Look, host: str, target: str) -> tuple[bool, str]:
    """(whether TLS is spoken, why the certificate is not accepted; empty when it is)."""
    name = host.replace("*", "www", 1)
    addresses = await _addresses(look, target)
    if isinstance(addresses, Failure) or not addresses:
        return False, f"{target}, where {host} leads, has no address that could be looked up"
    ends = await asyncio.gather(*(look.tls.handshake(name, address) for address in addresses))
    for address, end in zip(addresses, ends, strict=True):
        if isinstance(end, Failure):
            return isinstance(end, TlsFailed), f"the server {address} of {host} could not be looked at: {end}"
        if why := look.tls.browser_verdict(end, name, look.now):
            return True, f"at the server {address}, {why}"
    return True, ""


async def _addresses(look: Look, target: str) -> Iterable[str] | Failure:
    try:
        return [str(ip_address(target))]
    except ValueError:
        return await look.dns.addresses(target)
