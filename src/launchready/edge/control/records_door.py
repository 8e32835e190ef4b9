"""Records by way of octoDNS: read as data, and one name's records replaced by others.

Cloudflare's provider reads, writes out and sends; but instead of its one-by-one deletes and creates the changes at a
name go in one `dns_records/batch`, all or none: no moment without a record, and each record keeps its own comment.
Any other provider's class makes the change by its own `apply`.
"""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from launchready.edge.control.held import Barred, Entry
from launchready.edge.control.way import Way, barred

_HOSTS = ("CNAME", "NS", "MX", "SRV", "PTR", "ALIAS")
"""Types whose data ends in a name."""


class RecordsDoor(Protocol):
    """A provider's records. Every method raises Barred."""

    def entries(self) -> list[Entry]:
        """All of them, as they are now."""
        ...

    def replace(self, before: Sequence[Entry], after: Sequence[Entry]) -> None:
        """Put `after` in the place of `before`; all of both are of one name."""
        ...


class CloudflareRecords:
    """The records of a zone at Cloudflare."""

    def __init__(self, way: Way, token: str, zone: str, zone_id: str) -> None:
        quiet()
        from octodns.idna import IdnaDict
        from octodns.zone import Zone
        from octodns_cloudflare import CloudflareProvider

        self._provider = CloudflareProvider(
            "edge", token=token, pagerules=False, retry_count=0, min_ttl=60, records_per_page=5000, timeout=way.step_s
        )
        self._provider._sess.mount("https://", way.session_adapter())
        self._provider._zones = IdnaDict({f"{zone}.": {"id": zone_id, "cloudflare_plan": None, "name_servers": []}})
        self._zone, self._id = Zone(f"{zone}.", []), zone_id

    def entries(self) -> list[Entry]:
        """As the protocol says; types octoDNS does not know are left out, and so never touched."""
        self._provider._zone_records = {}
        raw = _said("read the records", lambda: self._provider.zone_records(self._zone))
        return [self._entry(one) for one in raw]

    def replace(self, before: Sequence[Entry], after: Sequence[Entry]) -> None:
        """As the protocol says, in one transaction."""
        held = {(one.name, one.type, one.content): one for one in before}
        kept = {(one.name, one.type, one.content) for one in after}
        body: dict[str, list[dict[str, Any]]] = {
            "deletes": [{"id": one.id} for key, one in held.items() if key not in kept],
            "patches": [],
            "posts": [],
        }
        for one in after:
            old = held.get((one.name, one.type, one.content))
            if old is None:
                body["posts"].append(self._body(one))
            elif old != one:
                body["patches"].append({"id": old.id, **self._body(one), "comment": one.comment})
        wanted = {kind: changes for kind, changes in body.items() if changes}
        if wanted:
            path = f"/zones/{self._id}/dns_records/batch"
            doing = f"change {(*after, *before)[0].name}"
            _said(doing, lambda: self._provider._try_request("POST", path, data=wanted))

    def _entry(self, raw: dict[str, Any]) -> Entry:
        name = self._zone.hostname_from_fqdn(f"{raw['name']}.")
        try:
            content = contents(self._provider._record_for(self._zone, name, raw["type"], [raw], lenient=True))[0]
        except Exception:  # what octoDNS cannot read is somebody else's, and stays as it is
            content = str(raw.get("content", ""))
        return Entry(
            str(raw["name"]).lower(), str(raw["type"]), content, int(raw["ttl"]), bool(raw.get("proxied")),
            raw.get("comment") or "", tuple(raw.get("tags") or ()), str(raw["id"]),
        )  # fmt: skip

    def _body(self, entry: Entry) -> dict[str, Any]:
        own = {"proxied": entry.proxied, "auto-ttl": entry.ttl == 1, "comment": entry.comment, "tags": list(entry.tags)}
        record = record_of(self._zone, entry.name, entry.type, [entry.content], 300 if entry.ttl == 1 else entry.ttl)
        record.octodns["cloudflare"] = own
        body: dict[str, Any] = next(iter(self._provider._gen_data(record)))
        return body


