"""DNS records as the API takes, keeps and shows them: content of every type, what may stand beside what, limits.

The codes are those of Cloudflare's DNS API: 81044 for a record that is not there, 81053, 81054 and 81058 for one
that is in the way, 9004 and following for content that is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from launchready.lab.cloudflare.envelope import Refused

_INSIDE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
PROXIABLE = ("A", "AAAA", "CNAME")
QUOTA = {"free": 200, "pro": 3500, "business": 3500}
"""Records a zone may hold (https://developers.cloudflare.com/dns/manage-dns-records/)."""
COMMENT = {"free": 100, "pro": 500, "business": 500}
"""Characters of a comment (https://developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes/)."""
TAGS = {"free": 0, "pro": 20, "business": 20}
_FROM_DATA = {
    "CAA": '{flags} {tag} "{value}"',
    "CERT": "{type} {key_tag} {algorithm} {certificate}",
    "DNSKEY": "{flags} {protocol} {algorithm} {public_key}",
    "DS": "{key_tag} {algorithm} {digest_type} {digest}",
    "HTTPS": "{priority} {target} {value}",
    "LOC": "{lat_degrees} {lat_minutes} {lat_seconds} {lat_direction} {long_degrees} {long_minutes} {long_seconds}"
    " {long_direction} {altitude}m {size}m {precision_horz}m {precision_vert}m",
    "NAPTR": '{order} {preference} "{flags}" "{service}" "{regex}" {replacement}',
    "SMIMEA": "{usage} {selector} {matching_type} {certificate}",
    "SRV": "{weight} {port} {target}",
    "SSHFP": "{algorithm} {type} {fingerprint}",
    "SVCB": "{priority} {target} {value}",
    "TLSA": "{usage} {selector} {matching_type} {certificate}",
    "URI": '{weight} "{target}"',
}
"""Types whose content is made of `data`."""
_RANKED = ("MX", "SRV", "URI")
"""Types whose priority is a key of its own and comes first in DNS."""
_BAD_CONTENT = {
    "A": (9005, "Content for A record must be a valid IPv4 address."),
    "AAAA": (9006, "Content for AAAA record must be a valid IPv6 address."),
    "CNAME": (9007, "Content for CNAME record is invalid."),
    "NS": (9008, "Content for NS record is invalid."),
    "MX": (9009, "Content for MX record must be a hostname."),
}


@dataclass
class Record:
    """A record of the zone."""

    id: str
    name: str
    """Whole, lower case, without final dot."""
    type: str
    content: str
    ttl: int
    proxied: bool = False
    priority: int | None = None
    """Its own key for MX and URI; within `data` for SRV."""
    data: dict[str, Any] | None = None
    comment: str | None = None
    tags: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    created_on: str = ""
    modified_on: str = ""

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        shown: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "content": self.content,
            "proxiable": self.type in PROXIABLE,
            "proxied": self.proxied,
            "ttl": self.ttl,
            "settings": self.settings,
            "meta": {},
            "comment": self.comment,
            "tags": self.tags,
            "created_on": self.created_on,
            "modified_on": self.modified_on,
        }
        if self.priority is not None:
            shown["priority"] = self.priority
        if self.data is not None:
            shown["data"] = self.data
        return shown

    def rdata(self) -> str:
        """Its data as a master file has it."""
        if self.type in ("CNAME", "NS", "PTR"):
            return f"{self.content.rstrip('.')}."
        if self.type == "TXT" and not self.content.startswith('"'):
            escaped = self.content.replace("\\", "\\\\").replace('"', '\\"')
            return " ".join(f'"{escaped[i : i + 255]}"' for i in range(0, len(escaped), 255)) or '""'
        if self.type == "MX":
            return f"{self.priority} {self.content.rstrip('.')}."
        if self.type == "SRV":
            weight, port, target = self.content.split()
            return f"{self.priority} {weight} {port} {target.rstrip('.')}."
        return f"{self.priority} {self.content}" if self.type == "URI" else self.content


def made(id: str, body: Mapping[str, Any], zone: str, plan: str, now: str) -> Record:
    """A record out of the body of POST or PUT. Raises Refused for content that is none, and beyond the plan."""
    type = body["type"]
    record = Record(
        id,
        whole_name(body["name"], zone),
        type,
        _content(body),
        int(body["ttl"]),
        proxied=bool(body.get("proxied")),
        priority=_priority(body),
        data=dict(body["data"]) if body.get("data") is not None else None,
        comment=body.get("comment") or None,
        tags=list(body.get("tags") or ()),
        settings=dict(body.get("settings") or {}),
        created_on=now,
        modified_on=now,
    )
    _judge(record, plan)
    if record.proxied:
        record.ttl = 1
    return record


def whole_name(name: str, zone: str) -> str:
    """The whole name, `@` being the zone; what is not in the zone is put below it, as Cloudflare does."""
    name = name.lower().rstrip(".")
    if not name.isascii():
        with suppress(UnicodeError):
            name = name.encode("idna").decode()
    if name in ("@", ""):
        return zone
    return name if name == zone or name.endswith(f".{zone}") else f"{name}.{zone}"


