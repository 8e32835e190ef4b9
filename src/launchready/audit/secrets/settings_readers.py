"""Readers of files of settings: `.env`, INI, shell profiles; JSON, YAML, XML, with the line of every value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from launchready.audit.secrets.candidate import Candidate, Lines
from launchready.audit.secrets.values import Trust

DEPTH = 200
"""Nesting that is followed in JSON, YAML and XML."""

_PAIR = re.compile(
    r"""^\s*(?P<comment>[#;]+\s*|//+\s*|--\s+|rem\s+)?
    (?:(?:export|set|setx|setenv|declare\s+-x|env|arg|-e|-)\s+|--?(?=\w)|\$(?=\w))?
    (?P<open>["'])?(?P<name>[\w.@/:\\\[\]-]{1,120}?)(?(open)(?P=open))
    \s*(?:=>|:=|=|:(?=\s|["']))\s*(?P<value>.*?)\s*[,;]?\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
_SECTION = re.compile(r"\s*\[([\w -]{1,60})\]\s*$")
_PROMPT = re.compile(r"^: \d{1,12}:\d{1,6};|^- cmd: ")
"""What zsh and fish write before the commands of their histories."""
_INLINE = re.compile(r"""(?<![\w.])(?P<name>[A-Za-z_][\w.-]{1,60})=(?P<value>"[^"\n]*"|'[^'\n]*'|[^\s,;&"'<>]+)""")
_SPACED = re.compile(r"""^\s*(?:set\s+)?(?P<name>[A-Za-z][\w.-]{1,60})\s+(?P<value>"[^"]+"|'[^']+'|\S+)\s*$""")


def pairs(text: str) -> Iterator[Candidate]:
    """`NAME=value`, `name: value`, `export NAME="value"`, one a line; what is commented out was real once, perhaps."""
    section = ""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > 4000 or not (match := _PAIR.match(_PROMPT.sub("", line, count=1))):
            if len(line) < 200 and (header := _SECTION.match(line)):
                section = header[1]
            continue
        value, quoted = _unquoted(match["value"])
        trust, name = Trust.CODE if match["comment"] else None, match["name"]
        name = f"{section}.{name}" if section and name.lower() == "key" else name
        yield Candidate(number, name, value, trust=trust, quoted=quoted)


def plain_pairs(text: str) -> Iterator[Candidate]:
    """The same without what is commented out: in files of settings that is an example, as a rule."""
    return (found for found in pairs(text) if found.trust is None)


def inline_pairs(text: str) -> Iterator[Candidate]:
    """Several `name=value` in a line: inventories, tables of mounts."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.count("=") > 1 and len(line) < 4000 and not line.lstrip().startswith(("#", ";")):
            for match in _INLINE.finditer(line):
                value, quoted = _unquoted(match["value"])
                yield Candidate(number, match["name"], value, quoted=quoted)


def hcl_pairs(text: str) -> Iterator[Candidate]:
    """`name = "value"`, and the default of a `variable "name"` under the variable's name."""
    variable = ""
    yield from plain_pairs(text)
    for number, line in enumerate(text.split("\n"), 1):
        if match := re.match(r"""\s*variable\s+"?([\w-]{1,80})"?\s*\{""", line):
            variable = match[1]
        elif line.startswith("}"):
            variable = ""
        if variable and (match := re.search(r"""\bdefault\s*=\s*"([^"\n]{1,2000})\"""", line)):
            yield Candidate(number, variable, match[1])


def noted_pairs(text: str) -> Iterator[Candidate]:
    """What somebody wrote down: `root password: value`."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) < 200 and (match := _NOTED.match(line)):
            yield Candidate(number, match["name"], match["value"], trust=Trust.CODE, quoted=False)


_NOTED = re.compile(
    r"^\W{0,4}(?P<name>(?:[\w.-]{1,30} ){0,3}[\w.-]{2,40})\s{0,4}[:=]\s{0,4}(?P<value>[^\s\"']{8,200})\s*$"
)


def spaced_pairs(text: str) -> Iterator[Candidate]:
    """`name value` as well as `name = value`, as mail clients and servers write their settings."""
    yield from plain_pairs(text)
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) < 4000 and (match := _SPACED.match(line)) and "=" not in line:
            value, quoted = _unquoted(match["value"])
            yield Candidate(number, match["name"], value, quoted=quoted)


def _unquoted(raw: str) -> tuple[str, bool]:
    raw = raw.strip()
    if raw[:3] in ('"""', "'''"):
        return raw[3:].partition(raw[:3])[0], True
    if raw[:1] in ("'", '"', "`") and len(raw) > 1:
        end = raw.find(raw[0], 1)
        return (raw[1:end] if end > 0 else raw[1:]), True
    return re.split(r"\s[#;]|\s//", raw, maxsplit=1)[0].rstrip(" ,;"), False


_JSON = re.compile(r'"((?:[^"\\\n]|\\.)*+)"(\s*:)?|([{}\[\],])|//[^\n]*|/\*.*?\*/', re.DOTALL)
_NAMES = frozenset({"name", "key", "variable", "parameterkey"})
_VALUES = frozenset({"value", "stringvalue", "parametervalue", "default", "initial_value"})


def json_pairs(text: str) -> Iterator[Candidate]:
    """Every string of a JSON document under its key, comments and trailing commas allowed.

    `{"name": "DB_PASSWORD", "value": "…"}` counts as a value named `DB_PASSWORD`. The name is the path, as in
    `auths.host.auth`.
    """
    lines, path, siblings = Lines(text), [""], [_Siblings()]
    for match in _JSON.finditer(text):
        if match[3]:
            if match[3] in "{[" and len(path) < DEPTH:
                path.append("" if match[3] == "{" else path[-1])
                siblings.append(_Siblings())
            elif match[3] in "}]" and len(path) > 1:
                yield from siblings.pop().paired()
                path.pop()
            continue
        if match[1] is None:
            continue
        word = _json_string(match[1])
        if match[2]:
            path[-1] = word
            continue
        line = lines.of(match.start())
        siblings[-1].add(path[-1], word, line)
        yield Candidate(line, ".".join(part for part in path[-4:] if part), word)
    for group in siblings:
        yield from group.paired()


class _Siblings:
    """The `name` and `value` of one object, which belong together."""

    def __init__(self) -> None:
        self._name = ""
        self._value: tuple[str, int] | None = None

    def add(self, key: str, value: str, line: int) -> None:
        low = key.lower()
        if low in _NAMES:
            self._name = value
        elif low in _VALUES:
            self._value = (value, line)

    def paired(self) -> Iterator[Candidate]:
        if self._name and self._value:
            yield Candidate(self._value[1], self._name, self._value[0])


def _json_string(raw: str) -> str:
    if "\\" not in raw:
        return raw
    try:
        return str(json.loads(f'"{raw}"'))
    except ValueError:
        return raw


def yaml_pairs(text: str) -> Iterator[Candidate]:
    """Every scalar of a YAML stream under its key; with templates inside, which no YAML parser takes, line by line.

    Read as events: aliases are not expanded, tags build nothing.
    """
    import yaml

    found: list[Candidate] = []
    frames: list[_Frame] = []
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                if len(frames) >= DEPTH:
                    break
                above = frames[-1] if frames else None
                name = above.key if above else ""
                frames.append(
                    _Frame(isinstance(event, yaml.MappingStartEvent), f"{above.path}.{name}" if above else "")
                )
                if above and above.mapping:
                    above.waiting = False
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                found += frames.pop().siblings.paired()
            elif isinstance(event, yaml.ScalarEvent) and frames:
                found += _scalar(frames[-1], event.value, _line(event), plain=event.style is None)
            elif isinstance(event, yaml.AliasEvent) and frames and frames[-1].mapping:
                frames[-1].waiting = not frames[-1].waiting
    except (yaml.YAMLError, ValueError, RecursionError):
        yield from pairs(text)
        return
    yield from found


class _Frame:
    """A mapping or sequence that is being read."""

    def __init__(self, mapping: bool, path: str) -> None:
        self.mapping, self.path = mapping, path[-200:]
        self.key = ""
        self.waiting = False
        """Whether a key was read and its value is awaited."""
        self.siblings = _Siblings()


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _scalar(frame: _Frame, value: str, line: int, *, plain: bool) -> Iterator[Candidate]:
    if frame.mapping and not frame.waiting:
        frame.key, frame.waiting = value, True
        return
    frame.waiting = False
    key = frame.key if frame.mapping else ""
    if frame.mapping:
        frame.siblings.add(key, value, line)
    elif "=" in value:
        # `environment: ["NAME=value"]` of compose files.
        name, _, rest = value.partition("=")
        yield Candidate(line, name.strip(), rest.strip(), quoted=not plain)
        return
    yield Candidate(line, f"{frame.path}.{key}".strip("."), value, quoted=not plain)


_ATTRIBUTE = re.compile(r"""([\w:.-]{1,80})\s*=\s*["']([^"'\n]{1,2000})["']""")
_ELEMENT = re.compile(r"<([\w:.-]{1,80})[^<>]{0,300}>\s*(?:<!\[CDATA\[)?([^<>\s][^<>\n]{0,2000}?)(?:\]\]>)?</")
_DICT = re.compile(
    r"<key>([^<>\n]{1,80})</key>\s{0,80}<(?:string|value)\b[^<>]{0,80}>([^<>\n]{1,2000})<", re.IGNORECASE
)
"""Property lists, and what KeePass exports."""


def xml_pairs(text: str) -> Iterator[Candidate]:
    """Attributes and texts of elements by name; `<add key="X" value="…"/>` and `<entry key="X">…</entry>` by their key.

    Tokens are read as they stand: no document type, no entities, nothing is fetched.
    """
    lines = Lines(text)
    for match in re.finditer(
        r"<([\w:.-]{1,80})((?:\s+[\w:.-]{1,80}\s*=\s*(?:\"[^\"]{0,4000}\"|'[^']{0,4000}'))+)\s*/?>", text
    ):
        attributes = {m[1].lower(): (m[2], match.start(2) + m.start(2)) for m in _ATTRIBUTE.finditer(match[2])}
        for one in _ATTRIBUTE.finditer(match[2]):
            yield Candidate(lines.of(match.start(2) + one.start(2)), one[1], one[2])
        named = next((attributes[n][0] for n in ("key", "name", "id") if n in attributes), "")
        if named and "value" in attributes:
            value, at = attributes["value"]
            yield Candidate(lines.of(at), named, value)
        elif named and not match[0].endswith("/>"):
            rest = text[match.end() : match.end() + 2000].partition("<")[0]
            if rest.strip():
                yield Candidate(lines.of(match.end()), named, rest.strip())
    for match in _DICT.finditer(text):
        yield Candidate(lines.of(match.start(2)), match[1], match[2].strip())
    for match in _ELEMENT.finditer(text):
        yield Candidate(lines.of(match.start(2)), match[1], match[2].strip())
