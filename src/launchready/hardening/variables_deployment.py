"""Which environment variables deployment files read: Dockerfile, compose, Procfile, shell scripts, GitHub Actions,
Prisma schemas, front-end pages. What they set is in `variables_platforms`."""

from __future__ import annotations

import re

from launchready.hardening.dockerfile import instructions
from launchready.hardening.variables_model import Facts, Found, Need
from launchready.hardening.variables_yaml import composed, entry, scalars

_EXPANSION = re.compile(r"(?<![\\$])\$(?:\{([A-Za-z_]\w*)(?:(:?[-=?+])([^{}]*))?[^{}]*\}|([A-Za-z_]\w*))")
_UPPER = re.compile(r"[A-Z][A-Z0-9_]+\Z")
_SET = re.compile(
    r"(?:^|[\s;&|(])(?:export\s+|local\s+|readonly\s+|declare\s+(?:-\w+\s+)*)?([A-Za-z_]\w*)\+?=|\bfor\s+(\w+)\s+in\b"
    r"|\bread\s+(?:-\w+\s+)*([\w ]+)|\bgetopts\s+\S+\s+(\w+)"
)
_SHELL_TEST = re.compile(r"""\[\[?\s+(?:!\s+)?-[nzv]\s+["']?\$?\{?([A-Za-z_]\w*)""")
_LABEL = re.compile(
    r"(?:^|_)(?:VERSION|COMMIT|SHA|REVISION|REF|UID|GID|ARCH|OS|VARIANT|TAG)$|BUILD_?(?:DATE|TIME|NUMBER|ID|PLATFORM)|^TARGET|"
    r"^(?:BUILD|GIT|VCS)_"
)
"""Arguments that tell what is built, for whom and of which state: the build gives them, no environment does."""
_ACTIONS = re.compile(r"\$\{\{[^{}]*?\}\}")
_ACTION_NAME = re.compile(r"\b(secrets|vars)\.([A-Za-z_]\w*)|\b(secrets|vars)\[['\"](\w+)['\"]\]")
_PRISMA = re.compile(r'\benv\(\s*"(\w+)"\s*\)')
_PAGE = re.compile(r"%((?:VITE|REACT_APP|VUE_APP)_\w+)%")


def read_dockerfile(source: str) -> Facts:
    """Build arguments that must be given, and what a start command expands. `ENV` sets, and is told by the platforms.

    An argument with a default, or before the first FROM, is a knob of the build; so is one that only labels it.
    """
    facts = Facts()
    own: set[str] = set()
    building, arguments = False, set[str]()
    for one in instructions(source):
        line, instruction, rest = one.line, one.keyword, one.text
        if instruction == "FROM":
            building = True
        elif instruction == "ARG":
            for word in rest.split():
                name, equals, _ = word.partition("=")
                own.add(name)
                if building and _UPPER.match(name) and not (equals or name in arguments or _LABEL.search(name)):
                    facts.found.append(Found(name, line, Need.OPTIONAL))
                elif not building:
                    arguments.add(name)
        elif instruction == "ENV":
            own |= {name for name, _ in assignments(rest)}
        elif instruction in ("CMD", "ENTRYPOINT"):
            facts.found += [f for f in _expanded(rest, line) if f.name not in own]
    return facts


def assignments(rest: str) -> list[tuple[str, str]]:
    """The pairs of a Dockerfile's `ENV`: `A=1 B="two words"`, or the old `A 1`."""
    if re.match(r"[A-Za-z_]\w*=", rest):
        pairs = re.findall(r"""([A-Za-z_]\w*)=("(?:[^"\\]|\\.)*"|'[^']*'|\S*)""", rest)
        return [(name, value.strip("\"'")) for name, value in pairs]
    name, _, value = rest.partition(" ")
    return [(name, value.strip())] if name else []


def read_shell(source: str) -> Facts:
    """What a shell script or a Procfile expands and does not set itself."""
    facts = Facts()
    own: set[str] = set()
    for match in _SET.finditer(source):
        own |= set((match[1] or match[2] or match[3] or match[4] or "").split())
    tested = {match[1] for match in _SHELL_TEST.finditer(source)}
    for number, row in enumerate(source.splitlines(), 1):
        plain = re.sub(r"'[^']*'", "", row)
        plain = re.sub(r"(?:^|\s)#.*", "", plain)
        for found in _expanded(plain, number):
            defaulted = found.need in (Need.REQUIRED, Need.DEFAULT)
            if found.name in own and not defaulted:
                continue
            if found.name in tested and found.need is Need.EMPTY:
                found = Found(found.name, number, Need.OPTIONAL)
            facts.found.append(found)
    return facts


def _expanded(text: str, line: int) -> list[Found]:
    found = []
    for match in _EXPANSION.finditer(text):
        name, operator, rest = match[1] or match[4], match[2] or "", match[3]
        if not _UPPER.match(name):
            continue
        if operator.endswith("?"):
            found.append(Found(name, line, Need.REQUIRED))
        elif operator.endswith(("-", "=")):
            found.append(Found(name, line, Need.DEFAULT, rest if "$" not in (rest or "") else None))
        else:  # an unset variable is an empty word to a shell
            found.append(Found(name, line, Need.OPTIONAL))
    return found


def read_compose(source: str) -> Facts:
    """What a compose file takes from its surroundings: `${X}`, `${X:?}`, and names without a value."""
    facts = Facts()
    for number, row in enumerate(source.splitlines(), 1):
        if not row.lstrip().startswith("#"):
            facts.found += _expanded(row.replace("$$", ""), number)
    root = composed(source)
    if root is None:
        facts.trouble = "it is not YAML that can be parsed"
        return facts
    for _, service in scalars(entry(root, "services"), nested=True):
        for name, value in scalars(entry(service, "environment")):
            if value is None and _UPPER.match(name.value):
                facts.found.append(Found(name.value, name.start_mark.line + 1, Need.OPTIONAL))
    return facts


def read_actions(source: str) -> Facts:
    """Secrets and variables of GitHub that a workflow asks for."""
    facts = Facts()
    for number, row in enumerate(source.splitlines(), 1):
        if row.lstrip().startswith("#"):
            continue
        for expression in _ACTIONS.finditer(row):
            for match in _ACTION_NAME.finditer(expression[0]):
                name = match[2] or match[4]
                if name.upper() != "GITHUB_TOKEN":
                    facts.found.append(Found(name.upper(), number, Need.OPTIONAL))
    return facts


def read_prisma(source: str) -> Facts:
    """`env("DATABASE_URL")` of a Prisma schema."""
    facts = Facts()
    for number, row in enumerate(source.splitlines(), 1):
        facts.found += [Found(m[1], number, Need.REQUIRED) for m in _PRISMA.finditer(row.partition("//")[0])]
    return facts


def read_page(source: str) -> Facts:
    """`%VITE_NAME%` of a front end's page."""
    found = [
        Found(m[1], number, Need.EMPTY)
        for number, row in enumerate(source.splitlines(), 1)
        for m in _PAGE.finditer(row)
    ]
    return Facts(found=found, client=True)
