"""What a plan is made of: steps, refusals, and words to the reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from launchready.edge.control.wants import Reason

ADD, CHANGE, DELETE = "+", "~", "-"


@dataclass(frozen=True, slots=True)
class Place:
    """What is changed: `kind`, `name` and `group` of a step."""

    kind: str
    name: str
    group: str

    @property
    def subject(self) -> str:
        """For people."""
        if self.kind == "setting":
            return self.name
        return f"{self.name} {'RULE' if self.kind == 'rule' else self.group.replace(' ', '/')}"

    @property
    def part(self) -> str:
        """What the token needs the permission for."""
        if self.kind == "rule":
            return self.group
        return "bots" if self.name.startswith("bot_management.") else self.kind.replace("setting", "settings")


@dataclass(frozen=True, slots=True)
class Step:
    """One change that is made whole or not at all."""

    kind: str
    """`records`, `rule` or `setting`."""
    name: str
    """The host, the rule's `ref`, the setting's id."""
    group: str
    """Of records their types, of a rule its phase."""
    mark: str
    before: Any
    """JSON: records as the journal has them, a rule's body, a value; None where there is nothing."""
    after: Any
    reason: Reason
    words: str
    """What becomes what, for people."""
    rank: int

    @property
    def subject(self) -> str:
        """What is changed."""
        if self.kind == "rule":
            return f"{self.name} RULE"
        if self.kind == "setting":
            return self.name
        types = dict.fromkeys(one["type"] for one in (*(self.before or ()), *(self.after or ())))
        return f"{self.name} {'/'.join(types)}"

    @property
    def place(self) -> Place:
        """Where it is changed."""
        return Place(self.kind, self.name, self.group)

    @property
    def part(self) -> str:
        """What the token needs the permission for."""
        return self.place.part


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something wanted that would change what is not ours."""

    subject: str
    why: str
    allow: str
    """What `--take` or `[edge] delete` would have to name; empty where nothing would help."""
    reason: Reason


class Note(str):
    """What the plan has to say besides."""

    __slots__ = ()


Row = Step | Refusal | str | Note
Taken = Callable[[str, str], bool]
"""Whether somebody allowed to change what is of others: by (name, type)."""
