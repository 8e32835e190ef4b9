"""The plan's steps for records: by name, so that what belongs together changes at once.

A, AAAA and CNAME of a name are one step, for they take each other's place; every other type is one by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from launchready.edge.control.held import Entry, Present
from launchready.edge.control.steps import ADD, CHANGE, DELETE, Note, Refusal, Row, Step, Taken
from launchready.edge.control.wanted_settings import DMARC_STAGES
from launchready.edge.control.wants import MARK, Reason, WantedRecords

ADDRESSES = "A AAAA CNAME"
_GONE = Reason("B1", "no longer wanted", "whoever still uses the name finds nothing")
_NAMED = Reason("B1", "named to be deleted", "whoever still uses the name finds nothing")


def group_of(type: str) -> str:
    """The types that change together with this one."""
    return ADDRESSES if type in ADDRESSES.split() else type


def within(entries: Sequence[Entry], name: str, group: str) -> list[Entry]:
    """The records of a name and a group, in a fixed order."""
    found = [one for one in entries if one.name == name and one.type in group.split()]
    return sorted(found, key=lambda one: (one.type, one.content))


def record_rows(present: Present, wanted: tuple[WantedRecords, ...], taken: Taken) -> Iterator[Row]:
    """Every step, refusal and word about records."""
    groups: dict[tuple[str, str], list[WantedRecords]] = {}
    for one in wanted:
        groups.setdefault((one.name, group_of(one.type)), []).append(one)
    for (name, group), wants in groups.items():
        yield from _Group(present, name, group, wants, taken).rows()
    rest = {(e.name, group_of(e.type)) for e in present.entries if _may(e, present, taken)} - set(groups)
    for name, group in sorted(rest):
        before = within(present.entries, name, group)
        gone = [one for one in before if _may(one, present, taken)]
        after = [one for one in before if one not in gone]
        reason = _GONE if any(present.is_ours(one) for one in gone) else _NAMED
        words = "; ".join(f"{one.type} {one.content}" for one in gone)
        yield _step(name, group, DELETE, before, after, reason, words, 90)


def _may(entry: Entry, present: Present, taken: Taken) -> bool:
    return present.is_ours(entry) or taken(entry.name, entry.type)


class _Group:
    """The records of one name that change together."""

    def __init__(self, present: Present, name: str, group: str, wants: list[WantedRecords], taken: Taken) -> None:
        self.present, self.name, self.group, self.wants, self.taken = present, name, group, wants, taken
        self.before = within(present.entries, name, group)

    def rows(self) -> Iterator[Row]:
        refusals = {id(want): refusal for want in self.wants if (refusal := self._in_the_way(want))}
        yield from refusals.values()
        wants = [want for want in self.wants if id(want) not in refusals]
        if not wants or (self.group == ADDRESSES and refusals):
            return
        after: dict[tuple[str, str], Entry] = {}
        for one in self.before:
            if not self._goes(one, wants):
                after[one.type, one.content] = one
        for want in wants:
            for value in want.values:
                after[want.type, value] = self._entry(want, value, after.get((want.type, value)))
        new = sorted(after.values(), key=lambda one: (one.type, one.content))
        if [one.noted() for one in new] == [one.noted() for one in self.before]:
            yield from (want.subject for want in wants)
            return
        changed = [want for want in wants if self._differs(want, new)] or wants
        mark = CHANGE if any(one not in new for one in self.before) else ADD
        words = _words(self.before, new)
        yield _step(
            self.name, self.group, mark, self.before, new, changed[0].reason, words, 30 if mark == CHANGE else 20
        )
        yield from (want.subject for want in wants if want not in changed)
        yield from self._stages(wants)

    def _in_the_way(self, want: WantedRecords) -> Refusal | None:
        """What of others would have to go or change for this to stand; None when nothing."""
        for one in self.present.entries:
            if one.name != self.name or _may(one, self.present, self.taken):
                continue
            if one.type != want.type and self._clash(one, want):
                return _refusal(one, want, f"a record of somebody else stands there: {one.type} {one.content}")
            if one.type == want.type and one.content not in want.values and _rival(one, want):
                return _refusal(one, want, f"somebody else's record says otherwise: {one.content}")
            if one.type == want.type and one.content in want.values and one.proxied != want.proxied:
                said = "is behind the edge" if one.proxied else "leads past the edge"
                return _refusal(one, want, f"somebody else's record {said}: {one.content}")
        return None

    def _clash(self, one: Entry, want: WantedRecords) -> bool:
        """Whether two types cannot stand at one name (RFC 1034 section 3.6.2), or lead to two places."""
        if self.group == ADDRESSES and one.type in ADDRESSES.split():
            return "CNAME" in (one.type, want.type) or one.type not in {other.type for other in self.wants}
        return want.type == "CNAME" and self.name != self.present.zone

    def _goes(self, one: Entry, wants: list[WantedRecords]) -> bool:
        """Whether a record that may be changed is not to stay."""
        if not _may(one, self.present, self.taken):
            return False
        same = [want for want in wants if want.type == one.type]
        if any(one.content in want.values for want in same):
            return False
        rival = any(_rival(one, want) for want in same)
        return rival or self.present.is_ours(one) or self.group == ADDRESSES

    def _entry(self, want: WantedRecords, value: str, held: Entry | None) -> Entry:
        new = Entry(self.name, want.type, value, want.ttl, want.proxied, f"{MARK} {want.reason.roadmap}")
        if not self.present.marks:  # or it would never be what was written, and undo would leave it
            new = replace(new, comment="")
        if held is None:
            return new
        if not _may(held, self.present, self.taken):
            return held
        if (held.ttl, held.proxied) == (new.ttl, new.proxied) and (held.ours or not self.present.marks):
            return held
        return replace(new, tags=held.tags, id=held.id)

    def _differs(self, want: WantedRecords, new: list[Entry]) -> bool:
        return [e for e in self.before if e.type == want.type] != [e for e in new if e.type == want.type]

    def _stages(self, wants: list[WantedRecords]) -> Iterator[Note]:
        for want in wants:
            if want.beside == "v=DMARC1":
                said = next((one.content for one in self.before if one.content.startswith("v=DMARC1")), "")
                now, then = _policy(said), _policy(want.values[0])
                skipped = DMARC_STAGES[DMARC_STAGES.index(now) + 1 : DMARC_STAGES.index(then)]
                if skipped:
                    yield Note(f"DMARC goes to {then} at once, past {', '.join(skipped)}: mail of a sender you forgot "
                               f'is lost unseen; safer is [edge.mail] dmarc = "{skipped[0]}" first, with '
                               "dmarc_reports read for two weeks")  # fmt: skip


def _rival(one: Entry, want: WantedRecords) -> bool:
    """Whether a record of the wanted type cannot stay beside what is wanted."""
    if want.beside is None:
        return True
    return bool(want.beside) and one.content.lower().startswith(want.beside.lower())


def _refusal(one: Entry, want: WantedRecords, why: str) -> Refusal:
    return Refusal(want.subject, why, f"{one.name} {one.type}", want.reason)


def _policy(text: str) -> str:
    tags = dict(part.strip().lower().partition("=")[::2] for part in text.split(";") if "=" in part)
    said = tags.get("p", "").strip()
    return said if said in DMARC_STAGES else ""


def _words(before: list[Entry], after: list[Entry]) -> str:
    gone = [_said(one) for one in before if one not in after]
    new = [_said(one) for one in after if one not in before]
    return f"{', '.join(gone)} → {', '.join(new) or 'nothing'}" if gone else ", ".join(new)


def _said(one: Entry) -> str:
    ttl = "" if one.ttl == 1 else f" (TTL {one.ttl})"
    return f"{one.type} {one.content}" + (" behind the edge" if one.proxied else ttl)


def _step(
    name: str, group: str, mark: str, before: list[Entry], after: list[Entry], reason: Reason, words: str, rank: int
) -> Step:
    old, new = [one.noted() for one in before], [one.noted() for one in after]
    return Step("records", name, group, mark, old or None, new or None, reason, words, rank)
