"""Checks of environment variables that keep environments apart and secrets out of the browser."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Iterable

from launchready.gate import check
from launchready.hardening.dockerfile import instructions
from launchready.hardening.variables import PRODUCTION, taken
from launchready.hardening.variables_dotenv import parse_dotenv
from launchready.hardening.variables_environments import canonical
from launchready.hardening.variables_model import Declared, Inventory, Scope, Variable
from launchready.hardening.variables_names import (
    PUBLIC_PREFIXES,
    is_development,
    is_never_public,
    is_placeholder,
    is_public,
    is_publishable,
    is_publishable_value,
    is_secret,
)
from launchready.hardening.variables_places import environment_of, is_example, scope_of
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.redaction import redacted


@check(
    "variables.same_value",
    Stage.HARDENING,
    roadmap="C1 M3",
    severity=Severity.BLOCKER,
    effort=15,
    reference="https://12factor.net/config",
    needs="repository",
)
async def same_value(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A secret has the same value in development and in production.

    Why: whoever has ever had a laptop, a backup or a chat with the development key can act as production: read clients'
    data, charge cards, sign in as anybody.

    Fix: make a new value for production, set it there only, and revoke the old one.

    Values are compared by hash where both are known: environment files on this machine and values in platform files.
    Placeholders and addresses of a developer's machine do not count. A publishable key may be shared.
    """
    found = await taken(portal, look)
    if isinstance(found, NotChecked):
        yield found
        return
    compared = 0
    for variable in found.variables.values():
        if not is_secret(variable.name) or is_public(variable.name):
            continue
        ours = [d for d in variable.declared if d.environment == PRODUCTION and _real(d)]
        theirs = [d for d in variable.declared if d.environment == "development" and _real(d)]
        compared += bool(ours and theirs)
        for one, other in ((a, b) for a in ours for b in theirs if _digest(a) == _digest(b) and a.place != b.place):
            yield Finding(
                variable.name,
                f"{variable.name} has the same value in development and in production.",
                evidence=f"{one.place} and {other.place}: {redacted(one.value or '')}",
            )
            break
        else:
            continue
    pairs = f"{compared} secrets" if compared != 1 else "one secret"
    yield Passed(PRODUCTION, f"{pairs} known in both environments were compared")


def _real(entry: Declared) -> bool:
    value = entry.value
    return bool(value) and len(value or "") >= 4 and not is_placeholder(value or "") and not is_development(value or "")


def _digest(entry: Declared) -> bytes:
    return hashlib.sha256((entry.value or "").encode("utf-8", "surrogatepass")).digest()


