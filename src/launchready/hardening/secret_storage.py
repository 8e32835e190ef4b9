"""Whether the variables of an environment have left the local file for the platform's store."""

from __future__ import annotations

from collections.abc import AsyncIterator

from launchready.gate import check
from launchready.hardening.local_variables import DEVELOPMENT, Absent, given_by_files, left_out, local_variables
from launchready.hardening.variables_names import is_secret
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import EnvironmentSettings, Portal
from launchready.probes.failures import Failure, Refused
from launchready.probes.look import Look
from launchready.probes.platform import VENDORS

SHOWN = 25
"""Names in one finding's evidence."""


@check(
    "secrets.storage",
    Stage.HARDENING,
    roadmap="C2 A4",
    severity=Severity.HIGH,
    effort=15,
    reference="https://12factor.net/config",
    needs="environments",
)
async def storage(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Variables of an environment are in a file on somebody's disk and not in the platform's store.

    Why: what only one laptop holds is missing after the next deployment (a blank screen, a failed login), goes round
    by chat when a colleague needs it, and is lost or stolen with the laptop.

    Fix: move them with `launchready env push ENVIRONMENT`, which shows the names first, changes nothing that is
    there already, and can be undone; then delete the file.

    Compared are the names in the `env_file` of each environment with the names in its platform's store (Render,
    Fly.io, Heroku, Vercel, Railway, GitHub Actions), asked over the vendor's public API. Values are not read from the
    store, and not kept where the vendor sends them along; so a value that differs is not seen. Groups of Render and
    organisations of GitHub that share variables count, and so does `[env]` of fly.toml; what a team of Vercel shares
    among its projects is not in a project's listing, and not seen. Empty values, placeholders
    and what platforms provide themselves are left out. A high risk where one of the names is that of a secret, else
    nice to fix. Environments that run on people's own machines (development, test) keep their files. An environment
    without a local file has nothing left to move.
    """
    for name, settings in portal.environments.items():
        async for row in _environment(name, settings, look):
            yield row


async def _environment(name: str, settings: EnvironmentSettings, look: Look) -> AsyncIterator[Row]:
    if name.lower() in DEVELOPMENT:
        yield Passed(name, "runs on people's own machines")
        return
    if not settings.env_file:
        yield await _store_only(name, settings, look)
        return
    held = await local_variables(look, settings)
    if isinstance(held, Absent):
        yield Passed(name, f"{settings.env_file} is not on this disk")
        return
    if isinstance(held, Failure):
        unlock = "name the folder with --repo, or add [repository] to launchready.toml"
        yield NotChecked(name, str(held), unlock if look.repository is None else "make the file readable")
        return
    if not settings.platform:
        if held:
            reason = (
                f"{settings.env_file} holds {len(held)} variables, and no platform is named whose store could be asked"
            )
            yield NotChecked(name, reason, f"set platform, service and token_env under [environments.{name}]")
        else:
            yield Passed(name, f"{settings.env_file} holds no values")
        return
    stored = await look.platforms.names(name, settings)
    if isinstance(stored, Failure):
        yield _unseen(name, settings, stored)
        return
    missing = sorted(set(held) - stored - await given_by_files(look, settings))
    if missing:
        yield _left_behind(name, settings, missing)
    else:
        doubtful = await left_out(look, settings)
        more = f"; left out as placeholders: {', '.join(doubtful[:SHOWN])}" if doubtful else ""
        yield Passed(
            name, f"{len(held)} variables of {settings.env_file} are all in the store of {_vendor(settings)}{more}"
        )


async def _store_only(name: str, settings: EnvironmentSettings, look: Look) -> Row:
    if not settings.platform:
        return Passed(name, "no local file holds its variables")
    stored = await look.platforms.names(name, settings)
    if isinstance(stored, Failure):
        return _unseen(name, settings, stored)
    return Passed(name, f"{len(stored)} variables in the store of {_vendor(settings)}, and no local file")


def _left_behind(name: str, settings: EnvironmentSettings, missing: list[str]) -> Finding:
    secret = [variable for variable in missing if is_secret(variable)]
    many = f"{len(missing)} variables" if len(missing) > 1 else "One variable"
    are = "are" if len(missing) > 1 else "is"
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    ordered = [*secret, *(variable for variable in missing if variable not in secret)]
    return Finding(
        settings.env_file,
        f"{many} of {name} {are} in {settings.env_file} only, not in the store of {_vendor(settings)}.",
        evidence=", ".join(ordered[:SHOWN]) + more,
        paste=f"launchready env push {name}",
        severity=Severity.HIGH if secret else Severity.NICE,
        key=name,
    )


def _unseen(name: str, settings: EnvironmentSettings, failure: Failure) -> NotChecked:
    vendor = VENDORS[settings.platform][0]
    if isinstance(failure, Refused):
        place = settings.token_env or f"token_env under [environments.{name}]"
        return NotChecked(name, str(failure), f"{place}: {vendor.reads}; service: {vendor.service}")
    return NotChecked(name, str(failure), f"run it again when {vendor.name} answers")


def _vendor(settings: EnvironmentSettings) -> str:
    return VENDORS[settings.platform][0].name
