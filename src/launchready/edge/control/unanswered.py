"""Whether a host would be led to where nothing answers, away from where something does: such a step is refused.

Looked at from here, before anything is changed. A server that lets the edge in only does not answer either, so where a
record leads to the same place as before nothing is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

from launchready.edge.control.proposal import Proposal
from launchready.edge.control.proposal_records import ADDRESSES
from launchready.edge.control.steps import Refusal, Step
from launchready.edge.control.wanted_records import whole
from launchready.probes.failures import Failure, TlsFailed

if TYPE_CHECKING:
    from launchready.probes.look import Look

WORD = "UNANSWERED"
"""What `--take` or `[edge] delete` says after the name to do it all the same."""

EDGE_FAILED = range(520, 531)
"""What Cloudflare answers where the origin gave it nothing
(https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/)."""


async def without_unanswered(look: Look, proposal: Proposal, allowed: Iterable[str]) -> Proposal:
    """The plan; a step that leads a host to where nothing answers is refused, unless `NAME UNANSWERED` is allowed."""
    words = [one.strip().rpartition(" ") for one in allowed]
    taken = {whole(name, proposal.zone) for name, _, type in words if type.upper() == WORD}
    moved = [step for step in proposal.steps if _moves(step) and step.name not in taken]
    refusals = await asyncio.gather(*(_judged(look, step) for step in moved))
    refused = {id(step): refusal for step, refusal in zip(moved, refusals, strict=True) if refusal}
    steps = tuple(step for step in proposal.steps if id(step) not in refused)
    return replace(proposal, steps=steps, refused=(*proposal.refused, *refused.values()))


def _moves(step: Step) -> bool:
    """Whether a host that leads somewhere is to lead elsewhere."""
    return (step.kind == "records" and step.group == ADDRESSES and bool(step.before and step.after)) and not set(
        _targets(step.after)
    ) & set(_targets(step.before))


def _targets(records: list[dict[str, str]]) -> list[str]:
    return [one["content"] for one in records]


async def _judged(look: Look, step: Step) -> Refusal | None:
    host, new, old = step.name.replace("*", "www", 1), _targets(step.after), _targets(step.before)
    if await _any_answers(look, host, new) or not (await _any_answers(look, host, old) or await _opens(look, host)):
        return None
    why = f"nothing answers at {', '.join(new)} from here, and the host works as it is: visitors would see an error"
    return Refusal(step.subject, why, f"{step.name} {WORD}", step.reason)


async def _opens(look: Look, host: str) -> bool:
    """Whether visitors get an answer as it is: a server behind the edge alone does not answer us directly."""
    page = await look.http.get(f"https://{host}/")
    return not isinstance(page, Failure) and page.status not in EDGE_FAILED


async def _any_answers(look: Look, host: str, targets: list[str]) -> bool:
    return any(await asyncio.gather(*(_answers(look, host, target) for target in targets)))


async def _answers(look: Look, host: str, target: str) -> bool:
    """Whether anybody listens there, on the port of HTTPS or of HTTP."""
    try:
        addresses: tuple[str, ...] | Failure = (str(ip_address(target)),)
    except ValueError:
        addresses = await look.dns.addresses(target)
    for address in () if isinstance(addresses, Failure) else addresses:
        end = await look.tls.handshake(host, address)
        if not isinstance(end, Failure) or isinstance(end, TlsFailed):
            return True
        if not isinstance(await look.http.get(f"http://{host}/", address=address), Failure):
            return True
    return False
