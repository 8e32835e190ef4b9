"""Dockerfiles read as Docker reads them: directives, continuation, here-documents, stages, ARG and ENV; nothing built.

Source: https://docs.docker.com/reference/dockerfile/. What is not written down in the file (a build argument without
default) stays unknown rather than guessed.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from launchready.hardening.documents import basename

STAGES = 200
"""Of one file that are read; nobody writes so many."""
FLAGS = 50
"""Of one instruction that are read."""
_DEVELOPMENT = re.compile(
    r"(^|[._-])(dev|devel|development|local|test|tests|testing|ci|debug|e2e|lint|docs|bench)([._-]|$)"
)
_PRODUCTION = re.compile(r"(^|[._-])(prod|production|release|runner|runtime|final|app|web|server|deploy)([._-]|$)")
_HEREDOC = re.compile(r"(?<!<)<<(-?)(['\"]?)([A-Za-z_][\w.]*)\2(?!<)")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:?[-+?])([^{}]*))?\})")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, its continuation lines joined; a here-document's lines follow after a line break."""

    keyword: str
    text: str
    line: int
    flags: tuple[tuple[str, str], ...] = ()

    @property
    def command(self) -> str:
        """The command of RUN, CMD or ENTRYPOINT as one line of a shell; the exec form without its `sh -c`."""
        argv = self.argv
        if argv is None:
            return self.text
        return argv[2] if len(argv) == 3 and basename(argv[0]) in _SHELLS and argv[1] in _RUNS else shlex.join(argv)

    @property
    def argv(self) -> list[str] | None:
        """The words of the exec form (a JSON list), None for the shell form."""
        if not self.text.lstrip().startswith("["):
            return None
        try:
            value = json.loads(self.text)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, list) and value and all(isinstance(word, str) for word in value) else None


_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
_RUNS = frozenset({"-c", "-lc", "-ec", "-euc", "-exc"})


@dataclass(frozen=True, slots=True)
class Image:
    """A reference to an image: `registry/name:tag@digest`."""

    name: str
    """Without tag and digest; Docker Hub's own prefix is left out."""
    tag: str = ""
    digest: str = ""


@dataclass(slots=True, eq=False)
class Stage:
    """One build stage."""

    base: str
    """What stands after FROM, as written."""
    line: int
    name: str = ""
    platform: str = ""
    """`--platform`, with the defaults of its arguments put in; as written where one has none."""
    image: Image | None = None
    """None where the base is another stage or `scratch`, or depends on an argument without default."""
    parent: Stage | None = None
    """The stage it goes on from."""
    unknown: bool = False
    """The base depends on a build argument that has no default here."""
    instructions: list[Instruction] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    """ARG and ENV of the stage with those of its parents, as they stand at its end."""

    def lineage(self) -> Iterator[Stage]:
        """This stage, then the one it goes on from, and so on."""
        stage: Stage | None = self
        while stage is not None:
            yield stage
            stage = stage.parent

    def last(self, keyword: str) -> Instruction | None:
        """The instruction of this kind that counts: the last one, of a parent stage if this one has none."""
        for stage in self.lineage():
            for instruction in reversed(stage.instructions):
                if instruction.keyword == keyword:
                    return instruction
        return None

    def root_image(self) -> Image | None:
        """The image at the bottom of the stage."""
        return [*self.lineage()][-1].image


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A whole file."""

    path: str
    stages: tuple[Stage, ...]

    @property
    def final(self) -> Stage | None:
        """The stage that is built when none is named; one for production where the last is for development."""
        if not self.stages:
            return None
        last = self.stages[-1]
        if _DEVELOPMENT.search(last.name):
            return next((stage for stage in reversed(self.stages) if _PRODUCTION.search(stage.name)), last)
        return last

    def used(self) -> list[Stage]:
        """The stages the final one is made of, by FROM or `COPY --from`, each once, the final one last."""
        final = self.final
        found: list[Stage] = []
        queue = [final] if final else []
        while queue:
            stage = queue.pop()
            if stage in found:
                continue
            found.append(stage)
            queue += [stage.parent] if stage.parent else []
            queue += [other for source in copied_from(stage) if (other := self.stage(source))]
        return [stage for stage in self.stages if stage in found and stage is not final] + ([final] if final else [])

    def stage(self, name: str) -> Stage | None:
        """The stage of a name or number."""
        if name.isdigit():
            return self.stages[int(name)] if len(name) < 6 and int(name) < len(self.stages) else None
        return next((stage for stage in self.stages if stage.name == name.lower()), None)


def is_dockerfile(path: str) -> bool:
    """Whether a file is one by its name: `Dockerfile`, `Dockerfile.web`, `web.dockerfile`, `Containerfile`."""
    name = basename(path).lower()
    if re.search(
        r"\.(dockerignore|md|j2|tmpl|template|erb|sh|bak|orig|txt|json|ya?ml|toml|py|go|js|ts|rb|rs|php|java)$", name
    ):
        return False
    return name in ("dockerfile", "containerfile") or name.startswith("dockerfile.") or name.endswith(".dockerfile")


def for_development(path: str) -> bool:
    """Whether a file's name or its folder says that it is not for production."""
    parts = path.lower().split("/")
    return any(_DEVELOPMENT.search(part.replace("dockerfile", "")) for part in parts[-1:]) or any(
        part in ("dev", "development", "local", ".devcontainer", "ci", "test") for part in parts[:-1]
    )