def conflict(record: Record, others: Iterable[Record]) -> Refused | None:
    """Why a record cannot stand beside the others (RFC 1034 section 3.6.2); None when it can."""
    addresses = ("A", "AAAA", "CNAME")
    for other in others:
        if other.id == record.id or other.name != record.name:
            continue
        if other.type == record.type and other.rdata() == record.rdata():
            return Refused(400, 81058, "An identical record already exists.")
        if record.type == "CNAME" and other.type in addresses:
            return Refused(400, 81053, "An A, AAAA, or CNAME record with that host already exists.")
        if record.type in addresses and other.type == "CNAME":
            return Refused(400, 81054, "A CNAME record with that host already exists.")
        if {record.type, other.type} == {"NS", "CNAME"}:
            return Refused(400, 81056, "NS records with that host already exist.")
    return None


def from_rdata(type: str, rdata: dns.rdata.Rdata) -> dict[str, Any] | None:
    """The keys of a body that say what a record of the world says; None for a type the API cannot hold."""
    text = rdata.to_text()
    match type:
        case "MX":
            return {"priority": rdata.preference, "content": _host(rdata.exchange)}  # type: ignore[attr-defined]
        case "CNAME" | "NS" | "PTR":
            return {"content": _host(rdata.target)}  # type: ignore[attr-defined]
        case "CAA":
            tag, value = rdata.tag.decode(), rdata.value.decode()  # type: ignore[attr-defined]
            return {"data": {"flags": rdata.flags, "tag": tag, "value": value}}  # type: ignore[attr-defined]
        case "SRV":
            priority, weight, port, target = text.split()
            whole = {"priority": int(priority), "weight": int(weight), "port": int(port), "target": target.rstrip(".")}
            return {"data": whole}
        case "A" | "AAAA" | "TXT":
            return {"content": text}
    names = [key.split("}")[0] for key in _FROM_DATA.get(type, "").split("{")[1:]]
    if not names or type in ("LOC", "NAPTR", "URI"):
        return None
    values = text.split(None, len(names) - 1)
    return {"data": {n: int(v) if v.isdigit() else v for n, v in zip(names, values, strict=False)}}


def _host(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True)


def _content(body: Mapping[str, Any]) -> str:
    type = body["type"]
    if type in _FROM_DATA:
        data = body.get("data")
        if data is None:
            raise Refused(400, 9101, f"data is a required field for {type} records.")
        try:
            return _FROM_DATA[type].format(**data)
        except KeyError as missing:
            raise Refused(400, 9101, f"{missing.args[0]} is a required data field.") from None
    content = body.get("content")
    if not content:
        raise Refused(400, 9101, "content is a required field.")
    if type in ("A", "AAAA"):
        with suppress(ValueError):
            return str(ip_address(content))  # kept in the short form
    return str(content).rstrip(".") if type in ("CNAME", "NS", "MX", "PTR") else str(content)


def _priority(body: Mapping[str, Any]) -> int | None:
    if body["type"] not in _RANKED:
        return None
    within = (body.get("data") or {}).get("priority") if body["type"] == "SRV" else body.get("priority")
    if within is None:
        raise Refused(400, 9102, "priority is a required field.")
    return int(within)


def _judge(record: Record, plan: str) -> None:
    if record.proxied and record.type not in PROXIABLE:
        raise Refused(400, 9004, "This record type cannot be proxied.")
    if record.proxied and record.type != "CNAME" and _prohibited(record.content):
        raise Refused(400, 9003, f"Target {record.content} is not allowed for a proxied record.")
    if not record.proxied and record.ttl != 1 and not 60 <= record.ttl <= 86_400:
        raise Refused(400, 9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.")
    if len(record.comment or "") > COMMENT[plan]:
        raise Refused(400, 9313, f"DNS record comment is longer than the maximum of {COMMENT[plan]} characters.")
    if len(record.tags) > TAGS[plan]:
        raise Refused(400, 9301, f"DNS record has {len(record.tags)} tags, exceeding the quota of {TAGS[plan]}.")
    if len(record.name) > 253 or any(not 0 < len(label) <= 63 for label in record.name.split(".")):
        raise Refused(400, 9000, "DNS name is invalid.")
    try:
        dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(record.type), record.rdata())
    except (dns.exception.DNSException, ValueError) as error:
        if record.type in _BAD_CONTENT:
            raise Refused(400, *_BAD_CONTENT[record.type]) from None
        raise Refused(400, 1004, "DNS Validation Error", chain=(9019, str(error))) from None


def _prohibited(address: str) -> bool:
    """Whether the edge fetches nothing from there: the networks of RFC 1918 and this machine's, and 1.1.1.1."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return address in ("1.1.1.1", "1.0.0.1") or ip.is_loopback or any(ip in network for network in _INSIDE)


def body_of(record: Record) -> dict[str, Any]:
    """The body of PUT that would leave the record as it is; what PATCH is laid over."""
    keys = ("name", "type", "ttl", "proxied", "comment", "tags", "settings")
    body: dict[str, Any] = json.loads(json.dumps({key: record.shown()[key] for key in keys}))
    if record.data is not None:
        return {**body, "data": dict(record.data)}
    return {**body, "content": record.content} | ({} if record.priority is None else {"priority": record.priority})
