"""The lab's registry: RDAP for the world's registrations (RFC 9083), found by IANA's bootstrap (RFC 9224), as sites."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from launchready.lab.world import Registration, Response, Route, Site, World

ADDRESS = ("192.88.99.80",)
BOOTSTRAP = "data.iana.org"
SERVER = "rdap.nic.example"


def with_registry(world: World) -> World:
    """The world with the sites of its registry, where it has none yet."""
    if any(site.host == SERVER for site in world.sites):
        return world
    services = {
        "version": "1.0",
        "publication": "2026-11-01T00:00:00Z",
        "description": "RDAP bootstrap file for Domain Name System registrations",
        "services": [[["example"], [f"https://{SERVER}/"]]],
    }
    bootstrap = Response(200, (("Content-Type", "application/json"),), json.dumps(services))
    unknown = Response(404, (_RDAP,), json.dumps({"rdapConformance": ["rdap_level_0"], "errorCode": 404}))
    domains = tuple(Route(f"/domain/{r.domain}", _response(r)) for r in world.registrations if r.known)
    registry = (
        Site(BOOTSTRAP, ADDRESS, (Route("/rdap/dns.json", bootstrap),), ()),
        Site(SERVER, ADDRESS, (*domains, Route("*", unknown)), ()),
    )
    return replace(world, sites=(*world.sites, *registry))


_RDAP = ("Content-Type", "application/rdap+json")


def _response(registration: Registration) -> Response:
    now = datetime.now(UTC)
    events = [{"eventAction": "registration", "eventDate": _date(now - timedelta(days=900))}]
    if registration.expires_days is not None:
        expires = now + timedelta(days=registration.expires_days)
        events.append({"eventAction": "expiration", "eventDate": _date(expires)})
    document = {
        "rdapConformance": ["rdap_level_0"],
        "objectClassName": "domain",
        "ldhName": registration.domain.upper(),
        "status": list(registration.status),
        "events": events,
        "entities": [
            {
                "objectClassName": "entity",
                "handle": "9999",
                "roles": ["registrar"],
                "vcardArray": [
                    "vcard",
                    [["version", {}, "text", "4.0"], ["fn", {}, "text", registration.registrar]],
                ],
            }
        ],
        "nameservers": [{"objectClassName": "nameserver", "ldhName": name} for name in registration.name_servers],
    }
    return Response(200, (_RDAP,), json.dumps(document), registration.trouble)


def _date(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
