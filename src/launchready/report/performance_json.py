"""The measurement of core flows as JSON, for programs: what the report's pictures show, as numbers.

The whole measurement, with histograms and resources, lies in `.launchready/performance/`.
"""

from __future__ import annotations

from typing import Any

from launchready.measurement import Distribution, Measurement, StepTimes
from launchready.report.schema_parts import list_of, object_of

_SECONDS = {"type": ["number", "null"], "minimum": 0}


def document(measured: Measurement) -> dict[str, Any]:
    """A measurement as JSON's data types."""
    line = measured.line
    return {
        "url": measured.url,
        "release": measured.release,
        "at": measured.at.isoformat(timespec="seconds"),
        "elapsed_s": round(measured.elapsed_s, 3),
        "requests": measured.requests,
        "line": {
            "name": line.name, "down_mbps": line.down_mbps, "up_mbps": line.up_mbps, "rtt_ms": line.rtt_ms,
            "source": line.source, "way": measured.way,
        },
        "steps": [_step(times) for times in measured.steps],
        "queries": [
            {
                "flow": one.flow, "step": one.step, "route": one.route, "source": one.source, "calls": one.calls,
                "database_s": one.database_s, "server_s": one.server_s,
            }
            for one in measured.queries
        ],
        "visits": [
            {
                "flow": one.flow, "step": one.step, "route": one.route, "first_paint_s": one.first_paint_s,
                "lcp_s": one.lcp_s, "data_s": one.data_s, "round_trips": one.round_trips,
                "resources": len(one.resources),
            }
            for one in measured.visits
        ],
        "untold": [
            {"flow": one.flow, "step": one.step, "part": one.part, "reason": one.reason, "unlock": one.unlock}
            for one in measured.untold
        ],
    }  # fmt: skip


def schema() -> dict[str, Any]:
    """The JSON Schema of `document`."""
    text, count, number = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "number", "minimum": 0}
    quantile = object_of(value_s=_SECONDS, low_s=_SECONDS, high_s=_SECONDS)
    spread = {"anyOf": [{"type": "null"}, object_of(n=count, p50=quantile, p95=quantile, p99=quantile, max_s=_SECONDS)]}
    step = object_of(
        flow=text, step=text, user=text, route=text, pace=text, rate_per_s=number, target_s=number, cold_s=_SECONDS,
        seen=spread, server=spread, failures=count, needs=count,
    )  # fmt: skip
    of = {"flow": text, "step": text, "route": text}
    return object_of(
        url=text, release=text, at={"type": "string", "format": "date-time"}, elapsed_s=number, requests=count,
        line=object_of(name=text, down_mbps=number, up_mbps=number, rtt_ms=number, source=text, way=text),
        steps=list_of(step),
        queries=list_of(object_of(**of, source=text, calls=number, database_s=number, server_s=number)),
        visits=list_of(
            object_of(
                **of, first_paint_s=_SECONDS, lcp_s=_SECONDS, data_s=_SECONDS, round_trips=count, resources=count
            )
        ),
        untold=list_of(object_of(flow=text, step=text, part=text, reason=text, unlock=text)),
    )  # fmt: skip


def _step(times: StepTimes) -> dict[str, Any]:
    return {
        "flow": times.flow, "step": times.step, "user": times.user, "route": times.route, "pace": times.pace,
        "rate_per_s": times.rate_per_s, "target_s": times.target_s, "cold_s": times.cold_s,
        "seen": _spread(times.seen), "server": _spread(times.server), "failures": times.failures,
        "needs": times.needs,
    }  # fmt: skip


def _spread(found: Distribution | None) -> dict[str, Any] | None:
    if found is None:
        return None
    quantiles = {
        name: {"value_s": q.value_s, "low_s": q.low_s, "high_s": q.high_s}
        for name, q in (("p50", found.p50), ("p95", found.p95), ("p99", found.p99))
    }
    return {"n": found.n, **quantiles, "max_s": found.max_s}
