"""Whether a requirements.txt that nothing else locks names the versions it installs."""

from __future__ import annotations

import re

from launchready.hardening.dependencies import Wanted, for_production, requirements
from launchready.hardening.documents import Shelf, basename, folder_of, join
from launchready.hardening.projects import Project
from launchready.model import Finding, Passed, Row, Severity
from launchready.redaction import without_secrets

_PRODUCTION = ("requirements.txt", "requirements/production.txt", "requirements/prod.txt", "requirements/base.txt")


async def unpinned(shelf: Shelf, project: Project, manifest: list[Wanted]) -> Row | None:
    """What a requirements file leaves open; None where there is none to judge by.

    `manifest` is what a pyproject.toml beside it asks for: the file then stands for its lock file.
    """
    paths = shelf.beside(project.folder, *_PRODUCTION, "requirements-prod.txt", "requirements-production.txt")
    path = next((path for path in paths if for_production(path)), None)
    if path is None or not project.application:
        return None
    lines = await requirements(shelf, path)
    if not lines and path in shelf.unread:
        return None
    compiled = shelf.beside(project.folder, "requirements.in")
    sources = manifest + [wanted for source in compiled for wanted in await requirements(shelf, source)]
    names = {wanted.name for wanted in lines}
    absent = [w for w in sources if w.name not in names and not (w.conditional or w.development or w.elsewhere)]
    if absent:
        return Finding(
            path,
            f"{path} is stale: {len(absent)} of what {basename(absent[0].where).partition(':')[0]} asks for "
            f"{'is' if len(absent) == 1 else 'are'} not in it.",
            evidence="\n".join(f"{w.where}: {w.name}" for w in absent[:12]),
            fix="Compile it again (`uv pip compile` or `pip-compile`) and commit the result.",
            key="stale",
        )
    fixed = await _constraints(shelf, path)
    loose = [wanted for wanted in lines if not _is_pinned(wanted) and wanted.name not in fixed]
    if not loose:
        return Passed(path, f"{len(lines)} of {len(lines)} requirements name one version")
    bare = [wanted for wanted in loose if not wanted.spec and not wanted.elsewhere]
    severity = Severity.HIGH if bare else Severity.NICE
    what = "name no version at all" if bare else "name a range, not a version"
    count = len(bare or loose)
    what = what if count != 1 else what.replace("name ", "names ")
    return Finding(
        path,
        f"{count} of {len(lines)} requirements in {path} {what}: deployments may differ.",
        evidence="\n".join(
            f"{w.where}: {w.name}{' ' if w.spec else ''}{without_secrets(w.spec)[:60]}" for w in [*bare, *loose][:12]
        ),
        fix="Write the ranges into requirements.in or pyproject.toml, compile exact versions (`uv pip compile "
        "requirements.in -o requirements.txt`), commit both.",
        severity=severity,
        key="unpinned",
    )


def _is_pinned(wanted: Wanted) -> bool:
    if wanted.elsewhere:
        # An archive is one version; a repository is one only at a commit or a tag.
        return (
            not re.match(r"(git|hg|svn|bzr)\+", wanted.spec) or "@" in wanted.spec.partition("://")[2].partition("/")[2]
        )
    return bool(re.fullmatch(r"===?\s*[^,*\s]+", wanted.spec))


async def _constraints(shelf: Shelf, path: str) -> set[str]:
    names: set[str] = set()
    for line in (await shelf.text(path) or "").splitlines():
        option = re.match(r"\s*(?:-c|--constraint)[ =]?\s*(\S+)", line)
        inner = join(folder_of(path), option.group(1)) if option else ""
        if inner and inner in shelf.listing.files:
            names |= {wanted.name for wanted in await requirements(shelf, inner) if _is_pinned(wanted)}
    return names
