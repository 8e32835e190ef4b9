"""Which node of the deployment map a finding belongs to, by its subject and its check."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from launchready.model import DeploymentMap, Finding, MapNode, Part, Severity

_RECEIVES = (
    "mail.mx",
    "mail.mta_sts",
    "mail.tls_rpt",
    "mail.transport",
    "mail.dane",
    "mail.starttls",
)
_OF_CODE = ("secrets", "variables", "env", "parity", "build", "overbuilt", "environments", "migrations", "repository")


def place_findings(drawn: DeploymentMap, findings: Iterable[Finding]) -> DeploymentMap:
    """The map with each finding on the node it is about; what fits none is about the domain."""
    mine: dict[str, list[Finding]] = {}
    for finding in findings:
        mine.setdefault(_node_of(drawn, finding), []).append(finding)
    nodes = tuple(replace(n, findings=tuple(sorted(mine.get(n.id, ()), key=_gravity))) for n in drawn.nodes)
    return replace(drawn, nodes=nodes)


def _node_of(drawn: DeploymentMap, finding: Finding) -> str:
    ids = {node.id for node in drawn.nodes}
    area, host = finding.check.partition(".")[0], subject_host(finding.subject)
    candidates: list[str] = []
    if finding.check == "secrets.storage":
        candidates += _apps_of(drawn, finding.subject)
    if area in ("variables", "environments"):
        words = finding.problem.lower()
        candidates += [id for name in drawn.environments if name in words for id in _apps_of(drawn, name)[:1]]
    if area in _OF_CODE:
        candidates += ["code", *_apps_of(drawn, "production")]
    if area == "domain":
        candidates.append("domain")
    if area == "mail":
        receiving = finding.check.startswith(_RECEIVES) or any(
            host in node.details or host == node.name for node in drawn.nodes if node.id == "mail:in"
        )
        candidates += ["mail:in", "mail:out"] if receiving else ["mail:out", "mail:in"]
    if area == "dns" and (host == drawn.domain or f"host:{host}" not in ids):
        candidates.append("dns")
    candidates += [f"host:{host}", *_at_address(drawn, host)]
    if host and host.partition(".")[0] in ("mail", "mx", "smtp", "mta-sts", "autodiscover"):
        candidates.append("mail:in")
    candidates += [f"host:{drawn.domain}", "domain"]
    return next(id for id in (*candidates, drawn.nodes[0].id) if id in ids)


def subject_host(subject: str) -> str:
    """The host or address a subject names: of a URL, of `*.example.com`, of `host:443`; empty for none."""
    text = subject.strip().lower()
    try:
        if "://" in text:
            return urlsplit(text).hostname or ""
    except ValueError:
        return ""
    text = text.removeprefix("*.").partition("/")[0].partition(" ")[0]
    if re.fullmatch(r"[^:\[\]]+:\d+", text):
        text = text.partition(":")[0]
    return text.rstrip(".")


def _apps_of(drawn: DeploymentMap, environment: str) -> list[str]:
    apps: list[MapNode] = [n for n in drawn.nodes if n.part is Part.APP and n.known]
    return [n.id for n in apps if n.environment and n.environment in environment.lower()] + [n.id for n in apps]


def _at_address(drawn: DeploymentMap, host: str) -> list[str]:
    try:
        address = str(ip_address(host))
    except ValueError:
        return []
    return [n.id for n in drawn.nodes if n.part is Part.EDGE and (n.id.endswith(f":{address}") or address in n.details)]


def _gravity(finding: Finding) -> tuple[int, int, str, str]:
    return (finding.severity or Severity.NICE).rank, finding.effort_min or 0, finding.check, finding.subject
