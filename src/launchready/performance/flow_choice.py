"""Which flows are walked, by whom and where: those of `[performance]`, else the pages and the login of `[verify]`.

Sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from launchready.measurement import Untold
from launchready.portal import Portal
from launchready.portal_deploy import VerifyLogin, VerifySettings
from launchready.portal_performance import Flow, FlowLogin, FlowStep, FlowUser, PerformanceSettings

VERIFY_USER = "verify"
"""The name of the account of `[verify.login]`, where no other is named."""
LOGIN = "login"
USER, PASSWORD = "user", "password"
"""`{user}` and `{password}`: of the flow's account, for a login that is no form."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where flows are walked: the same for every walk of a measurement."""

    base: str
    """The portal's address."""
    hosts: frozenset[str]
    """The portal's own and those the file names as owned; no step and no redirect leads to another."""
    users: Mapping[str, FlowUser] = field(default_factory=dict)
    login: FlowLogin | None = None
    """How a flow's user is logged in that no step logs in."""
    root: Path = Path()
    """What the file of an upload is relative to."""
    refused: dict[str, Untold] = field(default_factory=dict)
    """Users whose login was refused, and how: nobody tries again in this run."""

    def of_owned_hosts(self, owned: tuple[str, ...]) -> Ground:
        """The same for a load, which goes to hosts that are named as owned and to no other."""
        return replace(self, hosts=frozenset(owned))


def ground_of(portal: Portal, root: Path = Path()) -> Ground:
    """Where the portal's flows are walked; `root` is the folder of its file."""
    base = base_of(portal)
    own = {urlsplit(base).hostname or "", *portal.named_hosts, *portal.owned_hosts}
    return Ground(base, frozenset(own), users_of(portal), _login_of(portal), root)


def base_of(portal: Portal) -> str:
    """The address flows are walked at: that of `[performance]`, of `[verify]`, the canonical one, or the domain's."""
    named = (portal.performance.url if portal.performance else "") or (portal.verify.url if portal.verify else "")
    base = named or portal.canonical or f"https://{portal.domain}/"
    return base if "://" in base else f"https://{base}"


def users_of(portal: Portal) -> dict[str, FlowUser]:
    """The accounts by name; without any, that of `[verify.login]`."""
    settings = portal.performance or PerformanceSettings()
    if settings.users or not (login := _verify_login(portal)):
        return dict(settings.users)
    return {VERIFY_USER: FlowUser(user_env=login.user_env, password_env=login.password_env)}


def flows_of(portal: Portal) -> tuple[Flow, ...]:
    """The flows of `[performance]`; without any, the pages of `[verify]` and its login, each a flow of one step."""
    settings = portal.performance or PerformanceSettings()
    if settings.flows:
        return settings.flows
    pages = (portal.verify or VerifySettings()).pages
    flows = {
        page.path: Flow(name=page.path, steps=(FlowStep(path=page.path, status=page.status, text=page.text),))
        for page in pages
    }
    users, login = users_of(portal), _login_of(portal)
    if users and login:
        user = login.user or next(iter(users))
        flows[LOGIN] = Flow(name=LOGIN, user=user, steps=(FlowStep(name=LOGIN, login=login),))
    return tuple(flows.values())


def step_name(step: FlowStep) -> str:
    """What a step is called: as the file says, else by method and path."""
    if step.login:
        return step.name or LOGIN
    sends = step.form or step.upload or step.json_body is not None
    method = "POST" if sends and "method" not in step.model_fields_set else step.method
    return step.name or f"{method} {step.path}"


def logs_in(flow: Flow) -> bool:
    """Whether one of its steps is a login, by a form or by `{password}`."""
    return any(step.login or sends_password(step) for step in flow.steps)


def sends_password(step: FlowStep) -> bool:
    """Whether a step sends the account's password in what it says itself."""
    place = f"{{{PASSWORD}}}"
    return place in str(step.json_body) or any(place in text for text in (*step.form.values(), *step.headers.values()))


def whole_address(base: str, path: str) -> str:
    """A path below the portal's address, or a whole address, as a whole address."""
    return path if "://" in path else f"{base.rstrip('/')}/{path.lstrip('/')}"


def _login_of(portal: Portal) -> FlowLogin | None:
    if portal.performance and portal.performance.login:
        return portal.performance.login
    login = _verify_login(portal)
    return FlowLogin(path=login.path, text=login.text) if login else None


def _verify_login(portal: Portal) -> VerifyLogin | None:
    return portal.verify.login if portal.verify else None
