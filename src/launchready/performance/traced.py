"""The traces of a measurement: its repeated requests carry ids of ours; what comes in for them is read at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

from launchready.measurement import Untold
from launchready.performance.routes import route_of
from launchready.performance.traces import Asked, Traced, traceparent, traces_of, whole
from launchready.performance.words import Request, StepRun
from launchready.portal_performance import Flow
from launchready.probes import otlp

PATIENCE_S = 12.0
"""For the last batch: SDKs send every 5 s (OTEL_BSP_SCHEDULE_DELAY)."""


@dataclass
class Traces:
    """A receiver that listens, and the requests whose traces are waited for."""

    receiver: otlp.OtlpReceiver
    asked: list[Asked] = field(default_factory=list)

    def marked(self, request: Request, flow: Flow, step: StepRun) -> Request:
        """The same request with a trace id of ours."""
        trace, header = traceparent()
        route = route_of(request.method, request.url)
        self.asked.append(Asked(trace, flow.name, step.step, flow.user, route))
        others = tuple(pair for pair in request.headers if pair[0].lower() != "traceparent")
        return replace(request, headers=(*others, ("traceparent", header)))

    async def read(self) -> Traced:
        """What the traces of those requests tell; waits a little for the last ones."""
        spans = await self.receiver.wait(lambda seen: whole(seen, self.asked), PATIENCE_S)
        found = traces_of(spans, self.asked)
        return replace(found, untold=(*found.untold, *self._lost()))

    def _lost(self) -> Iterator[Untold]:
        if self.receiver.dropped:
            reason = f"{self.receiver.dropped} spans were thrown away: more came than are kept"
            yield Untold("", "", reason, "measure fewer flows at once: --flow NAME", part="traces")
        for refused, times in self.receiver.refused.items():
            reason = f"{times} deliveries of traces were refused: {refused}"
            yield Untold("", "", reason, "see what the portal's exporter sends (OTLP over HTTP)", part="traces")


async def listening(stack: AsyncExitStack, place: str) -> Traces | Untold:
    """Take traces at `address:port` until `stack` ends."""
    if lack := otlp.missing():
        return Untold("", "", lack, otlp.UNLOCK, part="traces")
    address, _, port = place.rpartition(":")
    try:
        receiver = await stack.enter_async_context(otlp.OtlpReceiver(address.strip("[]") or "127.0.0.1", int(port)))
    except (OSError, ValueError) as error:
        unlock = "name a free one, such as 127.0.0.1:4318"
        return Untold("", "", f"traces cannot be taken at {place}: {error}", unlock, part="traces")
    return Traces(receiver)
