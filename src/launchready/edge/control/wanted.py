"""What `[edge]` wants, as data: records, rules, settings, each with its reason, its risk and the checks it is for.

Worked out from the portal's description and the zone's plan alone; what is there already is looked at in `planning.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from launchready.portal import Portal
from launchready.portal_edge import EdgeSettings

MARK = "launchready"
"""What a comment of ours, or the `ref` of a rule of ours, begins with."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is wanted."""

    roadmap: str
    """The item of the roadmap, such as `B2`."""
    why: str
    """For people, in one sentence."""
    risk: str
    """What could go wrong when it is changed, in a few words; `none` where nothing could."""
    checks: tuple[str, ...] = ()
    """Ids of the checks that are to pass afterwards."""


@dataclass(frozen=True, slots=True)
class WantedRecords:
    """Records of one name and type."""

    name: str
    """Whole, without final dot."""
    type: str
    values: tuple[str, ...]
    """As in a zone file, names whole and without final dot; text without quotes."""
    reason: Reason
    ttl: int = 300
    """Seconds; 1 where the provider chooses."""
    proxied: bool = False
    beside: str | None = None
    """None: these are all there may be. Else others of the type stay, but those that begin with this text;
    empty: all of them stay."""

    @property
    def subject(self) -> str:
        """How the plan calls it."""
        return f"{self.name} {self.type}"


@dataclass(frozen=True, slots=True)
class WantedRule:
    """A rule at the edge."""

    phase: str
    ref: str
    """Begins with the mark; the rule is found again by it."""
    body: Mapping[str, Any]
    """As the API takes it, without `ref`."""
    reason: Reason


@dataclass(frozen=True, slots=True)
class WantedSetting:
    """A setting of the zone."""

    id: str
    """As the API calls it; those of bot management begin with `bot_management.`."""
    value: Any
    """Of an object, only the keys that matter."""
    reason: Reason


@dataclass(frozen=True, slots=True)
class Wanted:
    """All of it."""

    records: tuple[WantedRecords, ...] = ()
    rules: tuple[WantedRule, ...] = ()
    settings: tuple[WantedSetting, ...] = ()
    notes: tuple[str, ...] = ()
    """What is left out, such as for the plan the zone has, with what to do."""


def wanted(portal: Portal, plan: str) -> Wanted:
    """What the portal's `[edge]` wants of a zone on a plan (`free`, `pro`, `business`, `enterprise`).

    A provider that is not Cloudflare holds records only.
    """
    from launchready.edge.control.wanted_records import hosts_of, wanted_records
    from launchready.edge.control.wanted_rules import wanted_rules
    from launchready.edge.control.wanted_settings import wanted_settings

    edge = portal.edge or EdgeSettings()
    cloudflare = edge.provider == "cloudflare"
    zone = zone_of(portal)
    records = tuple(wanted_records(portal, edge, zone, cloudflare=cloudflare))
    if not cloudflare:
        return Wanted(records, notes=(f"{edge.provider} holds records only: rules and settings are left out",))
    front = tuple(dict.fromkeys(r.name for r in records if r.proxied))
    if not edge.origin and edge.proxied:
        named = {
            portal.domain,
            f"www.{portal.domain}",
            *map(portal.full_name, portal.hosts),
            *portal.staging_hosts[:-1],
        }
        front = tuple(dict.fromkeys((*front, *sorted(named - set(hosts_of(portal, edge, zone))))))
    if not front:
        note = "no host is behind the edge (proxied = false), where rules and settings would do nothing: left out"
        return Wanted(records, notes=(note,))
    said = tuple(wanted_rules(portal, edge, front, plan))
    rules = tuple(one for one in said if isinstance(one, WantedRule))
    notes = tuple(one for one in said if isinstance(one, str))
    return Wanted(records, rules, tuple(wanted_settings(edge, plan)), notes)


def zone_of(portal: Portal) -> str:
    """The zone's name."""
    return ((portal.edge.zone if portal.edge else "") or portal.domain).lower().rstrip(".")
