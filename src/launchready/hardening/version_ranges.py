"""Which versions a statement admits: `>=3.11,<3.14`, `^20 || ^22`, `~> 3.3`, `3.12.x` as intervals of numbers.

One notion for all ecosystems, so that statements of different files can be compared. Pre-releases are read as the
release they lead to. What cannot be read is None, which agrees with everything: a doubt is no contradiction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Version = tuple[int, int, int]
TOP: Version = (10**9, 0, 0)
"""Above every version."""
ZERO: Version = (0, 0, 0)
PARTS = 64
"""Alternatives of one statement at most; more are no version anybody wrote."""


@dataclass(frozen=True, slots=True)
class Range:
    """Versions from `low` (included) to `high` (left out), in one or more pieces."""

    pieces: tuple[tuple[Version, Version], ...]

    def meet(self, other: Range) -> Range:
        """The versions both admit."""
        met = ((max(a, c), min(b, d)) for a, b in self.pieces for c, d in other.pieces)
        return Range(tuple(sorted({(low, high) for low, high in met if low < high})))

    def join(self, other: Range) -> Range:
        """The versions either admits."""
        return Range(tuple(sorted({*self.pieces, *other.pieces})))

    def admits(self, version: Version) -> bool:
        """Whether one version is among them."""
        return any(low <= version < high for low, high in self.pieces)

    @property
    def empty(self) -> bool:
        """Whether nothing is admitted."""
        return not self.pieces

    @property
    def open(self) -> bool:
        """Whether versions that nobody has seen yet are admitted."""
        return any(high == TOP for _, high in self.pieces)

    def widened(self, parts: int) -> Range:
        """Whole release lines: 3.12.3 becomes all of 3.12 for two parts, all of 3 for one."""
        return Range(tuple((_cut(low, parts), _up(high, parts)) for low, high in self.pieces))


EVERYTHING = Range(((ZERO, TOP),))

_NUMBER = re.compile(
    r"[vV=]*\s*(\d{1,9})(?:\.(\d{1,9}|[xX*]))?(?:\.(\d{1,9}|[xX*]))?(?:\.(?:\d{1,9}|[xX*]))*(?P<rest>[-+.]?[0-9A-Za-z.+-]*)$"
)


_PRERELEASE = re.compile(
    r"\d\s*[-.]?(?:a|b|c|rc|alpha|beta|dev|next|canary|pre|post)|\d-\w|dev-|-dev|@dev", re.IGNORECASE
)


def numbers(text: str) -> tuple[int, ...] | None:
    """`3.12.1` as (3, 12, 1), `20.x` as (20,), `v22` as (22,); None when it is no version. Pre-release parts drop."""
    found = _NUMBER.match(text.strip())
    if not found:
        return None
    parts: list[int] = []
    for part in found.groups()[:3]:
        if part is None or not part.isdigit():
            break
        parts.append(int(part))
    return tuple(parts)


def version(text: str) -> Version | None:
    """A whole version, missing numbers as zero; None when it is none."""
    parts = numbers(text)
    return None if parts is None else _fill(parts)


def is_prerelease(text: str) -> bool:
    """Whether a version or a statement names a pre-release (`1.0.0-beta.2`, `5.0rc1`, `dev-main`)."""
    return bool(
        re.search(r"\d\s*[-.]?(?:a|b|c|rc|alpha|beta|dev|next|canary|pre|post)[.\d-]*|\d-\w|dev-|-dev|@dev", text, re.I)
    )


def line(text: str) -> Range | None:
    """The versions of a release line: `3.12` is all of 3.12, `3.12.4` that one only."""
    parts = numbers(text)
    if parts is None:
        return None
    return EVERYTHING if not parts else Range(((_fill(parts), _next(parts)),))


def at_least(text: str) -> Range | None:
    """This version and all later ones, as the `go` line of go.mod means it."""
    parts = numbers(text)
    return None if parts is None else Range(((_fill(parts), TOP),))


def npm(text: str) -> Range | None:
    """A range of package.json, or of Poetry or Cargo, which share its caret and tilde."""
    text = re.sub(r"\s+-\s+", " - ", text.strip())
    text = re.sub(r"(>=|<=|>|<|\^|~>?|=)\s+", r"\1", text)
    return _alternatives(text, "||", _npm_part)


def composer(text: str) -> Range | None:
    """A constraint of composer.json: as npm's, with `|`, and `~` that lets the last named number grow."""
    text = re.sub(r"@(?:dev|alpha|beta|rc|stable)\b", "", text.strip(), flags=re.I)
    text = re.sub(r"(>=|<=|!=|<>|>|<|\^|~|=)\s+", r"\1", text)
    return _alternatives(re.sub(r"\|{1,2}", "||", text), "||", lambda part: _conjunction(part, "pessimistic"))


