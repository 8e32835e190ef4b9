"""What the API does with DNS records: list, one, create, change, delete, and many at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from launchready.lab.cloudflare.envelope import Refused, done
from launchready.lab.cloudflare.pages import paged
from launchready.lab.cloudflare.records import QUOTA, Record, body_of, conflict, made, whole_name
from launchready.lab.cloudflare.schema import refused
from launchready.lab.cloudflare.state import CloudflareState, now
from launchready.lab.world import Response

if TYPE_CHECKING:
    from launchready.lab.cloudflare.asked import Asked

_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "": lambda held, wanted: held == wanted,
    "exact": lambda held, wanted: held == wanted,
    "contains": lambda held, wanted: wanted in held,
    "startswith": lambda held, wanted: held.startswith(wanted),
    "endswith": lambda held, wanted: held.endswith(wanted),
    "present": lambda held, _: bool(held),
    "absent": lambda held, _: not held,
}
_PLAIN = ("match", "order", "direction", "page", "per_page", "type", "proxied", "search", "tag_match")
BATCH_MOST = {"free": 200, "pro": 3500, "business": 3500}
"""Changes in one batch (https://developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes/)."""


def listed(state: CloudflareState, asked: Asked) -> Response:
    """The records that fit the filters, a page of them."""
    query = asked.query
    filters = []
    for key, value in query.items():
        name, _, test = key.partition(".")
        if name in ("name", "content", "comment") and test in _TESTS and (name == "comment" or test[-2:] != "nt"):
            filters.append((name, test, value.lower()))
        elif key not in _PLAIN:
            raise Refused(400, 9009, f"unknown query parameter {key}")
    found = [r for r in state.records.values() if _fits(r, filters, query)]
    order = query.get("order", "type")
    if order not in ("type", "name", "content", "ttl", "proxied"):
        raise Refused(400, 9009, "order must be one of type, name, content, ttl, proxied")
    found.sort(key=lambda r: getattr(r, order), reverse=query.get("direction") == "desc")
    return paged([r.shown() for r in found], query, usual=100, least=1, most=5_000_000)


def get(state: CloudflareState, asked: Asked) -> Response:
    """One record."""
    return done(_held(state.records, asked.path[3]).shown())


def create(state: CloudflareState, asked: Asked) -> Response:
    """A new record."""
    records = dict(state.records)
    record = _create(state, records, asked.body)
    _keep(state, records)
    return done(record.shown())


def put(state: CloudflareState, asked: Asked) -> Response:
    """A record, wholly new."""
    records = dict(state.records)
    record = _put(state, records, asked.path[3], asked.body)
    _keep(state, records)
    return done(record.shown())


def patch(state: CloudflareState, asked: Asked) -> Response:
    """Some keys of a record."""
    records = dict(state.records)
    record = _patch(state, records, asked.path[3], asked.body)
    _keep(state, records)
    return done(record.shown())


def delete(state: CloudflareState, asked: Asked) -> Response:
    """A record less."""
    records = dict(state.records)
    _held(records, asked.path[3])
    del records[asked.path[3]]
    _keep(state, records)
    return done({"id": asked.path[3]})


def batch(state: CloudflareState, asked: Asked) -> Response:
    """Many changes, all of them or none: deletes, then patches, puts and posts."""
    body = asked.body
    kinds = ("deletes", "patches", "puts", "posts")
    if not isinstance(body, dict) or set(body) - set(kinds) or any(not isinstance(v, list) for v in body.values()):
        raise Refused(400, 9207, "Request body is invalid.")
    if sum(map(len, body.values())) > BATCH_MOST[state.account.plan]:
        raise Refused(400, 9207, "The batch has more changes than the plan allows.")
    records = dict(state.records)
    result: dict[str, list[dict[str, Any]]] = {kind: [] for kind in kinds}
    for one in body.get("deletes", ()):
        if why := refused("dns.record_batch_params", "Delete", one):
            raise Refused(400, 9207, f"Request body is invalid. deletes: {why}")
        result["deletes"].append(_held(records, one["id"]).shown())
        del records[one["id"]]
    for kind, change in (("patches", _patch), ("puts", _put)):
        for one in body.get(kind, ()):
            if not isinstance(one, dict) or not isinstance(one.get("id"), str):
                raise Refused(400, 9207, f"Request body is invalid. {kind}: id: Field required")
            without = {key: value for key, value in one.items() if key != "id"}
            result[kind].append(change(state, records, one["id"], without).shown())
    result["posts"] = [_create(state, records, one).shown() for one in body.get("posts", ())]
    _keep(state, records)
    return done(result)


def _create(state: CloudflareState, records: dict[str, Record], body: Any) -> Record:
    body = _in_schema("dns.record_create_params", "RecordCreateParams", body)
    if len(records) >= QUOTA[state.account.plan]:
        raise Refused(400, 81045, "Record quota exceeded.")
    record = made(state.new_id(), body, state.zone_name, state.account.plan, now())
    return _stand(records, record)


def _put(state: CloudflareState, records: dict[str, Record], id: str, body: Any) -> Record:
    held = _held(records, id)
    body = _in_schema("dns.record_update_params", "RecordUpdateParams", body)
    record = made(id, body, state.zone_name, state.account.plan, now())
    return _stand(records, replace(record, created_on=held.created_on))


def _patch(state: CloudflareState, records: dict[str, Record], id: str, body: Any) -> Record:
    held = _held(records, id)
    body = _in_schema("dns.record_edit_params", "RecordEditParams", body)
    record = made(id, {**body_of(held), **body}, state.zone_name, state.account.plan, now())
    return _stand(records, replace(record, created_on=held.created_on))


def _stand(records: dict[str, Record], record: Record) -> Record:
    if error := conflict(record, records.values()):
        raise error
    records[record.id] = record
    return record


def _in_schema(module: str, name: str, body: Any) -> dict[str, Any]:
    given = _without_legacy({k: v for k, v in body.items() if v is not None}) if isinstance(body, dict) else body
    if why := refused(module, name, given):
        raise Refused(400, 9207, f"Request body is invalid. {why}")
    whole: dict[str, Any] = given
    return whole


def _without_legacy(body: dict[str, Any]) -> dict[str, Any]:
    """Without what the API once took of an SRV record's name and now passes over; octoDNS sends it still."""
    data = body.get("data")
    if body.get("type") != "SRV" or not isinstance(data, dict):
        return body
    return {**body, "data": {k: v for k, v in data.items() if k not in ("service", "proto", "name")}}


def _held(records: Mapping[str, Record], id: str) -> Record:
    if id not in records:
        raise Refused(404, 81044, "Record does not exist.")
    return records[id]


def _keep(state: CloudflareState, records: dict[str, Record]) -> None:
    state.records = records
    state.changed()


def _fits(record: Record, filters: list[tuple[str, str, str]], query: Mapping[str, str]) -> bool:
    held = {"name": record.name, "content": record.content.lower(), "comment": (record.comment or "").lower()}
    tests = [_TESTS[test](held[name], wanted) for name, test, wanted in filters]
    if "type" in query:
        tests.append(record.type == query["type"])
    if "proxied" in query:
        tests.append(record.proxied == (query["proxied"] == "true"))
    if "search" in query:
        tests.append(any(query["search"].lower() in text for text in held.values()))
    return any(tests) if query.get("match") == "any" and tests else all(tests)


__all__ = ["batch", "create", "delete", "get", "listed", "patch", "put", "whole_name"]
