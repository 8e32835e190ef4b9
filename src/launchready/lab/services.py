"""The lab's third-party APIs: what Stripe, Postmark, OpenAI and Twilio publish of one question each, at the edge.

They take the keys of `World.keys` and refuse every other. A key written `KEY 403` is real and may not read; with
another status, that is what it is answered.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from launchready.lab.edge_http import Answer, Request
from launchready.lab.world import NameServer, Response, Route, Site, World, Zone

ADDRESS = "192.88.99.93"
_JSON = ("Content-Type", "application/json")
_KNOWN: Mapping[str, tuple[str, object, object]] = {
    "api.stripe.com": (
        "/v1/balance",
        {"object": "balance", "available": [{"amount": 0, "currency": "eur"}], "livemode": True, "pending": []},
        {"error": {"message": "Invalid API Key provided", "type": "invalid_request_error"}},
    ),
    "api.postmarkapp.com": (
        "/server",
        {"ID": 1, "Name": "Brightside", "DeliveryType": "Live"},
        {"ErrorCode": 10, "Message": "No Account or Server API tokens were supplied in the HTTP headers."},
    ),
    "api.openai.com": (
        "/v1/models",
        {"object": "list", "data": []},
        {
            "error": {
                "message": "Incorrect API key provided",
                "type": "invalid_request_error",
                "code": "invalid_api_key",
            }
        },
    ),
    "api.twilio.com": (
        "/2010-04-01/Accounts.json",
        {"accounts": [], "page": 0, "page_size": 1},
        {"code": 20003, "message": "Authenticate", "status": 401},
    ),
}
"""By host: the path, what is answered to a right key, and to a wrong one."""


def with_services(world: World) -> World:
    """The world with the names and sites of the services, where it has keys of them."""
    if not world.keys or any(site.host in _KNOWN for site in world.sites):
        return world
    name = "ns.services.example"
    soa = f"@ 3600 SOA {name}. hostmaster.{name}. 2026110101 7200 900 1209600 300"
    zones = tuple(Zone(host, (soa, f"@ 3600 NS {name}.", f"@ 300 A {ADDRESS}")) for host in _KNOWN)
    sites = tuple(Site(host, (ADDRESS,), (Route("*", Response(404)),), ()) for host in _KNOWN)
    server = NameServer(name, ("192.88.99.94",), tuple(_KNOWN))
    return replace(
        world, zones=(*world.zones, *zones), sites=(*world.sites, *sites), name_servers=(*world.name_servers, server)
    )


def services(keys: tuple[str, ...]) -> dict[str, Answer]:
    """By host: what answers there."""
    taken = {key: int(status or 200) for key, _, status in (text.partition(" ") for text in keys)}

    def answering(host: str) -> Answer:
        path, good, wrong = _KNOWN[host]

        def answer(asked: Request) -> Response:
            if asked.method != "GET" or urlsplit(asked.target).path != path:
                return Response(404, (_JSON,), json.dumps({"message": "not found"}))
            status = next((taken[key] for key in _offered(asked.fields) if key in taken), 401)
            return Response(status, (_JSON,), json.dumps(good if status == 200 else wrong))

        return answer

    return {host: answering(host) for host in _KNOWN} if keys else {}


def _offered(fields: Mapping[str, str]) -> list[str]:
    bearer = fields.get("authorization", "")
    kind, _, value = bearer.partition(" ")
    if kind == "Basic":
        value = base64.b64decode(value).decode().partition(":")[2]
    return [value, fields.get("x-postmark-server-token", "")]
