"""The deployment map: domain, DNS, edge, application, data, mail and third parties, with the findings on them.

A pure function of facts (`deployment_facts`) and findings. What is not known is left out or drawn as not seen; nothing
is guessed from what is absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from launchready.audit.deployment_facts import Code, Facts, Variables, sent_headers, survey
from launchready.audit.deployment_findings import place_findings
from launchready.audit.entry_points import NOT_BROWSED
from launchready.audit.operators import MAIL_EXCHANGERS, Operator, dns_operator, operator_by_suffix, operators_of
from launchready.audit.platform_files import PRODUCTION, STAGING, App, Store, environment_of
from launchready.audit.services_by_name import Service, service_of_host, service_of_variable
from launchready.model import DeploymentMap, Finding, MapEdge, MapNode, Part
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.probes.surface import Host

DOMAIN, DNS, CODE, MAIL_IN, MAIL_OUT = "domain", "dns", "code", "mail:in", "mail:out"
"""Ids of the nodes there is at most one of."""


async def draw(portal: Portal, look: Look, findings: tuple[Finding, ...]) -> DeploymentMap:
    """The map of a portal from what the run has looked at, with the findings that count on its nodes."""
    return deployment_map(await survey(portal, look), findings, portal)


def deployment_map(facts: Facts, findings: Iterable[Finding], portal: Portal) -> DeploymentMap:
    """The map these facts and findings make."""
    sketch = _Sketch()
    _draw_domain(sketch, facts)
    in_front = _draw_hosts(sketch, facts, portal)
    apps = _draw_apps(sketch, facts, in_front)
    _draw_dependencies(sketch, facts, apps)
    _draw_mail(sketch, facts)
    _draw_code(sketch, facts.code, apps)
    drawn = DeploymentMap(facts.domain, tuple(sketch.nodes.values()), tuple(sketch.edges))
    return place_findings(drawn, findings)


@dataclass
class _Sketch:
    nodes: dict[str, MapNode] = field(default_factory=dict)
    edges: dict[MapEdge, None] = field(default_factory=dict)

    def add(self, node: MapNode) -> str:
        """Add a node, or what is new of it to the one of that id."""
        if old := self.nodes.get(node.id):
            details = tuple(dict.fromkeys((*old.details, *node.details)))
            sources = dict.fromkeys(filter(None, (*old.seen_in.split(", "), *node.seen_in.split(", "))))
            self.nodes[node.id] = replace(old, details=details, seen_in=", ".join(sources))
        else:
            self.nodes[node.id] = node
        return node.id

    def link(self, origin: str, target: str) -> None:
        if origin in self.nodes and target in self.nodes and origin != target:
            self.edges[MapEdge(origin, target)] = None


def _draw_domain(sketch: _Sketch, facts: Facts) -> None:
    held = facts.registration
    details = []
    if held and held.registrar:
        details.append(f"held at {held.registrar}")
    if held and held.expires:
        details.append(f"until {held.expires:%Y-%m-%d}")
    sketch.add(MapNode(DOMAIN, Part.DOMAIN, facts.domain, details=tuple(details), seen_in="the registry"))
    told = facts.delegation
    names = told.parent_names or told.child_names if told else ()
    if not names:
        sketch.add(MapNode(DNS, Part.DNS, "Name servers not found", known=False, seen_in="DNS"))
    else:
        who = dns_operator(names) or ("Own name servers" if _own(names, facts.domain) else "")
        sketch.add(MapNode(DNS, Part.DNS, who or f"{len(names)} name servers", details=names, seen_in="DNS"))
    sketch.link(DOMAIN, DNS)


def _draw_hosts(sketch: _Sketch, facts: Facts, portal: Portal) -> dict[str, dict[str, Operator | None]]:
    """Nodes of the hosts and of what stands in front; by environment, the nodes in front and the platform behind."""
    staging = {portal.full_name(host) for host in portal.staging}
    visited = {visit.host.name for visit in facts.visits}
    found: dict[str, dict[str, Operator | None]] = {}
    for host in facts.hosts:
        label = host.name.removesuffix(f".{facts.domain}").partition(".")[0]
        if not (host.addresses or host.cname) or (label in _NOT_OPENED and host.name != facts.domain):
            continue
        if not host.named and host.name not in visited and not host.cname:
            continue
        environment = STAGING if host.name in staging else environment_of(label, PRODUCTION)
        leads_to = next((v.leads_to for v in facts.visits if v.host.name == host.name and v.leads_to), "")
        node = MapNode(
            f"host:{host.name}",
            Part.HOST,
            host.name,
            environment,
            _some(
                leads_to and f"leads to {leads_to.removeprefix('https://').rstrip('/')}",
                host.cname and f"alias of {host.cname[0]}",
            ),
            "DNS",
        )
        sketch.link(DNS, sketch.add(node))
        if not host.addresses:
            continue
        front, platform = _in_front(host, facts, environment)
        if front:
            sketch.link(node.id, sketch.add(front))
        found.setdefault(environment, {})[front.id if front else node.id] = platform
    return found


def _in_front(host: Host, facts: Facts, environment: str) -> tuple[MapNode | None, Operator | None]:
    operators = operators_of(sent_headers(facts.visits, host.name), host.cname, host.addresses)
    edge = next((o for o in operators if o.edge), None)
    platform = next((o for o in operators if o.platform), None)
    if edge:
        id = f"edge:{environment}:{edge.name}"
        return MapNode(id, Part.EDGE, edge.name, environment, (), "headers and addresses"), platform
    if platform:
        return None, platform
    name = f"Server at {host.addresses[0]}"
    node = MapNode(
        f"edge:{environment}:{host.addresses[0]}", Part.EDGE, name, environment,
        (*host.addresses[1:3], "no edge recognised"), "addresses",
    )  # fmt: skip
    return node, None


def _draw_apps(
    sketch: _Sketch, facts: Facts, in_front: dict[str, dict[str, Operator | None]]
) -> dict[str, list[tuple[str, App]]]:
    """Nodes of what runs, by environment; one that is not known where something is in front and nothing behind."""
    apps: dict[str, list[tuple[str, App]]] = {}
    frameworks = facts.code.frameworks[:2] if facts.code else ()
    declared = facts.code.declared.apps if facts.code else ()
    told = {environment: platform for environment, platform, _ in facts.platforms if platform != "GitHub Actions"}
    for app in declared:
        platform = app.platform or told.get(app.environment, "")
        details = (*_some(platform and f"on {platform}"), app.kind, *app.details, *frameworks)
        name = app.name if app.name not in ("web", "site", "app", "service") else "Application"
        id = sketch.add(
            MapNode(f"app:{app.environment}:{app.name}", Part.APP, name, app.environment, details, app.source)
        )
        apps.setdefault(app.environment, []).append((id, app))
    for environment in dict.fromkeys((*in_front, *told)):
        if environment not in apps:
            platform = next((o.name for o in in_front.get(environment, {}).values() if o), told.get(environment, ""))
            app = App("application", platform, "launchready.toml" if environment in told else "headers", environment)
            details = (f"on {platform}" if platform else "not seen from outside", *frameworks)
            id = f"app:{environment}:application"
            node = MapNode(id, Part.APP, "Application", environment, details, app.source, bool(platform))
            apps.setdefault(environment, []).append((sketch.add(node), app))
    for environment, fronts in in_front.items():
        for front, operator in fronts.items():
            for id, app in apps[environment]:
                elsewhere = operator is not None and app.platform not in ("", operator.name)
                if (app.kind in ("web", "static") or len(apps[environment]) == 1) and not elsewhere:
                    sketch.link(front, id)
    return apps


def _draw_dependencies(sketch: _Sketch, facts: Facts, apps: dict[str, list[tuple[str, App]]]) -> None:
    stores: dict[tuple[str, str], str] = {}
    for store in facts.code.declared.stores if facts.code else ():
        stores[store.environment, store.name] = sketch.add(_store_node(store))
    elsewhere = (*facts.declared, *(facts.code.variables if facts.code else ()))
    for environment, members in apps.items():
        for id, app in members:
            for variable, store_name in app.stores.items():
                if target := stores.get((environment, store_name)) or _any_of(stores, store_name):
                    sketch.add(replace(sketch.nodes[target], details=(variable,), seen_in=""))
                    sketch.link(id, target)
            own = Variables(environment, app.source, tuple((v, app.hosts.get(v, "")) for v in app.variables))
            _draw_services(sketch, own, id, environment, taken=set(app.stores))
        main = next((id for id, app in members if app.kind == "web"), members[0][0])
        of_members = {v for _, app in members for v in app.stores}
        told = [v for v in elsewhere if v.environment == environment]
        if environment == PRODUCTION and not told and not any(app.variables for _, app in members):
            told = [v for v in elsewhere if not v.environment]  # an example says what the portal needs
        for variables in told:
            _draw_services(sketch, variables, main, environment, taken=of_members)
        for (where, _), target in stores.items():
            if where == environment and not any(edge.target == target for edge in sketch.edges):
                sketch.link(main, target)


def _draw_services(sketch: _Sketch, variables: Variables, app: str, environment: str, taken: set[str]) -> None:
    for name, host in variables.hosts:
        by_name, by_host = service_of_variable(name), service_of_host(host) if host else None
        # A connection string says where the database is, and by its name that it is one.
        generic = by_name is None or by_name.name in _GENERIC
        service = by_host if by_host and generic else by_name
        if service is None or name in taken or (by_name is None and by_host and by_host.part is Part.SERVICE):
            continue
        id = _existing(sketch, service, environment)
        if not id:
            part = by_name.part if by_name and by_name.name in _GENERIC else service.part
            id = f"service:{environment}:{service.name}"
            sketch.add(MapNode(id, part, service.name, environment, (name,), variables.source))
        else:
            sketch.add(replace(sketch.nodes[id], details=(name,), seen_in=variables.source))
        sketch.link(app, id)


def _existing(sketch: _Sketch, service: Service, environment: str) -> str:
    """The store or service that a general name such as DATABASE_URL means, where it is drawn already."""
    if (meant := _GENERIC.get(service.name)) is None:
        return ""
    near = [n for n in sketch.nodes.values() if n.environment == environment and n.part in meant.parts]
    return next((n.id for n in near if re.search(meant.named, n.name)), "")


def _store_node(store: Store) -> MapNode:
    name = store.name if store.name == store.engine else f"{store.engine} {store.name}"
    details = (f"at {store.platform}", *store.details)
    id = f"store:{store.environment}:{store.name}"
    return MapNode(id, store.part, name, store.environment, details, store.source)


def _any_of(stores: dict[tuple[str, str], str], name: str) -> str:
    return next((id for (_, other), id in stores.items() if other == name), "")


def _draw_mail(sketch: _Sketch, facts: Facts) -> None:
    mail = facts.mail
    if mail.exchangers:
        names = tuple(exchanger.host for exchanger in mail.exchangers)
        who = operator_by_suffix(names, MAIL_EXCHANGERS) or names[0]
        sketch.add(MapNode(MAIL_IN, Part.MAIL, who, details=("takes the domain's mail", *names[:3]), seen_in="MX"))
        sketch.link(DNS, MAIL_IN)
    if mail.sends is False:
        return
    name = f"Mail sent as {facts.domain}"
    sketch.add(MapNode(MAIL_OUT, Part.MAIL, name, details=("SPF, DKIM, DMARC",), seen_in="TXT"))
    sketch.link(DNS, MAIL_OUT)
    for term in (term for record in mail.spf for term in record.lower().split()):
        kind, _, target = term.lstrip("+").partition(":" if ":" in term else "=")
        if kind not in ("include", "redirect") or not target:
            continue
        service = service_of_host(target)
        name = service.name if service else target.partition("/")[0]
        sketch.link(MAIL_OUT, sketch.add(
            MapNode(f"sender:{name}", Part.MAIL, name, details=("may send as the domain",), seen_in="SPF")
        ))  # fmt: skip


def _draw_code(sketch: _Sketch, code: Code | None, apps: dict[str, list[tuple[str, App]]]) -> None:
    if code is None:
        return
    details = (*code.frameworks[:3], *(["container"] if code.container else []))
    sketch.add(MapNode(CODE, Part.CODE, "Repository", details=details, seen_in="the files"))
    source = CODE
    if code.workflows:
        first = code.workflows[0]
        who = "GitHub Actions" if first.startswith(".github/") else "GitLab CI" if "gitlab" in first else "CircleCI"
        files = tuple(path.rpartition("/")[2] for path in code.workflows[:3])
        sketch.add(MapNode("ci", Part.CODE, who, details=files, seen_in="workflow files"))
        sketch.link(CODE, "ci")
        source = "ci"
    for members in apps.values():
        for id, _ in members:
            if sketch.nodes[id].known:
                sketch.link(source, id)


def _some(*texts: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text for text in texts if isinstance(text, str) and text)


def _own(names: Iterable[str], domain: str) -> bool:
    return all(name.endswith(f".{domain}") for name in names)


class _Meant(NamedTuple):
    parts: tuple[Part, ...]
    named: str


_NOT_OPENED = {*NOT_BROWSED, "mta-sts", "ns2", "ns3"}
"""Labels of hosts that are no way into the portal; they belong to mail or DNS."""
_GENERIC = {
    "Database": _Meant((Part.DATABASE,), ""),
    "PostgreSQL": _Meant((Part.DATABASE,), "PostgreSQL|Neon|Supabase|RDS|Database"),
    "MySQL": _Meant((Part.DATABASE,), "MySQL|PlanetScale|RDS|Database"),
    "Redis": _Meant((Part.CACHE,), "Redis|Upstash"),
    "Celery broker": _Meant((Part.CACHE,), ""),
    "Mail server": _Meant((Part.MAIL,), ""),
    "AWS": _Meant((Part.STORAGE, Part.MAIL, Part.DATABASE), "Amazon"),
}
"""Services a name stands for whoever runs them: one of these that is already drawn is meant."""