@check(
    "variables.exposed",
    Stage.HARDENING,
    roadmap="C1 C2 M3 A8",
    severity=Severity.BLOCKER,
    effort=30,
    reference="https://nextjs.org/docs/app/guides/environment-variables#bundling-environment-variables-for-the-browser",
    needs="repository",
)
async def exposed(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A secret is named so, or read where, it ends up in the pages that every visitor downloads.

    Why: anybody who opens the developer tools has the key.

    Fix: take the public prefix off, read the variable on the server only, let the page ask the server; then revoke the
    key, for it has been served.

    Front-end builds copy variables with certain prefixes (NEXT_PUBLIC_, VITE_, REACT_APP_, PUBLIC_, …) into the
    bundle; so do `env` in a Next.js configuration, `define` in one of Vite, and DefinePlugin. Keys made for browsers
    are left alone: publishable and anon keys, site keys, Sentry DSNs, map keys, analytics. A name that only might be a
    secret (an API key of an unknown service behind a public prefix) is a high risk, not a blocker.
    """
    found = await taken(portal, look)
    if isinstance(found, NotChecked):
        yield found
        return
    bad = False
    for variable in found.variables.values():
        if row := _exposure(variable):
            bad = True
            yield row
    if not bad:
        public = sum(is_public(name) for name in found.variables)
        yield Passed("variables", f"{public} of {len(found.variables)} are public by name, none of them a secret")


def _exposure(variable: Variable) -> Finding | None:
    name = variable.name
    reads = [r for r in variable.reads if r.scope not in (Scope.TEST, Scope.CI)]
    values = [d.value for d in variable.declared if d.value]
    if values and all(is_publishable_value(v) for v in values):
        return None
    bare = next((name.removeprefix(p) for p in PUBLIC_PREFIXES if name.startswith(p)), "")
    places = [r.place for r in reads] or [d.place for d in variable.declared]
    if not places and variable.documented is not None:
        places = [f"{variable.documented.path}:{variable.documented.line}"]
    if bare and places and is_secret(bare) and not is_publishable(bare):
        prefix = name.removesuffix(bare)
        certain = is_never_public(name)
        return Finding(
            name,
            f"{name} goes to every visitor, for its prefix {prefix} makes the build copy it into the pages"
            + ("." if certain else "; make sure that it is no secret."),
            evidence=", ".join(places[:5]),
            severity=Severity.BLOCKER if certain else Severity.HIGH,
        )
    if bare or not is_never_public(name):
        return None
    for read in reads:
        if read.inlined or (read.client and read.scope is Scope.RUNTIME):
            how = "the build configuration writes it into the pages" if read.inlined else "it is read in the browser"
            return Finding(name, f"{name} is a secret, and {how}.", evidence=read.place)
    return None


@check(
    "variables.one_file",
    Stage.HARDENING,
    roadmap="C1 C2",
    severity=Severity.HIGH,
    effort=30,
    reference="https://12factor.net/config",
    needs="repository",
)
async def one_file(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Development and production share one environment file, or a file with real values is committed.

    Why: a test on a laptop then writes to the clients' database and mails real people; and whoever can read the
    repository has every key of production.

    Fix: give each environment its own variables: `.env`, ignored by git, on each developer's machine, and the store of
    the platform for production. Take committed files out of git (`git rm --cached .env`), change the secrets in them.

    A committed file counts when a secret in it holds more than a placeholder or a developer's address: that frameworks
    such as Symfony, Vite and Next.js commit files with harmless defaults is fine. A Dockerfile that copies `.env` bakes
    one file into the image wherever it runs.
    """
    found = await taken(portal, look)
    if isinstance(found, NotChecked):
        yield found
        return
    rows = [*_shared(portal), *await _committed(look, found), *await _copied(look)]
    for row in rows:
        yield row
    if not any(isinstance(row, Finding) for row in rows):
        yield Passed("environment files", "each environment has its own, none with secrets is committed")


def _shared(portal: Portal) -> Iterable[Row]:
    files: dict[str, list[str]] = {}
    for name, settings in portal.environments.items():
        if settings.env_file:
            files.setdefault(settings.env_file.removeprefix("./"), []).append(name)
    for path, names in files.items():
        kinds = {canonical(name) for name in names}
        if PRODUCTION in kinds and len(kinds) > 1:
            yield Finding(path, f"{path} is the environment file of {' and of '.join(names)}.", key="shared")
        elif PRODUCTION in kinds and re.fullmatch(r"(?:.*/)?\.env(?:\.local)?", path) and len(files) == 1:
            yield Finding(
                path,
                f"{path} holds production's variables, and tools load a file of that name on every developer's "
                "machine.",
                fix="Move production's values to the platform's store, or to `.env.production`, and let "
                "`.env` hold values of development only.",
                key="shared",
            )


async def _committed(look: Look, found: Inventory) -> Iterable[Row]:
    rows: list[Row] = []
    assert look.repository is not None  # noqa: S101 - these checks need a repository
    for path in found.tracked_env_files:
        if is_example(path) or scope_of(path) in (Scope.TEST, Scope.TOOLING, Scope.CI):
            continue
        if environment_of(path) == "test":
            continue
        text = await look.repository.text(path)
        if isinstance(text, Failure):
            rows.append(NotChecked(path, f"it could not be read: {text}", "look into it by hand"))
            continue
        real = [
            entry
            for entry in parse_dotenv(text)[0]
            if is_secret(entry.name)
            and not is_public(entry.name)
            and entry.value
            and len(entry.value) >= 4
            and not is_placeholder(entry.value)
            and not is_development(entry.value)
        ]
        if real:
            shown = ", ".join(f"{e.name} {redacted(e.value or '')}" for e in real[:5])
            rows.append(
                Finding(
                    path,
                    f"{path} is committed with real values of {len(real)} secret{'s' if len(real) > 1 else ''}.",
                    evidence=shown + (", …" if len(real) > 5 else ""),
                    key="committed",
                )
            )
    return rows


async def _copied(look: Look) -> Iterable[Row]:
    assert look.repository is not None  # noqa: S101 - these checks need a repository
    files = await look.repository.files()
    rows: list[Row] = []
    for path in () if isinstance(files, Failure) else files:
        if "ockerfile" not in path.rpartition("/")[2] or scope_of(path) is not Scope.RUNTIME:
            continue
        text = await look.repository.text(path)
        if isinstance(text, Failure):
            continue
        for one in instructions(text):
            words = one.argv or one.text.split()
            named = [w for w in words[:-1] if re.fullmatch(r"(?:\./)?\.env(?:\.prod(?:uction)?|\.local)?", w)]
            if one.keyword in ("COPY", "ADD") and named and "from" not in dict(one.flags):
                rows.append(
                    Finding(
                        f"{path}:{one.line}",
                        f"The image contains {named[0]}: the same values wherever it runs, for all who can pull it.",
                        evidence=f"{one.keyword} {one.text[:80]}",
                        fix="Remove the line, add `.env*` to .dockerignore, and set the variables where it runs.",
                        key="copied",
                    )
                )
    return rows
