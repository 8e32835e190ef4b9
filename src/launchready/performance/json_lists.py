"""The lists in a JSON answer: how many rows, how many bytes, which fields, and which of these nobody sees.

A field is said to be unseen only where the rows themselves are seen on the page and none of many of its values is.
Numbers, dates, addresses and ids are written differently on a page than in JSON, so nothing is said of them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from launchready.measurement import JsonList

MOST_LISTS = 6
DEEPEST = 8
MOST_LOOKED_AT = 20_000
"""So many values are looked at on the way to lists."""
ROWS_ENTERED = 10
"""Of a list, so many rows are searched for lists inside them."""
SAMPLED_ROWS = 400
SAMPLES = 6
"""So many different values of a field must be missing on the page."""
FIELDS = 60


@dataclass(frozen=True, slots=True)
class Shown:
    """The words of a page, and pairs and triples of words that stand beside each other."""

    runs: frozenset[str]

    def has(self, text: str) -> bool:
        """Whether a text is on the page, as far as its first words tell: pages cut long ones."""
        words = _words(text)
        return not words or " ".join(words[:3]) in self.runs


def shown_words(text: str) -> Shown:
    """What is seen on a page, ready to be asked."""
    words = _words(text[:400_000])
    runs = set(words)
    runs.update(" ".join(pair) for pair in pairwise(words))
    runs.update(" ".join(three) for three in zip(words, words[1:], words[2:], strict=False))
    return Shown(frozenset(runs))


def lists_of(value: object, shown: Shown | None = None) -> tuple[JsonList, ...]:
    """The largest lists of a JSON value, by their bytes; of equal paths the longest one."""
    longest: dict[str, list[object]] = {}
    for path, found in _lists(value):
        if len(found) > len(longest.get(path, ())):
            longest[path] = found
    by_rows = sorted(longest.items(), key=lambda item: -len(item[1]))[: MOST_LISTS * 2]
    described = [_described(path, rows, shown) for path, rows in by_rows]
    return tuple(sorted(described, key=lambda one: -one.size)[:MOST_LISTS])


def size_of(value: object) -> int:
    """Bytes of a value as compact JSON; 0 for what is nested too deeply."""
    try:
        return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
    except (RecursionError, ValueError):
        return 0


def _lists(value: object) -> Iterator[tuple[str, list[object]]]:
    waiting, looked = [("", value, 0)], 0
    while waiting and looked < MOST_LOOKED_AT:
        path, here, depth = waiting.pop()
        looked += 1
        inside: list[tuple[str, object]] = []
        if isinstance(here, list):
            if here:
                yield path or "(the answer)", here
            inside = [(f"{path}[]", row) for row in here[:ROWS_ENTERED]]
        elif isinstance(here, dict):
            inside = [(f"{path}.{_name(key)}" if path else _name(key), held) for key, held in list(here.items())[:200]]
        if depth < DEEPEST:
            waiting.extend((name, held, depth + 1) for name, held in inside if isinstance(held, list | dict))


def _described(path: str, rows: list[object], shown: Shown | None) -> JsonList:
    records = _records(rows)
    size = size_of(rows)
    if not records:
        return JsonList(path[:200], len(rows), size)
    counted = Counter(key for record in records[:SAMPLED_ROWS] for key in list(record)[:FIELDS])
    fields = tuple(key for key, _ in counted.most_common(FIELDS))
    unshown = _unshown(records, fields, shown) if shown else ()
    sampled = records[:SAMPLED_ROWS]
    wasted = sum(size_of(record[key]) + len(key) + 4 for record in sampled for key in unshown if key in record)
    return JsonList(
        path[:200],
        len(rows),
        size,
        tuple(dict.fromkeys(map(_name, fields))),
        tuple(dict.fromkeys(map(_name, unshown))),
        min(size, wasted * len(records) // len(sampled)),
    )


def _records(rows: list[object]) -> list[dict[str, object]]:
    """The rows as objects; of GraphQL's edges their nodes. Empty where the list is none of objects."""
    records = [row for row in rows if isinstance(row, dict)]
    if len(records) < 0.9 * len(rows):
        return []
    if all("node" in record and len(record) <= 2 for record in records[:20]):
        return [node for record in records if isinstance(node := record["node"], dict)] or records
    return records


def _unshown(records: list[dict[str, object]], fields: tuple[str, ...], shown: Shown) -> tuple[str, ...]:
    step = max(1, len(records) // SAMPLED_ROWS)
    sampled = records[: SAMPLED_ROWS // 2] + records[SAMPLED_ROWS // 2 :: step][: SAMPLED_ROWS // 2]
    told = [{field: tuple(_texts(record.get(field))) for field in fields} for record in sampled]
    # A page of 25 rows out of 5,000 says nothing about the others: only rows with something on the page count.
    repeated = Counter(text for row in told for texts in row.values() for text in set(texts))
    seen = [
        row
        for row in told
        if any(repeated[text] <= 2 and shown.has(text) for texts in row.values() for text in texts[:4])
    ]
    missing = []
    for field in fields:
        values = {text for row in seen for text in row[field]}
        if len(values) >= SAMPLES and not any(map(shown.has, values)):
            missing.append(field)
    return tuple(missing)


def _texts(value: object) -> Iterator[str]:
    """The texts in a value that a page would show as they are."""
    waiting, looked = [value], 0
    while waiting and looked < 60:
        here = waiting.pop()
        looked += 1
        if isinstance(here, str):
            text = _TAGS.sub(" ", here[:400]) if "<" in here else here[:400]
            if len(text) >= 4 and not any(odd.search(text) for odd in _WRITTEN_OTHERWISE):
                yield text
        elif isinstance(here, list):
            waiting.extend(here[:20])
        elif isinstance(here, dict):
            waiting.extend(list(here.values())[:20])


def _name(key: str) -> str:
    """A key as it may be kept: one that is a value itself (an id, somebody's address) is not."""
    return key if _NAMED.fullmatch(key) else "{id}"


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


_NAMED = re.compile(r"[A-Za-z_$@][A-Za-z_$:-]{0,38}\d{0,2}[A-Za-z_]{0,20}")
_WORD = re.compile(r"\w{1,60}")
_TAGS = re.compile(r"<[^>]{0,200}>")
_WRITTEN_OTHERWISE = (
    re.compile(r"^\s*[a-z][a-z0-9+.-]*:\S", re.IGNORECASE),  # addresses of all kinds
    re.compile(r"^/|^\S*/\S*/\S*$"),  # paths
    re.compile(r"^[^a-zA-Z]*$"),  # numbers, dates, telephone numbers
    re.compile(r"^\d{4}-\d\d-\d\dT|^\w{3}, \d\d"),  # moments
    re.compile(r"^(?=\S*\d)[0-9a-fA-F-]{8,}$|^(?=\S*\d)(?=\S*[A-Z])[A-Za-z0-9_=-]{16,}$"),  # ids, hashes, tokens
    re.compile(r"^[A-Za-z]+(?:[_.][A-Za-z]+)+$|^[A-Z_]+$"),  # names of states: `in_progress`, `PAID`
)
