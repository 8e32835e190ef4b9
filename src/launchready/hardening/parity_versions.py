"""Whether every place that names a language's version names the same one, and whether that one is still maintained."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import date
from itertools import combinations

from launchready.gate import check
from launchready.hardening.dockerfile import for_development, is_dockerfile, parse
from launchready.hardening.documents import Shelf, open_shelf, table, within
from launchready.hardening.projects import Project, owner, projects
from launchready.hardening.runtime_pipelines import pipelines
from launchready.hardening.runtime_support import ENDS, NAMES, PAGES, end_of, parts_of_a_line
from launchready.hardening.runtime_versions import Statement, Weight, of_image, statements
from launchready.hardening.version_ranges import EVERYTHING, Range, line
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look


@check(
    "parity.versions",
    Stage.HARDENING,
    roadmap="C3",
    severity=Severity.HIGH,
    effort=30,
    reference="https://12factor.net/dev-prod-parity",
    needs="repository",
)
async def versions(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The language runs in another version in production than elsewhere, or in one that is no longer maintained.

    Why: what was tested is not what runs: an installation that worked for months fails in the deployment, or a page
    breaks in production only. A version past its end gets no security fixes, which a buyer's security review asks
    about.

    Fix: choose one maintained version and write it in every place that is listed.

    Compared are version files (`.python-version`, `.nvmrc`, `.ruby-version`, `.tool-versions`, `mise.toml`, ...),
    manifests, lock files, the stages of Dockerfiles that production is made of, workflows and platform files, per
    project and language (Python, Node.js, Ruby, PHP, Go). Ranges that admit each other agree; two exact versions
    are compared by release line (3.12, 22), but a version that the language's own tool insists on (Gemfile,
    requires-python, composer.json, go.mod) must be met exactly. Workflows agree when one of their versions is the
    one of production. When nothing states a version, that is nice to fix. The dates of support are from
    endoflife.date.
    """
    shelf = await open_shelf(look)
    if isinstance(shelf, NotChecked):
        yield shelf
        return
    said = [*await statements(shelf), *await pipelines(shelf)]
    every = await projects(shelf)
    unversioned = await _unversioned(shelf)
    looked = False
    for language in NAMES:
        mine = [project for project in every if project.language == language and not project.workspace]
        for project, group in _grouped(mine, [s for s in said if s.language == language]):
            for row in _judge(language, project, group, look.now.date()):
                looked = True
                yield row
            missing = not group and language not in unversioned
            if missing and project and await _runs(shelf, project):
                looked = True
                yield _none_stated(project)
    for complaint in shelf.complaints():
        yield complaint
    if not looked:
        yield Passed("versions of languages", "none is stated, and no application needs one")


def _grouped(mine: list[Project], said: list[Statement]) -> Iterator[tuple[Project | None, list[Statement]]]:
    """The statements of each project; those above several projects count for each of them."""
    if not mine:
        if said:
            yield None, said
        return
    for project in mine:
        group = []
        for one in said:
            nearest = owner(mine, one.folder)
            alone = len(mine) == 1
            shared = nearest is None and one.weight is Weight.VERSION_FILE and within(project.folder, one.folder)
            if one.weight is Weight.PIPELINE and not one.folder and not alone:
                continue
            if nearest is project or alone or shared:
                group.append(one)
        yield project, group


def _judge(language: str, project: Project | None, group: list[Statement], today: date) -> Iterator[Row]:
    if not group:
        return
    name = NAMES[language] + (f" in {project.folder}" if project and project.folder else "")
    key = f"{language} {project.folder if project else ''}".strip()
    group = sorted(group, key=lambda s: (s.weight, s.where))
    told = "\n".join(map(str, group))[:1500]
    clash = _clash(language, group)
    if clash:
        first, other = clash
        yield Finding(
            first.where,
            f"{name} is {first.text} in {_file(first)}, but {_others(other)}.",
            evidence=told,
            key=f"{key} differs",
        )
    ended = _ended(language, group, today)
    if ended:
        statement, end = ended
        yield Finding(
            statement.where,
            f"{NAMES[language]} {statement.text} has had no security fixes since {end.isoformat()}.",
            evidence=told,
            fix=f"Move to a maintained version ({_maintained(language, today)}), in every place that names one.",
            reference=PAGES[language],
            effort_min=120,
            key=f"{key} ended",
        )
    if not clash and not ended:
        places = "one place names it" if len(group) == 1 else f"{len(group)} places agree"
        shown = ", ".join(map(str, group[:4])) + (", ..." if len(group) > 4 else "")
        yield Passed(name, f"{places}: {shown}{_supported(language, group)}")


