"""SPF as a receiver evaluates it: `check_host` of RFC 7208, with its limits counted exactly.

Asks through one function, so that it works on any resolver; holds no state between calls.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from launchready.audit.spf_macros import MacroError, Message, expand
from launchready.audit.spf_record import SpfRecord, Term, is_spf, parse

Ask = Callable[[str, str], Awaitable[tuple[str, ...] | None]]
"""From name and type to the records (TXT joined; MX as `preference host`; names without trailing dot): empty when there
is none (NXDOMAIN, no data), None when the question was not answered (timeout, SERVFAIL)."""

MOST_LOOKUPS = 10
MOST_VOID = 2
MOST_NAMES = 10
"""Of one mx or ptr term (section 4.6.4)."""
RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}


@dataclass(frozen=True, slots=True)
class Result:
    """What a receiver concludes."""

    result: str
    """`none`, `neutral`, `pass`, `fail`, `softfail`, `temperror` or `permerror` (section 2.6)."""
    explanation: str = ""
    """Of a fail, where the domain publishes one (section 6.2)."""
    problem: str = ""
    """Why it ended in an error."""
    lookups: int = 0
    voids: int = 0


async def check_host(ip: str, domain: str, sender: str, helo: str, ask: Ask, *, receiver: str = "unknown") -> Result:
    """Evaluate SPF for a message that comes from `ip` with the envelope sender `sender` (RFC 7208 section 4).

    `domain` is the sender's, or the HELO name when that identity is checked. Raises ValueError when `ip` is no address.
    """
    address = ip_address(ip)
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    local, at, host = sender.rpartition("@")
    full = f"{local or 'postmaster'}@{host if at else sender or helo}"
    run = _Evaluation(Message(address, full, helo, receiver), ask)
    try:
        result, explanation = await run.evaluate(domain.rstrip("."))
    except _Ends as ends:
        return Result(ends.result, problem=ends.problem, lookups=run.lookups, voids=run.voids)
    return Result(result, explanation, lookups=run.lookups, voids=run.voids)


class _Ends(Exception):
    """The evaluation ends with an error."""

    def __init__(self, result: str, problem: str) -> None:
        super().__init__(problem)
        self.result, self.problem = result, problem


class _Evaluation:
    """One evaluation, with what it has spent."""

    def __init__(self, message: Message, ask: Ask) -> None:
        self.message, self.ask = message, ask
        self.lookups = self.voids = 0
        self.validated: dict[str, str] = {}

    async def evaluate(self, domain: str, *, explain: bool = True) -> tuple[str, str]:
        """The result for a domain's record, and its explanation."""
        record = await self._record(domain)
        if record is None:
            return "none", ""
        if record.problems:
            raise _Ends("permerror", record.problems[0])
        for term in record.terms:
            if term.qualifier and await self._matches(term, domain):
                result = RESULTS[term.qualifier]
                return result, await self._explain(record, domain) if result == "fail" and explain else ""
        if redirect := record.first("redirect"):
            self._spend(redirect)
            target = await self._target(redirect, domain)
            result, explanation = await self.evaluate(target, explain=explain) if _is_name(target) else ("none", "")
            if result == "none":
                raise _Ends("permerror", f"redirect={target} leads to no record")
            return result, explanation
        return "neutral", ""

    async def _record(self, domain: str) -> SpfRecord | None:
        if not _is_name(domain):
            return None
        answer = await self.ask(domain, "TXT")
        if answer is None:
            raise _Ends("temperror", f"{domain} TXT was not answered")
        records = [text for text in answer if is_spf(text)]
        if len(records) > 1:
            raise _Ends("permerror", f"{domain} has {len(records)} SPF records")
        return parse(records[0]) if records else None

    async def _matches(self, term: Term, domain: str) -> bool:
        if term.name == "all":
            return True
        if term.network is not None:
            return term.network.version == self.message.ip.version and self.message.ip in term.network
        self._spend(term)
        target = await self._target(term, domain)
        if term.name == "include":
            return await self._includes(target)
        if term.name == "ptr":
            return await self._comes_from(target)
        if not _is_name(target):
            return False
        if term.name == "exists":
            return bool(await self._look(target, "A"))
        if term.name == "mx":
            return await self._is_exchanger(term, target)
        return await self._is_address_of(term, target)

    async def _includes(self, target: str) -> bool:
        result, _ = await self.evaluate(target, explain=False)
        if result == "none":
            raise _Ends("permerror", f"include:{target} leads to no record")
        return result == "pass"

    async def _is_address_of(self, term: Term, name: str) -> bool:
        addresses = await self._look(name, self._family)
        return any(self._in(term, address) for address in addresses)

    async def _is_exchanger(self, term: Term, target: str) -> bool:
        hosts = [text.split(" ", 1)[1] for text in await self._look(target, "MX") if " " in text]
        if len(hosts) > MOST_NAMES:
            raise _Ends("permerror", f"{target} has more than {MOST_NAMES} mail exchangers")
        for host in hosts:
            if _is_name(host.rstrip(".")) and await self._is_address_of(term, host.rstrip(".")):
                return True
        return False

    async def _comes_from(self, target: str) -> bool:
        suffix = f".{target.lower()}"
        return any(f".{name.lower()}".endswith(suffix) for name in await self._validated_names())

    async def _validated_names(self) -> list[str]:
        """The names of the address that lead back to it (section 5.5); errors are no names."""
        names = await self.ask(self.message.ip.reverse_pointer, "PTR")
        if not names:
            self._void() if names is not None else None
            return []
        found = []
        for name in names[:MOST_NAMES]:
            addresses = await self.ask(name.rstrip("."), self._family) or ()
            if any(_address(text) == self.message.ip for text in addresses):
                found.append(name.rstrip("."))
        return found

    async def _look(self, name: str, type: str) -> tuple[str, ...]:
        answer = await self.ask(name, type)
        if answer is None:
            raise _Ends("temperror", f"{name} {type} was not answered")
        if not answer:
            self._void()
        return answer

    async def _target(self, term: Term, domain: str) -> str:
        if not term.domain:
            return domain
        try:
            name = expand(term.domain, domain, self.message, await self._named_by_p(term.domain, domain))
        except MacroError as error:
            raise _Ends("permerror", str(error)) from None
        name = name.rstrip(".")
        while len(name) > 253 and "." in name:
            name = name.partition(".")[2]  # section 7.3: labels are dropped from the left
        return name

    async def _named_by_p(self, text: str, domain: str) -> str:
        """The value of the p macro, asked for only where it stands (section 7.3)."""
        if not re.search(r"%\{[pP]", text):
            return "unknown"
        if domain not in self.validated:
            names = await self._validated_names()
            same = [n for n in names if n.lower() == domain.lower()]
            below = [n for n in names if n.lower().endswith(f".{domain.lower()}")]
            self.validated[domain] = (same + below + names + ["unknown"])[0]
        return self.validated[domain]

    async def _explain(self, record: SpfRecord, domain: str) -> str:
        """Never an error: what cannot be had is left out (section 6.2)."""
        term = record.first("exp")
        if term is None:
            return ""
        try:
            texts = await self.ask(await self._target(term, domain), "TXT")
            if not texts or len(texts) != 1 or not texts[0].isascii():
                return ""
            named = await self._named_by_p(texts[0], domain)
            return expand(texts[0], domain, self.message, named, explaining=True)
        except (_Ends, MacroError):
            return ""

    @property
    def _family(self) -> str:
        return "A" if self.message.ip.version == 4 else "AAAA"

    def _in(self, term: Term, text: str) -> bool:
        address = _address(text)
        if address is None or address.version != self.message.ip.version:
            return False
        length = term.cidr4 if address.version == 4 else term.cidr6
        return self.message.ip in ip_network(f"{address}/{length}", strict=False)

    def _spend(self, term: Term) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise _Ends("permerror", f"more than {MOST_LOOKUPS} lookups, at {term.text}")

    def _void(self) -> None:
        self.voids += 1
        if self.voids > MOST_VOID:
            raise _Ends("permerror", f"more than {MOST_VOID} lookups found nothing")


def _is_name(name: str) -> bool:
    """Whether it can be asked for: at least two labels, none empty or over 63 bytes (section 4.3)."""
    labels = name.split(".")
    return len(labels) > 1 and len(name) <= 253 and all(0 < len(label) <= 63 for label in labels)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
