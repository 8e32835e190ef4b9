"""Railway: variables of a service in an environment, by GraphQL (https://docs.railway.com/integrations/api).

Values come along with the listing; only the names are read. A refusal comes with status 200 and an `errors` list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from launchready.probes.failures import Failure, Garbage, Phase, Refused
from launchready.probes.platform_session import NAME_CHARS, Session, Vendor

RAILWAY = Vendor(
    name="Railway",
    base="https://backboard.railway.com/graphql/v2",
    reads="a token of the workspace, or a project token of this very environment (Project settings, Tokens)",
    writes="a token of the workspace, or a project token of this very environment (Project settings, Tokens)",
    service="the ids of project, environment and service with slashes between",
    then="Railway deploys the service with it at once",
)
_LIST = (
    "query variables($projectId: String!, $environmentId: String!, $serviceId: String) "
    "{ variables(projectId: $projectId, environmentId: $environmentId, serviceId: $serviceId) }"
)
_PUT = "mutation variableUpsert($input: VariableUpsertInput!) { variableUpsert(input: $input) }"
_REMOVE = "mutation variableDelete($input: VariableDeleteInput!) { variableDelete(input: $input) }"


@dataclass(frozen=True)
class Railway:
    """One service in one environment."""

    session: Session
    vendor: Vendor = RAILWAY

    async def names(self) -> frozenset[str] | Failure:
        """The query `variables`."""
        place = self._place()
        data = place if isinstance(place, Failure) else await self._ask(_LIST, dict(place), writing=False)
        if isinstance(data, Failure):
            return data
        variables = data.get("variables")
        if not isinstance(variables, dict) or any(len(name) > NAME_CHARS for name in variables):
            return self.session.garbage("an object of variables")
        return frozenset(variables)

    async def put(self, name: str, value: str, *, replace: bool) -> Failure | None:
        """The mutation `variableUpsert`."""
        return await self._change(_PUT, {"name": name, "value": value})

    async def remove(self, name: str) -> Failure | None:
        """The mutation `variableDelete`."""
        return await self._change(_REMOVE, {"name": name})

    async def _change(self, query: str, more: dict[str, str]) -> Failure | None:
        place = self._place()
        if isinstance(place, Failure):
            return place
        data = await self._ask(query, {"input": {**place, **more}}, writing=True)
        return data if isinstance(data, Failure) else None

    def _place(self) -> dict[str, str] | Failure:
        ids = self.session.service.split("/")
        if len(ids) != 3 or not all(ids):
            detail = f"service of a Railway environment must be {RAILWAY.service}"
            return Refused(Phase.REQUEST, self.session.service, detail)
        return dict(zip(("projectId", "environmentId", "serviceId"), ids, strict=True))

    async def _ask(self, query: str, variables: dict[str, Any], *, writing: bool) -> Any:
        answer = await self._once(query, variables, {}, writing)
        if isinstance(answer, Refused) and answer.detail.endswith(self._needs(writing)):
            # Project tokens go by a header of their own; which kind this one is cannot be told by looking at it.
            headers = {"Authorization": "", "Project-Access-Token": self.session.token}
            answer = await self._once(query, variables, headers, writing)
        return answer

    def _needs(self, writing: bool) -> str:
        return self.vendor.writes if writing else self.vendor.reads

    async def _once(self, query: str, variables: dict[str, Any], headers: dict[str, str], writing: bool) -> Any:
        reply = await self.session.ask("POST", "", {"query": query, "variables": variables}, headers)
        if isinstance(reply, Failure):
            return reply
        document = reply.document if isinstance(reply.document, dict) else {}
        if errors := document.get("errors"):
            text = (
                " ".join(str(e.get("message", "")) for e in errors if isinstance(e, dict))
                if isinstance(errors, list)
                else ""
            )
            if "not authorized" in text.lower() or "unauthorized" in text.lower():
                return self.session.refusal(403, self.vendor.base, writing=writing)
            if "not found" in text.lower():
                return self.session.refusal(404, self.vendor.base, writing=writing)
            return Garbage(Phase.ANSWER, self.vendor.base, "Railway answered with an error")
        data = document.get("data")
        return data if isinstance(data, dict) else self.session.garbage("data")