def python(text: str) -> Range | None:
    """A specifier set of PEP 440 (`>=3.11,<3.14`), or Poetry's `^3.11`."""
    text = text.strip()
    if "||" in text or (text.startswith(("^", "~")) and not text.startswith("~=")):
        return npm(text.replace(",", " "))
    return _conjunction(re.sub(r"(>=|<=|!=|===|==|~=|>|<|\^)\s+", r"\1", text), "pessimistic", bare_is_exact=True)


def ruby(text: str) -> Range | None:
    """Requirements of RubyGems: `~> 3.3`, `>= 3.2, < 4`; a bare version is that version only."""
    return _conjunction(re.sub(r"(>=|<=|!=|~>|>|<|=)\s+", r"\1", text.strip()), "pessimistic", bare_is_exact=True)


def _alternatives(text: str, bar: str, read: object) -> Range | None:
    parts = text.split(bar)
    if len(parts) > PARTS or not callable(read):
        return None
    whole: Range | None = None
    for part in parts:
        piece = read(part.strip())
        if not isinstance(piece, Range):
            return None
        whole = piece if whole is None else whole.join(piece)
    return whole


def _npm_part(text: str) -> Range | None:
    if " - " in text:
        first, _, last = text.partition(" - ")
        low, high = numbers(first), numbers(last)
        return None if low is None or high is None else Range(((_fill(low), _next(high)),))
    return _conjunction(text, "tilde")


def _conjunction(text: str, tilde: str, *, bare_is_exact: bool = False) -> Range | None:
    whole = EVERYTHING
    clauses = [clause for clause in re.split(r"[,\s]+", text) if clause]
    if len(clauses) > PARTS:
        return None
    for clause in clauses:
        piece = _clause(clause, tilde, bare_is_exact)
        if piece is None:
            return None
        whole = whole.meet(piece)
    return whole


def _clause(clause: str, tilde: str, bare_is_exact: bool) -> Range | None:
    if clause in ("*", "x", "X", "latest"):
        return EVERYTHING
    found = re.match(r"(>=|<=|!=|<>|===|==|~=|~>|>|<|\^|~|=)?(.*)$", clause)
    operator, rest = (found.group(1) or "", found.group(2)) if found else ("", clause)
    parts = numbers(rest)
    if parts is None:
        return None
    if not parts:
        return EVERYTHING
    low, after = _fill(parts), _next(parts)
    exact = Range(((low, (low[0], low[1], low[2] + 1)),))
    starred = bool(re.search(r"[xX*]", rest))
    match operator:
        case ">=":
            return Range(((low, TOP),))
        case ">":
            return Range(((after if tilde == "tilde" else (low[0], low[1], low[2] + 1), TOP),))
        case "<":
            return Range(((ZERO, low),)) if low > ZERO else Range(())
        case "<=":
            return Range(((ZERO, after if tilde == "tilde" else (low[0], low[1], low[2] + 1)),))
        case "!=" | "<>":
            high = after if starred else (low[0], low[1], low[2] + 1)
            return Range(tuple(p for p in ((ZERO, low), (high, TOP)) if p[0] < p[1]))
        case "^":
            return Range(((low, _caret(parts)),))
        case "~" if tilde == "tilde":
            return Range(((low, _next(parts[:2])),))
        case "~=" | "~>" | "~":
            return Range(((low, _next(parts[:-1]) if len(parts) > 1 else (low[0] + 1, 0, 0)),))
        case "==" | "===" | "=":
            return Range(((low, after),)) if starred or not bare_is_exact else exact
        case _:
            return exact if bare_is_exact and not starred else Range(((low, after),))


def _caret(parts: tuple[int, ...]) -> Version:
    for at, number in enumerate(parts):
        if number or at == len(parts) - 1:
            return _next(parts[: at + 1])
    return TOP


def _fill(parts: tuple[int, ...]) -> Version:
    return (*parts, 0, 0, 0)[:3]  # type: ignore[return-value]


def _next(parts: tuple[int, ...]) -> Version:
    """The first version past everything that begins with these numbers."""
    if not parts:
        return TOP
    return _fill((*parts[:-1], parts[-1] + 1))


def _cut(version: Version, parts: int) -> Version:
    return _fill(version[:parts])


def _up(version: Version, parts: int) -> Version:
    return version if version == TOP or _cut(version, parts) == version else _next(version[:parts])
