"""Whether the target of a release has the variables its code needs (C8): by name, as `variables.missing` reads them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from launchready.gate import check
from launchready.hardening.variables import _missing_in as missing_in
from launchready.hardening.variables_environments import canonical
from launchready.hardening.variables_inventory import inventory
from launchready.hardening.variables_model import Environment
from launchready.model import NotChecked, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look


@check(
    "release.environment",
    Stage.HARDENING,
    roadmap="C4 C8",
    severity=Severity.BLOCKER,
    effort=10,
    reference="https://12factor.net/config",
    needs="deploy",
)
async def environment(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The target of the release lacks a variable that the code needs.

    Why: The new version does not start, or starts and shows a blank page or a login that fails, while the old one was
    fine.

    Fix: Set the variable in the target environment first, with `launchready env push` or in its panel; then release.

    Judged as `variables.missing` judges, for the one environment that `[deploy] environment` names, by names only; here
    so that a release is stopped by it.
    """
    if look.repository is None or portal.deploy is None:
        yield NotChecked(portal.domain, "no repository is named", "add [repository] to launchready.toml")
        return
    found = await inventory(portal, look)
    if isinstance(found, Failure):
        yield NotChecked(portal.domain, f"the repository cannot be read: {found}")
        return
    name = canonical(portal.deploy.environment)
    for row in missing_in(found.environments.get(name) or Environment(name), found):
        yield row
