"""What `[edge]` wants, as data: records, rules, settings, each with its reason, its risk and the checks it is for.

Worked out from the portal's description and the zone's plan alone; what is there already is for `proposal.py`.
"""

from __future__ import annotations

from launchready.edge.control.wanted_records import hosts_of, wanted_records
from launchready.edge.control.wanted_rules import wanted_rules
from launchready.edge.control.wanted_settings import wanted_settings
from launchready.edge.control.wants import Wanted, WantedRule
from launchready.portal import Portal
from launchready.portal_edge import EdgeSettings


def wanted(portal: Portal, plan: str) -> Wanted:
    """What the portal's `[edge]` wants of a zone on a plan (`free`, `pro`, `business`, `enterprise`).

    A provider that is not Cloudflare holds records only.
    """
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
