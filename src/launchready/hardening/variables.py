"""Checks of environment variables: what production lacks, what nobody wrote down, what nobody reads any more."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable

from launchready.gate import check
from launchready.hardening.variables_inventory import inventory
from launchready.hardening.variables_model import Environment, Inventory, Need, Read, Scope, Variable
from launchready.hardening.variables_names import (
    is_development,
    is_dispensable,
    is_placeholder,
    is_provided,
    is_publishable,
    is_read_by_libraries,
    is_secret,
    is_stock_laravel,
    is_vital,
)
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import FILE_NAME, Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.redaction import redacted

PRODUCTION = "production"
_LISTENS = ("BIND", "BIND_ADDRESS", "LISTEN", "LISTEN_ADDR", "LISTEN_ADDRESS")
_EVERYWHERE = ("0.0.0.0", "::", ":")  # noqa: S104 - recognised, not bound to
LISTED = 12
"""Names that one row lists."""
DOCUMENTATION = "https://12factor.net/config"
KNOW_MORE = (
    f'list the names in {FILE_NAME}: [environments.production] variables = ["DATABASE_URL", …], '
    "or env_file = the file that holds them"
)


async def taken(portal: Portal, look: Look) -> Inventory | NotChecked:
    """The inventory, or why there is none."""
    found = await inventory(portal, look)
    if isinstance(found, Failure):
        return NotChecked(portal.domain, f"the repository could not be read: {found}", "name its folder with --repo")
    return found


@check(
    "variables.missing",
    Stage.HARDENING,
    roadmap="C1 C8",
    severity=Severity.BLOCKER,
    effort=10,
    reference=DOCUMENTATION,
    needs="repository",
)
async def missing(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Production lacks an environment variable that the code reads without a default.

    Why: the portal does not start, or starts and shows a blank page or fails at the login, on the day the buyer looks.

    Fix: set the variable where production keeps its variables, then deploy again.

    Readings are found in the syntax of Python, JavaScript, TypeScript, Ruby, PHP and Go and in deployment files;
    tests, scripts, examples and other people's code do not count. A reading that is tested, or has a default
    anywhere, is not missing; one without which the code goes on with nothing, and whose name is not that of a key,
    an address or a public setting, is a high risk; error tracking and analytics are nice to have. What the platform
    or the framework provides is never missing. What production holds is known from launchready.toml, its environment
    file, platform files such as render.yaml, and the platform's store, asked for names where launchready.toml names
    platform and token; where none of these is complete, this is not checked rather than
    guessed. A variable that is there but empty, or still holds the example's placeholder, is missing too.
    """
    found = await taken(portal, look)
    if isinstance(found, NotChecked):
        yield found
        return
    for unread in _unread(found):
        yield unread
    known = [e for e in found.environments.values() if e.name not in ("development", "test")]
    if not any(e.name == PRODUCTION for e in known):
        known.append(Environment(PRODUCTION))
    for environment in known:
        for row in _missing_in(environment, found):
            yield row


def _missing_in(environment: Environment, found: Inventory) -> Iterable[Row]:
    production = environment.name == PRODUCTION
    needed = [v for v in found.variables.values() if v.need in (Need.REQUIRED, Need.EMPTY) and not is_provided(v.name)]
    absent = [v for v in needed if not _there(v, environment)]
    doubtful: list[Variable] = []
    for variable in absent:
        read, entry = variable.decisive, environment.declared.get(variable.name)
        assert read is not None  # noqa: S101 - `need` is of a reading
        if entry is None and not environment.complete:
            doubtful.append(variable)
            continue
        severity = _weight(variable) if production else max(_weight(variable), Severity.HIGH, key=lambda s: s.rank)
        state = (
            "lacks" if entry is None else "holds nothing for" if entry.value == "" else "holds only a placeholder for"
        )
        effect = "the portal stops without it" if variable.need is Need.REQUIRED else "it has no default"
        yield Finding(
            variable.name,
            f"{environment.name.capitalize()} {state} {variable.name}, which the code reads; {effect}.",
            evidence=f"{_places(variable.runtime)}; known of {environment.name}: {', '.join(environment.sources)}"
            + (f"; {entry.place}" if entry else ""),
            severity=severity,
            key="" if production else environment.name,
        )
    if doubtful:
        names = ", ".join(v.name for v in doubtful[:LISTED]) + (", …" if len(doubtful) > LISTED else "")
        why = environment.partial_reason or "nothing tells which variables it holds"
        yield NotChecked(
            environment.name,
            f"whether it holds {names} is not known: {why}",
            KNOW_MORE.replace(PRODUCTION, environment.name),
        )
    if not absent:
        held = f"holds all {len(needed)} variables that the code needs" if needed else "the code needs no variable"
        yield Passed(environment.name, held)


def _weight(variable: Variable) -> Severity:
    """How bad it is that production lacks it."""
    if variable.need is Need.EMPTY and is_dispensable(variable.name):
        return Severity.NICE
    # Where the code goes on with nothing, the name tells whether what follows can work.
    return Severity.BLOCKER if variable.need is Need.REQUIRED or is_vital(variable.name) else Severity.HIGH


