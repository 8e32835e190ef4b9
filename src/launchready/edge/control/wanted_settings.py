"""The zone's settings that are wanted: how visitors are encrypted, and bots.

Ids and values are those of https://developers.cloudflare.com/api/resources/zones/subresources/settings/; the stages of
HSTS are those https://hstspreload.org recommends.
"""

from __future__ import annotations

from collections.abc import Iterator

from launchready.edge.control.plans import at_least
from launchready.edge.control.wants import Reason, WantedSetting
from launchready.portal_edge import EdgeSettings, EdgeTls

STAGES = {"off": 0, "test": 300, "week": 604_800, "month": 2_592_000, "year": 31_536_000, "preload": 31_536_000}
"""Seconds of each stage of HSTS, in order."""
DMARC_STAGES = ("", "none", "quarantine", "reject")


def wanted_settings(edge: EdgeSettings, plan: str) -> Iterator[WantedSetting]:
    """Every setting; TLS mode is that of the file, whether the origin allows it is judged by the plan."""
    tls = edge.tls
    yield WantedSetting("ssl", tls.mode, Reason(
        "B5", "the edge verifies the portal's certificate" if tls.mode == "strict" else "the edge encrypts its way on",
        "a host whose certificate does not verify shows error 526", ("edge.origin",)))  # fmt: skip
    yield WantedSetting("min_tls_version", tls.min_version, Reason(
        "B5", f"no visitor is encrypted with less than TLS {tls.min_version}",
        "programs from before 2014 no longer connect", ("tls.versions",)))  # fmt: skip
    yield WantedSetting("tls_1_3", "on", Reason("B5", "browsers get the newest encryption", "none", ("tls.versions",)))
    if tls.always_https:
        yield WantedSetting("always_use_https", "on", Reason(
            "B2", "plain HTTP leads to HTTPS", "clients of plain HTTP are sent on", ("http.plain",)))  # fmt: skip
        yield WantedSetting("automatic_https_rewrites", "on", Reason(
            "B5", "links in pages use HTTPS where the host has it", "none", ("http.mixed",)))  # fmt: skip
    yield WantedSetting("security_header", hsts_value(tls), Reason(
        "B5", _hsts_words(tls), _hsts_risk(tls), ("http.hsts",)))  # fmt: skip
    if edge.bots:
        why = "programs that are known to be harmful are kept away"
        risk = "programs of your own and callbacks of other services may be challenged"
        if at_least(plan, "pro"):
            yield WantedSetting(
                "bot_management.sbfm_definitely_automated", "managed_challenge", Reason("B4", why, risk)
            )
        else:
            yield WantedSetting("bot_management.fight_mode", True, Reason("B4", why, risk))


def hsts_value(tls: EdgeTls) -> dict[str, object]:
    """The value of `security_header`."""
    last = tls.hsts == "preload"
    return {
        "strict_transport_security": {
            "enabled": tls.hsts != "off",
            "max_age": STAGES[tls.hsts],
            "include_subdomains": last,
            "preload": last,
        }
    }


def skipped_stages(before_s: int, wanted: str) -> tuple[str, ...]:
    """The stages of HSTS between what browsers are told now (0: nothing) and the wanted one."""
    order = list(STAGES)
    at = max(i for i, name in enumerate(order[:-1]) if STAGES[name] <= before_s)
    return tuple(order[at + 1 : order.index(wanted)])


def _hsts_words(tls: EdgeTls) -> str:
    if tls.hsts == "off":
        return "browsers are not told to insist on HTTPS"
    return f"browsers insist on HTTPS (stage {tls.hsts})"


def _hsts_risk(tls: EdgeTls) -> str:
    if tls.hsts == "off":
        return "browsers that heard it once insist until their time is over"
    if tls.hsts == "preload":
        return "every subdomain has to speak HTTPS, for good"
    return f"browsers refuse plain HTTP for {STAGES[tls.hsts]} s, which cannot be taken back"
