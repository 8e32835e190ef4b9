"""Alerts by Apprise to a real webhook and mail server: what arrives, what does not, and that no address shows."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time

import pytest

from launchready.hardening import alerts
from launchready.lab.alerts import AlertReceiver
from launchready.lab.world import Trouble
from launchready.portal import Portal
from launchready.probes.network import Network


def portal(**routes: str) -> Portal:
    named = [{"name": name, "url_env": variable} for name, variable in routes.items()]
    return Portal.model_validate({"domain": "brightside.example", "alerts": {"routes": named}})


async def send(*, closed: bool = False, limit_s: float = 10.0, **routes: str) -> list[alerts.Delivery]:
    return await alerts.send(portal(**routes), Network(closed=closed), "It failed", "What.\n\nNext: do.\n", limit_s)


async def test_an_alert_arrives_by_webhook_and_by_mail_as_plain_text(monkeypatch) -> None:
    async with AlertReceiver() as receiver:
        monkeypatch.setenv("ALERT_HOOK", receiver.webhook)
        monkeypatch.setenv("ALERT_MAIL", receiver.mail)

        deliveries = await send(hook="ALERT_HOOK", post="ALERT_MAIL")

    assert [(d.route, d.ok, d.reason) for d in deliveries] == [("hook", True, ""), ("post", True, "")]
    by = {one.by: one for one in receiver.received}
    assert set(by) == {"webhook", "mail"}
    assert all("It failed" in one.subject and "Next: do." in one.text for one in by.values())


async def test_a_route_whose_variable_is_unset_is_a_failed_delivery_that_names_it(monkeypatch) -> None:
    monkeypatch.delenv("ALERT_HOOK", raising=False)

    (delivery,) = await send(hook="ALERT_HOOK")

    assert not delivery.ok
    assert "ALERT_HOOK is not set" in delivery.reason


async def test_a_service_that_refuses_is_not_delivered_and_the_others_are(monkeypatch) -> None:
    async with AlertReceiver() as good, AlertReceiver(status=500) as bad:
        monkeypatch.setenv("ALERT_BAD", bad.webhook)
        monkeypatch.setenv("ALERT_GOOD", good.webhook)

        failed, taken = await send(bad="ALERT_BAD", good="ALERT_GOOD")

    assert (failed.ok, taken.ok) == (False, True)
    assert "500" in failed.reason
    assert "lab-secret-part" not in failed.reason
    assert len(good.received) == 1
    assert bad.received == []


async def test_a_service_that_is_silent_is_given_up_on(monkeypatch) -> None:
    async with AlertReceiver(trouble=Trouble.SILENT) as receiver:
        monkeypatch.setenv("ALERT_HOOK", receiver.webhook)
        began = time.monotonic()

        (delivery,) = await send(hook="ALERT_HOOK", limit_s=0.8)

    assert not delivery.ok
    assert "no answer within 1 s" in delivery.reason
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("trouble", [Trouble.GARBAGE, Trouble.CLOSES])
async def test_garbage_for_an_answer_is_no_delivery(monkeypatch, trouble) -> None:
    async with AlertReceiver(trouble=trouble) as receiver:
        monkeypatch.setenv("ALERT_HOOK", receiver.webhook)

        (delivery,) = await send(hook="ALERT_HOOK")

    assert not delivery.ok
    assert delivery.reason


@pytest.mark.parametrize(
    "address", ["not an address", "slack://", "nosuch://a-secret-thing/x", "https://", "mailto://"]
)
async def test_an_address_that_apprise_does_not_understand_is_said_without_quoting_it(
    monkeypatch, capfd, address
) -> None:
    monkeypatch.setenv("ALERT_HOOK", address)

    (delivery,) = await send(hook="ALERT_HOOK")

    assert not delivery.ok
    assert "ALERT_HOOK does not hold an address" in delivery.reason
    printed = capfd.readouterr()
    assert "a-secret-thing" not in delivery.reason + printed.out + printed.err


async def test_a_closed_network_keeps_alerts_on_this_machine(monkeypatch) -> None:
    async with AlertReceiver() as receiver:
        monkeypatch.setenv("ALERT_OUT", "json://hooks.brightside.example/x")
        monkeypatch.setenv("ALERT_SLACK", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/%23ops")
        monkeypatch.setenv("ALERT_HOOK", receiver.webhook)

        out, slack, here = await send(closed=True, out="ALERT_OUT", slack="ALERT_SLACK", here="ALERT_HOOK")

    assert (out.ok, slack.ok, here.ok) == (False, False, True)
    assert "closed" in out.reason
    assert "closed" in slack.reason


async def test_no_part_of_an_address_is_in_what_a_refused_login_says(monkeypatch) -> None:
    async with AlertReceiver() as receiver:
        monkeypatch.setenv("ALERT_MAIL", receiver.mail.replace("mailto://", "mailto://gate:hunter2-secret@"))

        (delivery,) = await send(post="ALERT_MAIL")

    assert not delivery.ok  # this mail server knows no accounts
    assert "hunter2" not in delivery.reason


async def test_several_alerts_at_once_keep_their_complaints_apart(monkeypatch) -> None:
    async with AlertReceiver(status=500) as one, AlertReceiver(status=404) as other:
        monkeypatch.setenv("ALERT_ONE", one.webhook)
        monkeypatch.setenv("ALERT_OTHER", other.webhook)
        found = await asyncio.gather(*(send(one="ALERT_ONE", other="ALERT_OTHER") for _ in range(4)))

    for first, second in found:
        assert "500" in first.reason
        assert "404" not in first.reason
        assert "404" in second.reason


ENDING = """
import asyncio
from launchready.hardening import alerts
from launchready.portal import Portal
from launchready.probes.network import Network
described = {"domain": "brightside.example", "alerts": {"routes": [{"name": "a", "url_env": "HOOK"}]}}
print(asyncio.run(alerts.send(Portal.model_validate(described), Network(), "a", "b", 0.3)))
"""


def test_a_service_that_never_answers_does_not_keep_the_process_from_ending() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment = {**os.environ, "HOOK": f"json://127.0.0.1:{silent.getsockname()[1]}/"}
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", ENDING], env=environment, capture_output=True, text=True, timeout=60, check=True
        )

    assert "no answer within" in done.stdout
    assert time.monotonic() - began < alerts.SEND_S / 3


@pytest.mark.parametrize(
    "address",
    ["slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXr/", "mailto://gate:hunter2%40secret@mail.example/?to=ops@x.example"],
)
def test_a_complaint_loses_every_part_of_the_address(address) -> None:
    said = f"Failed to reach {address}, login TIiajkdnlazkcOXr or hunter2@secret, error=403."

    bare = alerts._bare([said], address)

    pieces = [piece for piece in ("T1JJ3T3L2", "TIiajkdnlazkcOXr", "hunter2", "mail.example") if piece in address]
    assert pieces
    assert not any(piece in bare for piece in pieces)
    assert "error=403" in bare
