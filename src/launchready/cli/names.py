"""The nearest right name for a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean 'dns.caa'?)`, or nothing where no name is near. A part of a dotted name counts: `caa`."""
    names = list(known)
    holding = [n for n in names if name in n.split(".")]
    near = holding[:1] or difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f" (did you mean {near[0]!r}?)" if near else ""
