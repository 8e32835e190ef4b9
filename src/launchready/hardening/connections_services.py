"""Third-party services the portal depends on (C4): each key of the target is held against its vendor's own API.

A key goes to the fixed host of the vendor it is for, over verified TLS, in a header; it is never printed or kept.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from launchready.gate import check
from launchready.hardening.service_list import Known, known_services
from launchready.hardening.target_variables import target_variables, unlock
from launchready.hardening.variables_inventory import inventory
from launchready.hardening.variables_model import Inventory
from launchready.hardening.variables_names import is_placeholder
from launchready.hardening.variables_platforms import role
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.api import Api, Reply
from launchready.probes.aws_signature import signed_headers
from launchready.probes.failures import Failure
from launchready.probes.look import Look


@check(
    "connections.services",
    Stage.HARDENING,
    roadmap="C4 C8",
    severity=Severity.BLOCKER,
    effort=15,
    reference="https://12factor.net/backing-services",
    needs="deploy",
)
async def services(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A third-party service does not take the key that the portal gets, or it is a key for tests.

    Why: Payments, invitations and uploads fail on the first day, with an error page that blames nobody; with a test
    key they even seem to work, and no money arrives.

    Fix: Make a key in the vendor's panel, for the live mode, and set it in the target environment.

    Known are some twenty services by the names of their variables (`services.toml`). Each is asked one question that
    changes nothing and costs nothing. A key that is real but may not answer that question passes: few rights are good.
    A limit on questions, or a vendor that does not answer, is not checked; nor is a key that another variable leads
    elsewhere with (`OPENAI_BASE_URL`, `AWS_ENDPOINT_URL_S3`): it is not sent to the vendor, whose it may not be. Keys
    come from the target's environment file or this command's own variables, never from the repository; a variable
    whose value is not known here is not checked. Services whose key cannot be tried without writing something are
    named, not tried.
    """
    values = await target_variables(portal, look)
    held = await inventory(portal, look) if look.repository else None
    declared, read = (
        _names(portal, held) if isinstance(held, Inventory) else (frozenset(values) - frozenset(os.environ),) * 2
    )
    production = bool(portal.deploy and (role(portal.deploy.environment) or "production") == "production")
    chosen, unseen, others = [], [], []
    for service in known_services():
        known = [
            n for n in service.variables if n in declared | read and values.get(n) and not is_placeholder(values[n])
        ]
        leads = [
            n for n in service.elsewhere if n in declared | read and _leads_away(n in declared, values.get(n), service)
        ]
        if known and leads:
            others.append((known[0], service, leads[0]))
        elif known:
            chosen.append((service, known[0]))
        elif names := [name for name in service.variables if name in declared]:
            unseen.append((service, names[0]))
    for service, name in unseen:
        yield NotChecked(
            name, f"the value of {name} ({service.name}) is not known on this machine", unlock(portal, name)
        )
    for name, service, lead in others:
        reason = f"{lead} leads elsewhere, so that {name} may be no key of {service.name} and is not sent there"
        yield NotChecked(name, reason, "try it at the service it is for")
    api = Api(look.network, look.dns)
    try:
        for row in await asyncio.gather(*(_asked(api, s, name, values, production) for s, name in chosen)):
            yield row
    finally:
        await api.close()
    if not chosen and not unseen and not others:
        yield Passed(portal.domain, "the target gets no key of a service that is known")


def _names(portal: Portal, held: Inventory) -> tuple[frozenset[str], frozenset[str]]:
    """What the target is known to hold, and what the code reads; nothing else of this process is looked at."""
    target = portal.deploy.environment if portal.deploy else "production"
    environment = held.environments.get(role(target) or target)
    return (
        frozenset(environment.declared if environment else ()),
        frozenset(name for name, variable in held.variables.items() if variable.runtime),
    )


def _leads_away(declared: bool, address: str | None, service: Known) -> bool:
    """Whether a variable leads to another domain than the vendor's; one whose value is not known here may."""
    if not address:
        return declared
    host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    return host.split(".")[-2:] != (urlsplit(service.ask).hostname or "").split(".")[-2:]


async def _asked(api: Api, service: Known, name: str, values: Mapping[str, str], production: bool) -> Row:
    key = values[name].strip()
    if service.test and re.search(service.test, key) and production:
        problem = f"{name} holds a test key of {service.name}, and the target is production."
        from_here = os.environ.get(name) == values[name]
        evidence = "the value comes from this command's own variables" if from_here else ""
        return Finding(name, problem, evidence=evidence, key="test", reference=service.source)
    if not all(text.isascii() and text.isprintable() for text in (key, values.get(service.user, "").strip())):
        problem = f"{name} holds no key of {service.name}: it has line breaks or letters that no key has."
        return Finding(name, problem, key="form", reference=service.source)
    if service.key and not re.search(service.key, key):
        problem = f"{name} holds no key of {service.name}: it does not look like one."
        return Finding(name, problem, key="form", reference=service.source)
    if not service.ask:
        return Passed(name, f"not tried: {service.why}")
    if service.user and not values.get(service.user):
        return NotChecked(name, f"{service.user}, which goes with it, is not known on this machine")
    url = service.ask_test if service.ask_test and re.search(service.test, key) else service.ask
    for place in dict.fromkeys((url, service.region or url)):
        answer = await api.ask("GET", place, _headers(service, place, key, values))
        if isinstance(answer, Failure) or answer.status in service.narrow:
            break
        if answer.status not in (401, *service.wrong):
            break
    return _judged(service, name, answer)


def _judged(service: Known, name: str, answer: Reply | Failure) -> Row:
    host = urlsplit(service.ask).hostname or ""
    if isinstance(answer, Failure):
        return NotChecked(name, f"{service.name} could not be asked: {answer}", f"run it where {host} can be reached")
    refused = answer.status in service.wrong or (
        service.wrong_text and isinstance(answer.document, dict) and answer.document.get("ok") is False
    )
    if refused and not re.search(service.proof, json.dumps(answer.document)):
        return NotChecked(name, f"{service.name} answered {answer.status}, and not because of the key")
    if refused:
        problem = f"{service.name} does not take the key in {name}."
        return Finding(
            name, problem, evidence=f"{host} answered {answer.status}", key="wrong", reference=service.source
        )
    if answer.status in service.good:
        return Passed(name, f"{service.name} takes the key")
    if answer.status in service.narrow:
        return Passed(name, f"{service.name} knows the key; it may not read what was asked, which is as it should be")
    return NotChecked(name, f"{service.name} answered {answer.status}, which says nothing of the key")


def _headers(service: Known, url: str, key: str, values: Mapping[str, str]) -> dict[str, str]:
    kind, _, more = service.auth.partition(":")
    fixed = dict(service.fixed)
    if kind == "sigv4":
        user = values[service.user].strip()
        # Only temporary credentials go with a token: one of this process would spoil those of a file.
        token = values.get("AWS_SESSION_TOKEN", "") if user.startswith("ASIA") else ""
        return {**fixed, **signed_headers(url, user, key, datetime.now(UTC), token=token)}
    if kind == "header":
        return {**fixed, more: key}
    if kind.startswith("basic"):
        user = more or values.get(service.user, "").strip()
        pair = base64.b64encode(f"{user}:{key}".encode()).decode()
        return {**fixed, "Authorization": f"Basic {pair}"}
    return {**fixed, "Authorization": f"Bearer {key}"}