def _clash(language: str, group: list[Statement]) -> tuple[Statement, list[Statement]] | None:
    fixed = [s for s in group if s.weight is not Weight.PIPELINE]
    tested = [s for s in group if s.weight is Weight.PIPELINE]
    for first, other in combinations(fixed, 2):
        if _meeting(language, first, other).empty:
            return first, [s for s in fixed if s is not first and _meeting(language, first, s).empty]
    if not fixed or not tested:
        return None
    common = EVERYTHING
    for one in fixed:
        common = common.meet(one.admits.widened(parts_of_a_line(language)))
    union = tested[0].admits
    for one in tested[1:]:
        union = union.join(one.admits)
    if common.empty or not common.meet(union.widened(parts_of_a_line(language))).empty:
        return None
    return fixed[0], tested


def _meeting(language: str, first: Statement, other: Statement) -> Range:
    if first.enforced or other.enforced:
        return first.admits.meet(other.admits)
    parts = parts_of_a_line(language)
    return first.admits.widened(parts).meet(other.admits.widened(parts))


def _ended(language: str, group: list[Statement], today: date) -> tuple[Statement, date] | None:
    """The statement nearest to production whose every version is past its end, and when the last of them ended."""
    nearest = [s for s in group if s.weight is group[0].weight]
    for statement in nearest:
        end = _end(language, statement.admits)
        if end and end < today:
            return statement, end
    return None


def _end(language: str, admits: Range) -> date | None:
    if admits.open:
        return None
    lines = [name for name in ENDS[language] if (all := line(".".join(map(str, name)))) and not all.meet(admits).empty]
    if not lines:
        oldest = min(ENDS[language])
        high = max(high for _, high in admits.pieces)
        return end_of(language, oldest) if high[: len(oldest)] <= oldest else None
    newest = max(lines)
    above = line(".".join(map(str, newest)))
    # What reaches past the newest line that is known may be a release that the table does not have yet.
    beyond = above is None or max(high for _, high in admits.pieces) > max(high for _, high in above.pieces)
    if beyond and newest == max(ENDS[language]):
        return None
    ends = [end_of(language, name) for name in lines]
    return max((end for end in ends if end), default=None)


def _maintained(language: str, today: date) -> str:
    living = [".".join(map(str, name)) for name, end in ENDS[language].items() if end > today]
    return "such as " + " or ".join(living[-2:]) if living else f"see {PAGES[language]}"


def _supported(language: str, group: list[Statement]) -> str:
    end = _end(language, group[0].admits)
    return f"; maintained until {end.isoformat()}" if end else ""


def _file(statement: Statement) -> str:
    return statement.where.rpartition(":")[0]


def _others(statements: list[Statement]) -> str:
    texts = list(dict.fromkeys(f"{s.text} in {_file(s)}" for s in statements))
    more = f", and {len(texts) - 3} more" if len(texts) > 3 else ""
    return ", ".join(texts[:3]) + more


async def _unversioned(shelf: Shelf) -> set[str]:
    """Languages whose image carries no version; the check of base images says so."""
    found: set[str] = set()
    for path in shelf.files:
        if is_dockerfile(path) and not for_development(path):
            for stage in parse(await shelf.text(path) or "", path).used():
                held = of_image(stage.image) if stage.image else None
                found |= {held[0]} if held and not held[1] else set()
    return found


async def _runs(shelf: Shelf, project: Project) -> bool:
    """Whether a project is an application with something to run, not a folder with tools in it."""
    if not project.application:
        return False
    if project.language != "node":
        return True
    data = await shelf.table(project.manifests[0])
    return bool(table(data.get("dependencies"))) or bool({"start", "build"} & table(data.get("scripts")).keys())


def _none_stated(project: Project) -> Finding:
    name, manifest = NAMES[project.language], project.manifests[0]
    file = {"python": ".python-version", "node": ".nvmrc", "ruby": ".ruby-version"}.get(project.language, manifest)
    return Finding(
        manifest,
        f"Nothing says which version of {name} the project needs; each machine takes the one it happens to have.",
        evidence="looked for in version files, manifests, lock files, Dockerfiles, workflows and platform files",
        fix=f"Write the version that production runs into {file}.",
        severity=Severity.NICE,
        effort_min=10,
        key=f"{project.language} {project.folder} none".strip(),
    )
