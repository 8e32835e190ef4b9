"""The records that are wanted: where hosts lead, what makes mail arrive, who may issue certificates.

Names are RFC 1035's, SPF RFC 7208's, DKIM RFC 6376's, DMARC RFC 7489's, CAA RFC 8659's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address

from launchready.edge.control.wants import Reason, WantedRecords
from launchready.portal import Portal
from launchready.portal_edge import EdgeRecord, EdgeSettings

CLOUDFLARES = ("letsencrypt.org", "pki.goog; cansignhttpexchanges=yes", "ssl.com", "sectigo.com")
"""Who issues for Cloudflare's edge (https://developers.cloudflare.com/ssl/reference/certificate-authorities/)."""
ADDRESSED = ("A", "AAAA", "CNAME")
_HOST = Reason("B1", "the host leads to the portal", "visitors go where this leads", ("dns.records", "dns.subdomains"))
_FRONT = ("edge.front", "edge.leaks")


def wanted_records(portal: Portal, edge: EdgeSettings, zone: str, *, cloudflare: bool) -> Iterator[WantedRecords]:
    """Every record, one set of a name and type at a time."""
    proxied = edge.proxied and cloudflare
    for host, targets in hosts_of(portal, edge, zone).items():
        yield from _host(host, targets, edge, proxied=proxied)
    yield from _mail(edge, zone)
    yield from _caa(edge, zone, proxied=proxied)
    for record in edge.records:
        yield _extra(record, edge, zone, cloudflare=cloudflare)


def hosts_of(portal: Portal, edge: EdgeSettings, zone: str) -> dict[str, tuple[str, ...]]:
    """Where each host is to lead, by its whole name; empty when `[edge]` names no place for it."""
    staging = portal.staging_hosts[:-1]
    names = [portal.domain, f"www.{portal.domain}", *map(portal.full_name, portal.hosts), *staging]
    found = {name: edge.origin for name in names if edge.origin and _within(name, zone)}
    for label, target in edge.hosts.items():
        found[whole(label, zone)] = (target,) if isinstance(target, str) else target
    return found


def whole(label: str, zone: str) -> str:
    """`@`, a label or a whole name, as a whole name without final dot."""
    name = label.lower().rstrip(".")
    if name in ("@", ""):
        return zone
    return name if _within(name, zone) else f"{name}.{zone}"


def _within(name: str, zone: str) -> bool:
    return name == zone or name.endswith(f".{zone}")


def _host(host: str, targets: tuple[str, ...], edge: EdgeSettings, *, proxied: bool) -> Iterator[WantedRecords]:
    by_type: dict[str, list[str]] = {}
    for target in targets:
        type = _type_of(target)
        by_type.setdefault(type, []).append(_plain(target, type, host))
    why = "visitors reach the edge, which fetches from the portal" if proxied else _HOST.why
    reason = Reason("B4" if proxied else "B1", why, _HOST.risk, (*_HOST.checks, *(_FRONT if proxied else ())))
    for type, values in by_type.items():
        yield WantedRecords(host, type, tuple(values), reason, 1 if proxied else edge.ttl, proxied)


def _type_of(target: str) -> str:
    try:
        return "A" if ip_address(target).version == 4 else "AAAA"
    except ValueError:
        return "CNAME"


def _mail(edge: EdgeSettings, zone: str) -> Iterator[WantedRecords]:
    mail = edge.mail
    if mail.mx:
        reason = Reason("M2", "mail to the domain arrives", "mail goes where this leads", ("mail.mx.reachable",))
        yield WantedRecords(zone, "MX", tuple(_plain(mx, "MX", zone) for mx in mail.mx), reason)
    if mail.spf:
        reason = Reason("M2", "receivers know who may send as the domain",
                        "mail of a sender that is not named is refused", ("mail.spf",))  # fmt: skip
        yield WantedRecords(zone, "TXT", (_spf(mail.spf),), reason, beside="v=spf1")
    for selector, said in mail.dkim.items():
        name = f"{selector}._domainkey.{zone}"
        reason = Reason("M2", "receivers can check the signature of mail", "signatures with another key fail",
                        ("mail.dkim",))  # fmt: skip
        if "=" in said:
            yield WantedRecords(name, "TXT", (said,), reason, beside="v=DKIM1")
        else:
            yield WantedRecords(name, "CNAME", (_plain(said, "CNAME", zone),), reason)
    if mail.dmarc:
        risk = {"none": "none: mail is delivered as before"}.get(mail.dmarc, "mail that fails is not delivered")
        reason = Reason("M2", "receivers know what to do with forged mail", risk, ("mail.dmarc",))
        yield WantedRecords(
            f"_dmarc.{zone}", "TXT", (_dmarc(mail.dmarc, mail.dmarc_reports),), reason, beside="v=DMARC1"
        )


def _spf(mechanisms: tuple[str, ...]) -> str:
    ends = any(one.lstrip("+-~?").lower() == "all" or one.lower().startswith("redirect=") for one in mechanisms)
    return " ".join(("v=spf1", *mechanisms, *(() if ends else ("-all",))))


def _dmarc(policy: str, reports: tuple[str, ...]) -> str:
    rua = ",".join(one if ":" in one else f"mailto:{one}" for one in reports)
    return f"v=DMARC1; p={policy}" + (f"; rua={rua}" if rua else "")


def _caa(edge: EdgeSettings, zone: str, *, proxied: bool) -> Iterator[WantedRecords]:
    if not edge.caa:
        return
    named = tuple(dict.fromkeys((*edge.caa, *(CLOUDFLARES if proxied else ()))))
    plain = {one.partition(";")[0].strip(): one for one in named}  # the edge's form of one both name wins
    reason = Reason("B1", "only these authorities may issue certificates for the domain",
                    "an authority that is not named can no longer renew", ("dns.caa",))  # fmt: skip
    yield WantedRecords(zone, "CAA", tuple(f'0 issue "{one}"' for one in plain.values()), reason, beside="")


def _extra(record: EdgeRecord, edge: EdgeSettings, zone: str, *, cloudflare: bool) -> WantedRecords:
    proxied = cloudflare and record.type in ADDRESSED and bool(record.proxied)
    reason = Reason("B1", "named in [[edge.records]]", "whoever uses the name goes where this leads", ("dns.records",))
    values = tuple(_plain(value, record.type, zone) for value in record.values)
    ttl = 1 if proxied else record.ttl or edge.ttl
    beside = "" if record.type in ("TXT", "CAA") else None
    return WantedRecords(whole(record.name, zone), record.type, values, reason, ttl, proxied, beside)


def _plain(value: str, type: str, zone: str) -> str:
    """A value in the one form records are compared in."""
    if type == "TXT":
        parts = re.findall(r'"((?:[^"\\]|\\.)*)"', value) if value.startswith('"') else []
        return "".join(parts) if parts else value
    if type == "CAA":
        flags, tag, said = (*value.split(None, 2), "", "")[:3]
        return f'{flags} {tag} "{said.strip(chr(34))}"'
    if type in ("A", "AAAA"):
        try:
            return str(ip_address(value))
        except ValueError:
            return value
    *numbers, target = value.lower().split()
    if target == "@":
        target = zone
    return " ".join((*numbers, target.rstrip(".") if "." in target else f"{target}.{zone}"))