def parse(text: str, path: str = "Dockerfile") -> Dockerfile:
    """Read a Dockerfile; never raises. What stands before the first FROM and is no ARG is left out."""
    stages: list[Stage] = []
    arguments: dict[str, str] = {}
    for instruction in instructions(text):
        if instruction.keyword == "FROM":
            if len(stages) == STAGES:
                break
            stages.append(_stage(instruction, arguments, stages))
        elif not stages:
            if instruction.keyword == "ARG":
                arguments.update({k: v for k, v in _assignments(instruction.text, arguments) if v is not None})
        else:
            _extend(stages[-1], instruction, arguments)
    return Dockerfile(path, tuple(stages))


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a text in order."""
    lines = text.replace("\r\n", "\n").split("\n")
    escape = _escape(lines)
    at = 0
    while at < len(lines):
        start, parts = at, list[str]()
        while at < len(lines):
            line = lines[at]
            at += 1
            if line.strip().startswith("#") or (parts and not line.strip()):
                # Comments, and empty lines within a continued instruction, are not part of it.
                if not parts:
                    break
                continue
            bare = line.rstrip()
            if bare.endswith(escape):
                parts.append(bare[:-1])
                continue
            parts.append(line)
            break
        joined = " ".join(part.strip() for part in parts).strip()
        if not joined:
            continue
        keyword, _, rest = joined.partition(" ")
        bodies: list[str] = []
        if keyword.upper() in ("RUN", "COPY", "ADD"):
            for _, _, word in _HEREDOC.findall(rest):
                body: list[str] = []
                while at < len(lines) and lines[at].strip() != word:
                    body.append(lines[at])
                    at += 1
                at += 1
                bodies += body
        flags, rest = _flags(rest.strip())
        yield Instruction(keyword.upper(), "\n".join([rest, *bodies]), start + 1, flags)


def image(reference: str) -> Image:
    """Split a reference: a colon after the last slash begins the tag, an @ the digest."""
    name, _, digest = reference.partition("@")
    head, slash, tail = name.rpartition("/")
    tail, _, tag = tail.partition(":")
    name = f"{head}{slash}{tail}"
    for prefix in (
        "docker.io/",
        "index.docker.io/",
        "registry-1.docker.io/",
        "registry.docker.com/",
        "public.ecr.aws/docker/",
        "library/",
    ):
        name = name.removeprefix(prefix)
    return Image(name, tag, digest)


def substituted(text: str, variables: dict[str, str]) -> str | None:
    """A text with its variables put in; None where one has no value."""
    missing = False

    def put(found: re.Match[str]) -> str:
        nonlocal missing
        name, operator, word = found.group(1) or found.group(2), found.group(3) or "", found.group(4) or ""
        value = variables.get(name)
        if "+" in operator:
            return word if value else ""
        if value or (value is not None and ":" not in operator):
            return value
        if "-" in operator:
            return word
        missing = True
        return ""

    done = _VARIABLE.sub(put, text)
    return None if missing else done


def copied_from(stage: Stage) -> list[str]:
    """What `COPY --from=` and `RUN --mount=from=` of a stage name: stages or images."""
    found: list[str] = []
    for instruction in stage.instructions:
        for name, value in instruction.flags:
            source = value if name == "from" else ""
            if name == "mount":
                source = dict(part.partition("=")[::2] for part in value.split(",")).get("from", "")
            if source:
                found.append(substituted(source, stage.variables) or source)
    return found


def _escape(lines: list[str]) -> str:
    for line in lines:
        found = re.match(r"\s*#\s*(\w+)\s*=\s*(\S+)", line)
        if not found:
            break
        if found.group(1).lower() == "escape" and found.group(2) in ("\\", "`"):
            return found.group(2)
    return "\\"


def _flags(rest: str) -> tuple[tuple[tuple[str, str], ...], str]:
    flags: list[tuple[str, str]] = []
    while len(flags) < FLAGS and (found := re.match(r"--([\w-]+)(?:=(\S+))?(?:\s+|$)", rest)):
        flags.append((found.group(1).lower(), (found.group(2) or "").strip("\"'")))
        rest = rest[found.end() :]
    return tuple(flags), rest


_BUILT_IN = {"TARGETARCH": "amd64", "TARGETOS": "linux", "TARGETVARIANT": "", "BUILDARCH": "amd64", "BUILDOS": "linux"}
"""Arguments BuildKit sets by itself, on an amd64 server (docs.docker.com/reference/dockerfile/, platform arguments)."""


def _stage(instruction: Instruction, arguments: dict[str, str], stages: list[Stage]) -> Stage:
    words = instruction.text.split()
    written = words[0].strip("\"'") if words else ""
    name = words[2].lower() if len(words) >= 3 and words[1].lower() == "as" else ""
    platform = dict(instruction.flags).get("platform", "")
    stage = Stage(written, instruction.line, name, substituted(platform, arguments) or platform)
    base = substituted(written, {**_BUILT_IN, **arguments})
    earlier = next((s for s in stages if base and s.name and s.name == base.lower()), None)
    if earlier:
        stage.parent, stage.variables = earlier, dict(earlier.variables)
    elif not base:
        stage.unknown = True
    elif base != "scratch":
        stage.image = image(base)
    return stage


def _extend(stage: Stage, instruction: Instruction, arguments: dict[str, str]) -> None:
    stage.instructions.append(instruction)
    if instruction.keyword in ("ARG", "ENV"):
        for name, value in _assignments(instruction.text, stage.variables):
            known = value if value is not None else arguments.get(name)
            if known is not None and not (instruction.keyword == "ARG" and name in stage.variables and value is None):
                stage.variables[name] = known


def _assignments(text: str, variables: dict[str, str]) -> Iterator[tuple[str, str | None]]:
    """`A=1 B="two words"`, the older `A one value`, and `A` alone (no value)."""
    found = re.match(r"(\w+)\s+([^=\s].*)$", text, re.DOTALL)
    if found and "=" not in text.split(None, 1)[0] and "=" not in found.group(2).split()[0]:
        yield found.group(1), substituted(found.group(2).strip(), variables)
        return
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    for word in words:
        name, equals, value = word.partition("=")
        yield name, (substituted(value, variables) if equals else None)
