"""Rules and settings of a zone at Cloudflare, by the official SDK: read as data, changed one at a time.

A rule is added, changed and deleted by itself; the ruleset of a phase, which holds rules of others too, is never
written whole. https://developers.cloudflare.com/ruleset-engine/rulesets-api/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from launchready.edge.control.held import Barred, HeldRule
from launchready.edge.control.plans import PERMISSIONS, PHASES
from launchready.edge.control.way import Way, barred

BOTS = "bot_management."
_KEYS = ("action", "action_parameters", "description", "enabled", "expression", "logging", "ratelimit")
"""What a rule is made of; the rest the API adds."""
_NEVER = "launchready-asks-whether-it-may"
"""A value the API always refuses."""


class CloudflareZone:
    """One zone. Every method raises Barred."""

    def __init__(self, way: Way, token: str, zone: str) -> None:
        import cloudflare

        self._errors = (cloudflare.CloudflareError,)
        client = cloudflare.Cloudflare(
            api_token=token, base_url="https://api.cloudflare.com/client/v4", http_client=way.http, max_retries=0
        )
        client.api_key = client.api_email = client.user_service_key = None  # an older key here must not be sent along
        self._client, self.zone = client, zone
        self._rulesets: dict[str, str] = {}
        self.id, self.plan = "", "free"
        self.active, self.name_servers = True, ()  # type: tuple[bool, tuple[str, ...]]

    def find(self) -> None:
        """Look the zone up by its name."""
        raw = self._raw("find the zone", lambda: self._client.zones.with_raw_response.list(name=self.zone))
        if not raw:
            raise Barred(f"the token sees no zone {self.zone} at Cloudflare: add the domain there, and let the token's "
                         "zone resources include it", denied=True)  # fmt: skip
        zone = raw[0]
        self.id = str(zone["id"])
        self.plan = _plan_of(str((zone.get("plan") or {}).get("legacy_id") or "free"))
        self.active = zone.get("status") == "active"
        self.name_servers = tuple(zone.get("name_servers") or ())

    def token_state(self) -> str:
        """`active`, `disabled`, `expired`, or in words what is wrong with it."""
        try:
            raw = self._raw("verify the token", self._client.user.tokens.with_raw_response.verify)
        except Barred as error:
            if error.denied:
                return "not a token that Cloudflare knows"
            raise
        return str(raw.get("status"))

    def settings(self, ids: tuple[str, ...]) -> dict[str, Any]:
        """Settings by id: all in one request while that is offered (until 2027-03-31), else one by one."""
        try:
            answer = self._said("read the settings", lambda: self._client.get(
                f"/zones/{self.id}/settings", cast_to=object))  # fmt: skip
            listed = answer.get("result") if isinstance(answer, dict) else None
        except Barred as error:
            if error.denied or error.unsure:
                raise
            listed = None
        if isinstance(listed, list):
            return {str(one["id"]): one.get("value") for one in listed if isinstance(one, dict)}
        return {id: self.setting(id) for id in ids}

    def setting(self, id: str) -> Any:
        """The value of one setting, of the zone or of bots."""
        if id.startswith(BOTS):
            return self.bots().get(id.removeprefix(BOTS))
        settings = self._client.zones.settings.with_raw_response
        return self._raw(f"read {id}", lambda: settings.get(id, zone_id=self.id)).get("value")

    def bots(self) -> dict[str, Any]:
        """The settings of bot management."""
        found: dict[str, Any] = self._raw(
            "read bot management", lambda: self._client.bot_management.with_raw_response.get(zone_id=self.id)
        )
        return found

    def set_setting(self, id: str, value: Any) -> None:
        """Change one."""
        if id.startswith(BOTS):
            change: Any = {id.removeprefix(BOTS): value}
            self._said(f"set {id}", lambda: self._client.bot_management.update(zone_id=self.id, **change))
            return
        self._said(f"set {id}", lambda: self._client.zones.settings.edit(id, zone_id=self.id, value=value))

    def rules(self, phase: str) -> tuple[HeldRule, ...]:
        """The rules of a phase, in order; none where the phase has no ruleset."""
        phases = self._client.rulesets.phases.with_raw_response
        try:
            raw = self._raw(f"read {phase}", lambda: phases.get(phase, zone_id=self.id))  # type: ignore[arg-type]
        except Barred as error:
            if "could not find entrypoint" in str(error):
                self._rulesets.pop(phase, None)
                return ()
            raise
        self._rulesets[phase] = str(raw["id"])
        return tuple(_held(phase, rule) for rule in raw.get("rules") or ())

    def put_rule(self, phase: str, ref: str, body: Mapping[str, Any], *, after: str = "", before: str = "") -> None:
        """Add a rule, or change the one of that `ref`; `after` and `before` are ids of neighbours of a new one."""
        held = next((rule for rule in self.rules(phase) if rule.ref == ref), None)
        whole: Any = {**body, "ref": ref}
        rules = self._client.rulesets.rules
        if held is not None:
            self._said(f"change {ref}", lambda: rules.edit(
                held.id, zone_id=self.id, ruleset_id=self._rulesets[phase], **whole))  # fmt: skip
        elif phase in self._rulesets:
            place: Any = {"position": {"after": after}} if after else {"position": {"before": before}} if before else {}
            self._said(f"add {ref}", lambda: rules.create(
                self._rulesets[phase], zone_id=self.id, **whole, **place))  # fmt: skip
        else:  # made, not written over: refused when somebody made one meanwhile
            self._said(f"add {ref}", lambda: self._client.rulesets.create(
                zone_id=self.id, kind="zone", name="default", phase=phase, rules=[whole]))  # type: ignore[arg-type] # fmt: skip

    def delete_rule(self, phase: str, ref: str) -> None:
        """Delete the rule of that `ref`."""
        held = next((rule for rule in self.rules(phase) if rule.ref == ref), None)
        if held is not None:
            self._said(f"delete {ref}", lambda: self._client.rulesets.rules.delete(
                held.id, zone_id=self.id, ruleset_id=self._rulesets[phase]))  # fmt: skip

    def may_write(self, part: str) -> bool:
        """Whether the token may change a part (`records`, `settings`, `bots` or a phase); changes nothing.

        Asked with a body that breaks the API's schema, which is refused with 400 where the token may, 403 where not.
        """
        zone = f"/zones/{self.id}"
        method, path, body = {
            "records": ("POST", f"{zone}/dns_records/batch", {"deletes": _NEVER}),
            "settings": ("PATCH", f"{zone}/settings/ssl", {"value": _NEVER}),
            "bots": ("PUT", f"{zone}/bot_management", {"fight_mode": _NEVER}),
        }.get(part, ("PUT", f"{zone}/rulesets/phases/{part}/entrypoint", {"rules": _NEVER}))
        ask: Any = {"POST": self._client.post, "PATCH": self._client.patch, "PUT": self._client.put}[method]
        try:
            self._said(f"ask whether {PERMISSIONS[part]} may be written", lambda: ask(path, cast_to=object, body=body))
        except Barred as error:
            if error.unsure:
                raise
            return not error.denied
        return True

    def _raw(self, doing: str, ask: Callable[[], Any]) -> Any:
        answer = self._said(doing, ask).json()
        if isinstance(answer, dict) and "result" in answer:
            return answer["result"]
        raise Barred(f"{doing}: the answer is none of Cloudflare's", unsure=True)

    def _said(self, doing: str, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except self._errors as error:
            raise barred(error, doing) from None
        except ValueError:  # not JSON
            raise Barred(f"{doing}: the answer is none of Cloudflare's", unsure=True) from None


def _held(phase: str, rule: Mapping[str, Any]) -> HeldRule:
    body = {key: rule[key] for key in _KEYS if rule.get(key) not in (None, "")}
    return HeldRule(phase, str(rule["id"]), str(rule.get("ref", "")), body)


def _plan_of(legacy: str) -> str:
    return {"pro": "pro", "business": "business", "enterprise": "enterprise"}.get(legacy, "free")


__all__ = ["BOTS", "PHASES", "CloudflareZone"]
