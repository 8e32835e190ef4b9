"""The plan: what is wanted against what is there, as steps in a safe order, each with before and after.

Pure: nothing is looked at and nothing changed here. What others made is kept; where it is in the way, the step is
refused, with the words that would allow it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from launchready.edge.control import plans
from launchready.edge.control.errand import chosen
from launchready.edge.control.held import HeldRule, Present
from launchready.edge.control.proposal_records import record_rows
from launchready.edge.control.steps import ADD, CHANGE, DELETE, Note, Refusal, Row, Step, Taken
from launchready.edge.control.wanted_settings import skipped_stages
from launchready.edge.control.wants import Reason, Wanted, WantedRule, WantedSetting

MOST_DELETED = 1 / 3
"""Of the zone's records; a plan that deletes more is most likely a mistake in the file."""
_RANKS: Mapping[str, int] = {
    "ssl": 10, "min_tls_version": 40, "tls_1_3": 41, plans.MANAGED: 45, plans.CUSTOM: 46, plans.HEADERS: 47,
    plans.CACHE: 48, "always_use_https": 50, "automatic_https_rewrites": 51, plans.REDIRECT: 55, "security_header": 60,
    plans.RATE: 65,
}  # fmt: skip
"""Records are added at 20, changed at 30, deleted at 90; bots at 70; rules deleted at 80.

So a host is there before a redirect leads to it, HTTPS everywhere before browsers are told to insist on it, and what
is deleted is deleted when what takes its place is there.
"""


@dataclass(frozen=True, slots=True)
class Certificates:
    """Whether every server behind the edge was seen to have a certificate that verifies."""

    verified: bool
    why: str = ""
    """Which did not, when not."""
    spoke: bool = True
    """Whether all of them speak TLS at all."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The plan."""

    zone: str
    plan: str
    steps: tuple[Step, ...] = ()
    refused: tuple[Refusal, ...] = ()
    same: tuple[str, ...] = ()
    """What is as it is to be."""
    notes: tuple[str, ...] = ()
    calls: int = field(default=0, compare=False)
    """Requests it took to look."""
    records: int = field(default=0, compare=False)
    """How many records the zone has."""

    @property
    def too_many(self) -> str:
        """Why the plan is refused as a whole unless somebody says so: it deletes too much. Empty when it does not."""
        gone = sum(len(step.before or ()) for step in self.steps if step.kind == "records" and step.after is None)
        if gone <= max(1, self.records * MOST_DELETED):
            return ""
        return f"it would delete {gone} of the {self.records} records of {self.zone}"

    @property
    def checks(self) -> tuple[str, ...]:
        """Patterns of the checks that are to pass when it is applied."""
        return tuple(dict.fromkeys(check for step in self.steps for check in step.reason.checks))


def propose(present: Present, wanted: Wanted, allowed: Iterable[str], certificates: Certificates) -> Proposal:
    """Compare. `allowed` are `name TYPE` of what is of others and may be changed or deleted all the same."""
    named = {_named(one, present.zone) for one in allowed}

    def taken(name: str, type: str) -> bool:
        return (name.lower(), type.upper()) in named

    steps: list[Step] = []
    refused: list[Refusal] = []
    same: list[str] = []
    notes: list[str] = list(wanted.notes)
    lists: Mapping[type, list[Any]] = {Step: steps, Refusal: refused, str: same, Note: notes}
    rows = [record_rows(present, wanted.records, taken), _rules(present, wanted.rules, taken)]
    rows += [_settings(present, wanted.settings, certificates)]
    for row in (one for some in rows for one in some):
        lists[type(row)].append(row)
    if not present.delegated:
        servers = ", ".join(present.name_servers)
        notes.insert(0, f"the domain is not delegated to this zone yet: visitors see none of it until its registrar "
                        f"names {servers}")  # fmt: skip
    ordered = tuple(sorted(steps, key=lambda step: step.rank))
    return Proposal(
        present.zone, present.plan, ordered, tuple(refused), tuple(same), tuple(map(str, notes)),
        records=len(present.entries),
    )  # fmt: skip


def _named(text: str, zone: str) -> tuple[str, str]:
    name, _, type = text.strip().rpartition(" ")
    name = name.lower().rstrip(".")
    if type.upper() == "RULE":
        return name, "RULE"
    if name in ("@", ""):
        return zone, type.upper()
    return (name if name == zone or name.endswith(f".{zone}") else f"{name}.{zone}"), type.upper()


def _rules(present: Present, wanted: tuple[WantedRule, ...], taken: Taken) -> Iterator[Row]:
    wants = {(rule.phase, rule.ref) for rule in wanted}
    for phase in plans.PHASES:
        held = present.rules.get(phase, ())
        gone = [r for r in held if (phase, r.ref) not in wants and (r.ours or _rule_taken(r, taken))]
        new = [r for r in wanted if r.phase == phase and present.rule(phase, r.ref) is None]
        new = [r for r in new if not _elsewhere(r, held)]
        most = plans.MOST.get(phase, {}).get(present.plan, 1000)
        room = most - len(held) + len(gone)
        for rule in (r for r in wanted if r.phase == phase):
            yield from _rule(present, rule, held, fits=rule not in new[max(0, room) :], most=most)
        tight = len(held) + len(new) > most
        for old in gone:
            why = "no longer wanted" if old.ours else "named to be deleted"
            reason = Reason("B7", why, "what it did is done no more")
            rank = _RANKS.get(phase, 48) - 1 if tight else 80
            yield Step("rule", old.ref, phase, DELETE, dict(old.body), None, reason, old.words, rank)
        if phase == plans.DDOS:
            yield from _ddos([rule for rule in held if rule not in gone])