def _there(variable: Variable, environment: Environment) -> bool:
    """Whether the environment holds a real value, under this name or one that the code tries besides."""
    read = variable.decisive
    for name in (variable.name, *(read.others if read else ())):
        if environment.holds(name):
            value = environment.declared[name].value
            if value is None or not (is_secret(name) and is_placeholder(value)):
                return True
    return False


@check(
    "variables.undocumented",
    Stage.HARDENING,
    roadmap="C7 C8 F2",
    severity=Severity.NICE,
    effort=5,
    reference="https://github.com/bkeepers/dotenv#should-i-commit-my-env-file",
    needs="repository",
)
async def undocumented(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The code reads environment variables that the example file does not name.

    Why: whoever sets up the next server, or takes the portal over, finds out about the variable from a failure.

    Fix: run `launchready env template --output .env.example --force`; it adds what is missing with safe values and
    keeps the comments and the order of the file.

    Where there is no example file at all (.env.example, .env.sample, .env.template, .env.dist), that is one finding,
    a high risk where a variable has no default. An entry that is commented out counts as documented. Variables of
    tests, scripts and pipelines, and those that platforms and frameworks provide, need not be in it.
    """
    found = await taken(portal, look)
    if isinstance(found, NotChecked):
        yield found
        return
    read = [v for v in found.variables.values() if v.runtime and not is_provided(v.name) and not _of_laravel(v)]
    lacking = [v for v in read if v.documented is None and not _other_is_documented(v, found)]
    if read and not found.examples:
        names = ", ".join(v.name for v in read[:LISTED]) + (", …" if len(read) > LISTED else "")
        count = "one variable" if len(read) == 1 else f"{len(read)} variables"
        yield Finding(
            ".env.example",
            f"The code reads {count} from the environment, and no example file says which.",
            evidence=names,
            fix="Run `launchready env template --output .env.example`, look through it, and commit it.",
            severity=Severity.HIGH if any(v.need in (Need.REQUIRED, Need.EMPTY) for v in read) else Severity.NICE,
            effort_min=20,
        )
        return
    for variable in lacking:
        yield Finding(
            variable.name,
            f"{variable.name} is read and not documented in {found.examples[0]}.",
            evidence=_places(variable.runtime),
        )
    if not lacking:
        yield Passed(
            found.examples[0] if found.examples else "variables",
            f"names all {len(read)} variables that the code reads" if read else "the code reads no variable",
        )


def _other_is_documented(variable: Variable, found: Inventory) -> bool:
    """Whether an alias of it is documented: `DATABASE_URL or POSTGRES_URL` needs one of them."""
    names = {name for read in variable.runtime for name in read.others}
    return any(found.variables[name].documented for name in names if name in found.variables)


@check(
    "variables.unused",
    Stage.HARDENING,
    roadmap="C1 C8 F2",
    severity=Severity.NICE,
    effort=5,
    reference=DOCUMENTATION,
    needs="repository",
)
async def unused(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """An environment variable is declared and nothing reads it.

    Why: nobody dares to remove it, a secret that nothing needs can still leak, and a misspelt name looks as if it were
    set.

    Fix: remove it from the environment and the example file, and revoke it if it is a key; or correct its name.

    A name that occurs as a word in any source or configuration file counts as used, and so does what libraries,
    container images and platforms read by themselves (AWS_, OTEL_, PG…), and every name that begins like one which is
    put together at run time.
    """
    found = await taken(portal, look)
    if isinstance(found, NotChecked):
        yield found
        return
    prefixes = tuple(d.prefix for _, d in found.dynamic if d.prefix)
    declared, count = [], 0
    for variable in found.variables.values():
        holders = [d for d in variable.declared if d.kind in ("env file", "platform", "listed")]
        if not holders and variable.documented is None:
            continue
        count += 1
        laravel = "APP_KEY" in found.variables and is_stock_laravel(variable.name)
        elsewhere = laravel or is_provided(variable.name) or is_read_by_libraries(variable.name)
        used = variable.reads or variable.name in found.mentioned or variable.name.startswith(prefixes or ("\0",))
        if not (used or elsewhere):
            declared.append((variable, holders))
    blind = found.cut or any(not path.endswith((".yml", ".yaml")) for path in found.unread)
    if blind and declared:
        names = ", ".join(v.name for v, _ in declared[:LISTED])
        yield NotChecked(
            "variables", f"some source files could not be read, so {names} may be used there", "repair them"
        )
        return
    for variable, holders in declared:
        places = [d.place for d in holders]
        if variable.documented is not None:
            places.append(f"{variable.documented.path}:{variable.documented.line}")
        near = _nearest(variable.name, found)
        yield Finding(
            variable.name,
            f"{variable.name} is declared, and nothing reads it" + (f"; {near} is read and not set." if near else "."),
            evidence=", ".join(places[:5]),
        )
    if not declared:
        yield Passed("variables", f"each of {count} declared variables is read" if count else "none is declared")


def _nearest(name: str, found: Inventory) -> str:
    """A name that is read, declared nowhere, and differs by a letter or two: the name was misspelt."""
    import difflib

    candidates = [v.name for v in found.variables.values() if v.runtime and not v.declared and not is_provided(v.name)]
    return next(iter(difflib.get_close_matches(name, candidates, n=1, cutoff=0.85)), "")


@check(
    "variables.development_only",
    Stage.HARDENING,
    roadmap="C1 C4",
    severity=Severity.HIGH,
    effort=10,
    reference=DOCUMENTATION,
    needs="repository",
)
async def development_only(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Production falls back on a default that only makes sense on a developer's machine.

    Why: the portal starts and looks well, but writes to a file that the next deployment wipes, calls an address that
    is not there, or signs sessions with a key that anybody can read in the repository.

    Fix: set the variable in production; and let the code refuse to start without it, so that it cannot happen again.

    Looked at are literal defaults: `localhost`, SQLite files, mail catchers, and any literal text for a secret. A
    variable that production sets is fine, and so is one that tells where to listen. Where production's variables are
    not fully known this is not checked.
    """
    found = await taken(portal, look)
    if isinstance(found, NotChecked):
        yield found
        return
    environment = found.environments.get(PRODUCTION, Environment(PRODUCTION))
    risky = [
        (variable, read)
        for variable in found.variables.values()
        if (read := _development_default(variable)) and not environment.holds(variable.name)
        and not any(environment.holds(other) for other in read.others)
    ]  # fmt: skip
    if risky and not environment.complete:
        names = ", ".join(v.name for v, _ in risky[:LISTED])
        why = environment.partial_reason or "nothing tells which variables it holds"
        yield NotChecked(PRODUCTION, f"whether it sets {names} is not known: {why}", KNOW_MORE)
        return
    for variable, read in risky:
        if variable.name == "DB_CONNECTION" and any(
            n.startswith("DB_") or n == "DATABASE_URL" for n in environment.declared
        ):
            continue
        secret = is_secret(variable.name) and not is_development(read.default or "")
        shown = redacted(read.default or "") if secret else f"“{_masked(read.default or '')}”"
        what = "a key that is written in the code" if secret else shown
        yield Finding(
            variable.name,
            f"Production does not set {variable.name} and falls back on {what}.",
            evidence=f"{read.place}: default {shown}",
        )
    if not risky:
        yield Passed(PRODUCTION, "no default of development is left to it")


def _development_default(variable: Variable) -> Read | None:
    """The reading by the program whose default is a developer's."""
    name = variable.name
    if is_provided(name) or name.endswith(_LISTENS) or (_of_laravel(variable) and name != "DB_CONNECTION"):
        return None
    for read in variable.runtime:
        default = read.default or ""
        if read.need is not Need.DEFAULT or not default or default.startswith(_EVERYWHERE):
            continue
        if is_development(default):
            return read
        # An empty or boolean default of a secret says "off", and a publishable key is no secret.
        says_off = len(default) < 4 or default.lower() in ("false", "true", "none", "null")
        if "://" in default and not re.search(r"://[^/@\s]*:[^/@\s]+@", default):
            continue  # an address without a password
        if is_secret(name) and not is_publishable(name) and not says_off:
            return read
    return None


def _of_laravel(variable: Variable) -> bool:
    """Whether only the configuration that comes with Laravel reads it: for drivers the portal may not have chosen."""
    places = {read.path.rpartition("/")[0].rpartition("/")[2] for read in variable.runtime}
    php = all(read.path.endswith(".php") for read in variable.runtime)
    return php and places == {"config"} and is_stock_laravel(variable.name)


def _masked(default: str) -> str:
    """A default without the password of an address."""
    return re.sub(r"(://[^:/@\s]*):[^@/\s]+@", r"\1:…@", default)[:80]


def _places(reads: Iterable[Read], most: int = 3) -> str:
    """`read at a.py:3, b.py:9`."""
    places = list(dict.fromkeys(read.place for read in reads))
    more = f" and {len(places) - most} more" if len(places) > most else ""
    return f"read at {', '.join(places[:most])}{more}"


def _unread(found: Inventory) -> Iterable[Row]:
    for path, reason in sorted(found.unread.items())[:LISTED]:
        yield NotChecked(path, f"its variables are not known: {reason}", "repair the file, or read it by eye")
    if len(found.unread) > LISTED:
        yield NotChecked("variables", f"{len(found.unread) - LISTED} more files could not be read", "repair them")
    if found.cut:
        yield NotChecked("variables", f"only the first {found.files} files were read", "audit a smaller folder")
    places = [f"{path}:{d.line}" for path, d in found.dynamic if _runs(path)]
    if places:
        listed = ", ".join(places[:5]) + (f" and {len(places) - 5} more" if len(places) > 5 else "")
        yield Passed("dynamic", f"names computed at run time are not judged: {listed}")


def _runs(path: str) -> bool:
    from launchready.hardening.variables_places import scope_of

    return scope_of(path) is Scope.RUNTIME
