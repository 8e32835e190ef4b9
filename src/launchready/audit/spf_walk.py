"""An SPF record followed to its ends, as the worst-case receiver would: lookups counted, the chain drawn as a tree.

No message is at hand, so nothing is matched: every term is taken as evaluated, which is what a receiver does for a
message that only the last term decides (RFC 7208 sections 4.6.4, 5, 6).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from launchready.audit.spf_record import SpfRecord, Term, is_spf, parse
from launchready.model import Tree
from launchready.probes.dns import Answer
from launchready.probes.failures import Failure
from launchready.probes.look import Look

MOST_LOOKUPS = 10
MOST_VOID = 2
MOST_RECORDS = 60
"""Records read in one walk; a receiver has long given up."""


@dataclass
class Branch:
    """What hangs below one term: its own record, where it has one, and what evaluating all of it costs."""

    domain: str
    term: Term | None
    record: SpfRecord | None = None
    problem: str = ""
    """Why it cannot be evaluated: a permerror for every receiver."""
    unknown: str = ""
    """Why we could not tell."""
    void: bool = False
    """The lookup found nothing (section 4.6.4: NXDOMAIN, or no answer of the type)."""
    children: list[Branch] = field(default_factory=list)

    @property
    def lookups(self) -> int:
        """DNS lookups that count, in this branch."""
        own = 1 if self.term is not None and self.term.costs_lookup else 0
        return own + sum(child.lookups for child in self.children)

    @property
    def voids(self) -> int:
        """Void lookups in this branch."""
        return int(self.void) + sum(child.voids for child in self.children)

    def all(self) -> list[Branch]:
        """This branch and every one below, from the top."""
        return [self, *(branch for child in self.children for branch in child.all())]

    def tree(self) -> Tree:
        """As a picture: the term, what it costs, what is wrong with it."""
        label = self.term.text if self.term else f"{self.domain}: {self.record.text if self.record else 'no record'}"
        notes = [f"{self.lookups} lookup{'s' * (self.lookups != 1)}"] if self.lookups else []
        notes += [note for note in ("void" if self.void else "", self.problem, self.unknown) if note]
        return Tree(f"{label} ({'; '.join(notes)})" if notes else label, tuple(child.tree() for child in self.children))


async def walk(domain: str, text: str, look: Look) -> Branch:
    """Follow the record `text` of `domain`; includes of one record are asked for at once."""
    budget = [MOST_RECORDS]
    top = Branch(domain, None, parse(text))
    await _expand(top, (domain,), look, budget)
    return top


async def _expand(branch: Branch, path: tuple[str, ...], look: Look, budget: list[int]) -> None:
    assert branch.record is not None  # noqa: S101 - the caller has read it
    terms = _reached(branch.record)
    branch.children = [Branch(branch.domain, term) for term in terms]
    await asyncio.gather(*(_look_up(child, path, look, budget) for child in branch.children))


def _reached(record: SpfRecord) -> list[Term]:
    """The terms a receiver can come to: nothing after `all`, and no redirect beside it (section 5.1)."""
    names = [term.name for term in record.terms]
    if "all" not in names:
        return list(record.terms)
    return [term for term in record.terms[: names.index("all") + 1] if term.name != "redirect"]


async def _look_up(branch: Branch, path: tuple[str, ...], look: Look, budget: list[int]) -> None:
    term = branch.term
    if term is None or not term.costs_lookup or term.has_macro or term.name == "ptr":
        return
    target = (term.domain or branch.domain).rstrip(".").lower()
    if term.name in ("include", "redirect"):
        await _follow(branch, target, path, look, budget)
        return
    types = {"a": ("A", "AAAA"), "mx": ("MX",), "exists": ("A",)}[term.name]
    answers = await asyncio.gather(*(look.dns.query(target, type) for type in types))
    # A receiver asks for A or for AAAA, by the client's family: void only when neither is there.
    known = [a for a in answers if isinstance(a, Answer) and a.status in ("NOERROR", "NXDOMAIN")]
    if len(known) < len(answers):
        branch.unknown = "; ".join(_why(a) for a in answers if a not in known)
    branch.void = bool(known) and len(known) == len(answers) and not any(a.exists for a in known)


async def _follow(branch: Branch, target: str, path: tuple[str, ...], look: Look, budget: list[int]) -> None:
    if target in path:
        branch.problem = f"{target} includes itself: every receiver ends with an error"
        return
    if budget[0] <= 0 or len(path) > MOST_LOOKUPS + 2:
        branch.problem = "the chain is too long to follow"
        return
    budget[0] -= 1
    answer = await look.dns.query(target, "TXT")
    if isinstance(answer, Failure) or answer.status not in ("NOERROR", "NXDOMAIN"):
        branch.unknown = _why(answer)
        return
    records = [value for value in answer.values if is_spf(value)]
    branch.void = not answer.exists
    if len(records) != 1:
        branch.problem = f"{target} has {'no' if not records else len(records)} SPF record{'s' * (len(records) != 1)}"
        return
    branch.domain, branch.record = target, parse(records[0])
    if branch.record.problems:
        branch.problem = f"{target}: {branch.record.problems[0]}"
    await _expand(branch, (*path, target), look, budget)


def _why(answer: Answer | Failure) -> str:
    return str(answer) if isinstance(answer, Failure) else f"{answer.name} {answer.type}: {answer.status}"