def _rule_taken(rule: HeldRule, taken: Taken) -> bool:
    return any(name and taken(str(name), "RULE") for name in (rule.ref, rule.id, rule.body.get("description")))


def _elsewhere(rule: WantedRule, held: tuple[HeldRule, ...]) -> bool:
    """Whether somebody's rule executes the same managed rules already."""
    id = (rule.body.get("action_parameters") or {}).get("id")
    return rule.body["action"] == "execute" and any(
        (one.body.get("action_parameters") or {}).get("id") == id and one.body.get("enabled", True) for one in held
    )


def _rule(present: Present, rule: WantedRule, held: tuple[HeldRule, ...], *, fits: bool, most: int) -> Iterator[Row]:
    found, after = present.rule(rule.phase, rule.ref), dict(rule.body)
    rank = _RANKS[rule.phase]
    if found is None and _elsewhere(rule, held):
        yield f"{rule.ref} RULE: a rule of somebody else does it already"
    elif found is None and fits:
        yield Step("rule", rule.ref, rule.phase, ADD, None, after, rule.reason, "new rule", rank)
    elif found is None:
        first = next((one for one in held if not one.ours), None)
        why = f"the {present.plan} plan has {most} rule{'s' * (most != 1)} of this kind, and others hold them"
        yield Refusal(f"{rule.ref} RULE", why, f"{first.ref} RULE" if first else "", rule.reason)
    elif chosen(found.body, after) != after:
        keys = [key for key in after if chosen(found.body.get(key), after[key]) != after[key]]
        words = f"changes {', '.join(keys)}"
        yield Step("rule", rule.ref, rule.phase, CHANGE, dict(found.body), after, rule.reason, words, rank)
    else:
        yield f"{rule.ref} RULE"


def _ddos(held: list[HeldRule]) -> Iterator[Row]:
    weak = [rule for rule in held if _weakens(rule.body)]
    for rule in weak:
        reason = Reason("B4", "floods are held off at full strength", "traffic that was let through may be challenged")
        why = f"a rule of somebody else weakens the protection against floods: {rule.words}"
        yield Refusal("DDoS protection", why, f"{rule.ref} RULE", reason)
    if not weak:
        yield "DDoS protection: on by default, and nothing weakens it"


def _weakens(body: Mapping[str, Any]) -> bool:
    overrides = (body.get("action_parameters") or {}).get("overrides") or {}
    parts = [overrides, *overrides.get("rules", ()), *overrides.get("categories", ())]
    return body.get("enabled", True) and any(
        part.get("sensitivity_level") in ("medium", "low", "eoff")
        or part.get("action") == "log"
        or part.get("enabled") is False
        for part in parts
    )


def _settings(present: Present, wanted: tuple[WantedSetting, ...], certificates: Certificates) -> Iterator[Row]:
    for setting in wanted:
        held = present.settings.get(setting.id)
        if held is None:
            yield Note(f"{setting.id} is not offered for this zone")
        elif setting.id == "ssl" and setting.value == "strict" != held and not certificates.verified:
            yield from _not_strict(setting, str(held), certificates)
        elif chosen(held, setting.value) == setting.value:
            yield setting.id
        else:
            yield _set(setting, held, _merged(held, setting.value))
            if setting.id == "security_header":
                yield from _hsts_notes(held, setting.value)


def _not_strict(setting: WantedSetting, held: str, certificates: Certificates) -> Iterator[Row]:
    if held in ("off", "flexible") and certificates.spoke:
        yield _set(setting, held, "full")
        held = "full"
    yield Note(f"ssl stays {held}, not strict: {certificates.why}. With strict, visitors would see error 526: "
               "give the server a certificate that verifies, such as one of Cloudflare's, and plan again")  # fmt: skip


def _set(setting: WantedSetting, before: Any, after: Any) -> Step:
    rank = 70 if setting.id.startswith("bot_management.") else _RANKS[setting.id]
    if setting.id == "security_header" and not after["strict_transport_security"]["enabled"]:
        rank = 12  # browsers stop being told to insist before anything else gives way
    words = f"{short(chosen(before, after))} → {short(after)}"
    return Step("setting", setting.id, "", CHANGE, before, after, setting.reason, words, rank)


def _hsts_notes(held: Any, value: Any) -> Iterator[Note]:
    now = (held or {}).get("strict_transport_security", {})
    now_s = int(now.get("max_age") or 0) if now.get("enabled") else 0
    inner = value["strict_transport_security"]
    stages = {300: "test", 604_800: "week", 2_592_000: "month", 31_536_000: "year"}
    stage = "preload" if inner["preload"] else stages.get(inner["max_age"], "off")
    if inner["enabled"] and (skipped := skipped_stages(now_s, stage)):
        yield Note(f"HSTS goes to {stage} at once, past {', '.join(skipped)}: with each stage a mistake costs longer; "
                   f'safer is [edge.tls] hsts = "{skipped[0]}" first')  # fmt: skip


def _merged(held: Any, wanted: Any) -> Any:
    if isinstance(held, dict) and isinstance(wanted, dict):
        return {**held, **{key: _merged(held.get(key), value) for key, value in wanted.items()}}
    return wanted


def short(value: Any) -> str:
    """A setting's value for people."""
    if isinstance(value, dict) and "strict_transport_security" in value:
        inner = value["strict_transport_security"] or {}
        if not inner.get("enabled"):
            return "off"
        extra = "".join(f", {key}" for key in ("include_subdomains", "preload") if inner.get(key))
        return f"{inner.get('max_age')} s{extra}"
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)
