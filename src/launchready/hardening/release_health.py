"""Whether the health endpoint can say anything but well: its code is read, nothing is executed.

Read are views of Django, routes of Flask and FastAPI, and of Express. What is not understood is said to be so.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import PurePosixPath

from launchready.gate import check
from launchready.hardening.release.health_python import Handler, python_handlers
from launchready.hardening.variables_model import Scope
from launchready.hardening.variables_places import is_others, scope_of
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look

USUAL = ("readyz", "ready", "readiness", "healthz", "health", "healthcheck", "health-check", "api/health",
         "api/healthz", "_health", "status", "livez", "up", "-/healthy", "-/ready", "health/ready")  # fmt: skip
MOST_FILES = 3_000
_SCRIPTS = (".js", ".mjs", ".cjs", ".ts")


@check(
    "release.health",
    Stage.HARDENING,
    roadmap="C4 E1 X2",
    severity=Severity.HIGH,
    effort=30,
    reference="https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
    needs="deploy",
)
async def health(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The health endpoint says well whatever is broken.

    Why: A release that cannot reach its database gets traffic all the same, and uptime monitoring stays green while
    clients see errors.

    Fix: Let one address, such as `/readyz`, ask the database a small question and answer 503 when that fails; name it
    as `[deploy] health`. An address that only says that the process lives may stay beside it.

    Looked for are the path of `[deploy] health` and the usual names. A handler that returns a constant looks at
    nothing; one that calls anything else, or decides by anything, is taken to look. When one endpoint of the portal
    looks at something, nothing is found: a liveness probe should be constant. Routes of other frameworks are not
    understood, and not checked.
    """
    if look.repository is None or portal.deploy is None:
        yield NotChecked(portal.domain, "no repository is named", "add [repository] to launchready.toml")
        return
    paths = await look.repository.files()
    if isinstance(paths, Failure):
        yield NotChecked(portal.domain, f"the repository cannot be read: {paths}")
        return
    wanted = dict.fromkeys([portal.deploy.health.strip("/"), *USUAL])
    chosen = [p for p in paths if p.endswith((".py", *_SCRIPTS)) and not is_others(p) and scope_of(p) is Scope.RUNTIME]
    names = [path for path in paths if PurePosixPath(path).name in ("Procfile", "Dockerfile")]
    if len(chosen) > MOST_FILES:
        yield NotChecked(portal.domain, f"there are more than {MOST_FILES} source files")
        return
    texts = await asyncio.gather(*(look.repository.text(path) for path in (*chosen, *names)))
    sources = {path: text for path, text in zip((*chosen, *names), texts, strict=True) if isinstance(text, str)}
    found = await asyncio.to_thread(_handlers, sources, frozenset(wanted))
    if not found:
        where = portal.deploy.health
        yield NotChecked(where, "no code that answers there was found, in a framework that is understood")
        return
    looking = [one for one in found if not one.constant]
    for one in looking[:1]:
        yield Passed(f"/{one.route}", f"{one.path}:{one.line} looks at something before it answers")
    if not looking:
        one = min(found, key=lambda handler: list(wanted).index(handler.route))
        routes = ", ".join(sorted({f"/{other.route}" for other in found}))
        problem = f"{routes} says well whatever is broken: it returns a constant."
        yield Finding(f"{one.path}:{one.line}", problem, evidence=one.quoted)


def _handlers(sources: Mapping[str, str], wanted: frozenset[str]) -> list[Handler]:
    found = python_handlers({p: t for p, t in sources.items() if not p.endswith(_SCRIPTS)}, wanted)
    for path, text in sources.items():
        if path.endswith(_SCRIPTS):
            found += _express(path, text, wanted)
    return found


_ROUTE = re.compile(
    r"""\b(?:app|router|server|fastify|api|route[rs]?)\.(?:get|all)\(\s*["'`]/?([\w/.-]{1,60}?)/?["'`]\s*,"""
)
_ANSWERS = re.compile(
    r"""^(?:return\s+|await\s+)?(?:res|reply|response|ctx|c|rep)\b(?:\s*\.\s*(?:status|send|json|sendStatus|end|set|type|code|text)"""
    r"""\([^()]*(?:\(\))?[^()]*\))+;?$"""
)


_DECIDES = re.compile(r"\bawait\b|\s\?\s|\bif\s*\(|\b50[03]\b")
"""What a handler has that can say something else than well."""


def _express(path: str, text: str, wanted: frozenset[str]) -> list[Handler]:
    found = []
    for match in _ROUTE.finditer(text):
        if match[1] not in wanted:
            continue
        call = _arguments(text, match.end())
        arrow = re.match(r"\s*(?:async\s+)?(?:function\s*\w*\s*)?\(?[\w\s,:{}]*\)?\s*(?:=>)?\s*", call)
        if arrow is None or ("=>" not in call and "function" not in call):
            continue  # a handler from elsewhere, or a chain of them: not understood
        body = call[arrow.end() :].strip().rstrip(",").strip()
        inner = body[1:-1] if body.startswith("{") and body.endswith("}") else body
        statements = [line.strip() for line in re.sub(r"//[^\n]*", "", inner).split("\n") if line.strip()]
        joined = " ".join(statements)
        constant = bool(joined) and all(
            _ANSWERS.match(part.strip()) for part in re.split(r";\s*", joined) if part.strip()
        )
        line = text.count("\n", 0, match.start()) + 1
        found.append(Handler(match[1], path, line, constant and not _DECIDES.search(inner), joined[:160]))
    return found


def _arguments(text: str, start: int) -> str:
    """What stands between here and the bracket that closes the call; strings are not looked into."""
    depth = 1
    for at in range(start, min(len(text), start + 4000)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0:
            return text[start:at]
    return text[start : start + 4000]