class OtherRecords:
    """The records of a zone at any provider octoDNS has a class for."""

    def __init__(self, way: Way, class_name: str, options: dict[str, str | int | bool], zone: str) -> None:
        quiet()
        self._provider = _said(f"load {class_name}", lambda: _provider(way, class_name, options))
        self._name = f"{zone}."

    def entries(self) -> list[Entry]:
        """As the protocol says."""
        found = []
        for record in _said("read the records", self._populated).records:
            type = "CNAME" if record._type == "ALIAS" else record._type
            name = record.fqdn[:-1]
            found += [Entry(name, type, content, record.ttl) for content in contents(record)]
        return found

    def replace(self, before: Sequence[Entry], after: Sequence[Entry]) -> None:
        """As the protocol says: deletes first where a type makes way for another, as octoDNS orders it."""
        from octodns.provider.plan import Plan
        from octodns.record import Create, Delete, Update

        existing = self._populated()
        types = {one.type for one in (*before, *after)}
        name = (*after, *before)[0].name
        wanted = {type: self._record(existing, name, type, [e for e in after if e.type == type]) for type in types}
        desired, changes = existing.copy(), []
        for type, new in wanted.items():
            old = next((r for r in existing.records if r.fqdn == f"{name}." and _type(r) == type), None)
            if old is not None:
                desired.remove_record(old)
            if new is not None:
                changes.append(Update(old, new) if old is not None else Create(new))
            elif old is not None:
                changes.append(Delete(old))
        for record in filter(None, wanted.values()):
            desired.add_record(record, lenient=True)
        plan = Plan(existing, desired, changes, True, 1.0, 1.0)
        if changes:
            _said(f"change {name}", lambda: self._provider.apply(plan))

    def _populated(self) -> Any:
        from octodns.zone import Zone

        zone = Zone(self._name, [])
        self._provider.populate(zone, target=True, lenient=True)
        return zone

    def _record(self, zone: Any, name: str, type: str, entries: list[Entry]) -> Any:
        if not entries:
            return None
        apex = f"{name}." == self._name and type == "CNAME"
        values = [one.content for one in entries]
        return record_of(zone, name, "ALIAS" if apex else type, values, entries[0].ttl)


def record_of(zone: Any, name: str, type: str, values: Iterable[str], ttl: int) -> Any:
    """octoDNS's record of zone-file contents."""
    from octodns.record import Record
    from octodns.record.rr import Rrset

    if type == "TXT":
        texts = [value.replace(";", "\\;") for value in values]
        return Record.new(
            zone, zone.hostname_from_fqdn(f"{name}."), {"type": type, "ttl": ttl, "values": texts}, None, True
        )
    rdatas = [f"{value}." if type in _HOSTS else value for value in values]
    return Record.from_rrsets(zone, [Rrset(f"{name}.", type, ttl, rdatas)], lenient=True)[0]


def contents(record: Any) -> list[str]:
    """The contents of octoDNS's record, as in a zone file, without final dots and quotes of text."""
    if record._type == "TXT":
        return [str(value).replace("\\;", ";") for value in record.values]
    found = [str(rdata) for rdata in record.to_rrset().rdatas]
    return [one.lower().rstrip(".") if record._type in _HOSTS else one for one in found]


def quiet() -> None:
    """Keep what octoDNS logs off the terminal."""
    logging.getLogger().addHandler(logging.NullHandler())


def _provider(way: Way, class_name: str, options: dict[str, str | int | bool]) -> Any:
    module, _, name = class_name.rpartition(".")
    made = getattr(importlib.import_module(module), name)
    given = {key: _option(key, value) for key, value in options.items()}
    provider = made("edge", **given)
    sessions = _sessions(provider)
    for session in sessions:
        session.mount("https://", way.session_adapter())
        session.mount("http://", way.session_adapter())
    if way.closed and not sessions and not module.startswith("octodns.provider."):
        raise Barred(f"{class_name} connects on its own way, which --closed and --connect-to cannot lead; "
                     "run it without them")  # fmt: skip
    return provider


def _option(key: str, value: str | int | bool) -> str | int | bool:
    if not (isinstance(value, str) and value.startswith("env/")):
        return value
    name = value.removeprefix("env/")
    if name not in os.environ:
        raise Barred(f"[edge.options] {key}: the environment variable {name} is not set")
    return os.environ[name]


def _sessions(provider: Any) -> list[Any]:
    """The sessions of `requests` a provider, or its client, holds."""
    import requests

    places = [provider, *(getattr(provider, name, None) for name in ("_client", "client"))]
    found = [value for place in places if place is not None for value in vars(place).values()]
    return [value for value in found if isinstance(value, requests.Session)]


def _type(record: Any) -> str:
    return "CNAME" if record._type == "ALIAS" else str(record._type)


def _said(doing: str, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except Barred:
        raise
    except Exception as error:
        raise barred(error, doing) from None
