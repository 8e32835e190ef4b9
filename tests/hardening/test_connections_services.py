"""Keys of third-party services tried against the lab's APIs; the list of services; signatures by AWS's own vectors."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from tests.conftest import Audit, Judge

from launchready.hardening.connections_services import _headers, _judged
from launchready.hardening.service_list import known_services
from launchready.lab.faults.services import DEPLOY, FILE, keyed, stripe
from launchready.lab.source import files, ignored
from launchready.lab.world import Change, World, both
from launchready.model import Status
from launchready.probes.api import Reply
from launchready.probes.aws_signature import signed_headers

CHECK = "connections.services"


async def test_a_key_that_is_taken_passes_and_is_shown_nowhere(judge: Judge) -> None:
    outcome = await judge(CHECK, keyed(stripe("live"), stripe("live")), **DEPLOY)

    assert outcome.status is Status.PASSED
    assert [row.detail for row in outcome.passed] == ["Stripe takes the key"]
    assert stripe("live")[8:] not in repr(outcome)


async def test_a_refused_key_is_found_with_the_vendors_answer(judge: Judge) -> None:
    outcome = await judge(CHECK, keyed(stripe("live"), "another"), **DEPLOY)

    [finding] = outcome.findings
    assert finding.problem == "Stripe does not take the key in STRIPE_SECRET_KEY."
    assert finding.evidence == "api.stripe.com answered 401"
    assert stripe("live")[8:] not in repr(outcome)


@pytest.mark.parametrize("status", [500, 503, 429, 302])
async def test_a_vendor_with_a_bad_day_is_not_checked(judge: Judge, status: int) -> None:
    outcome = await judge(CHECK, keyed(stripe("live"), f"{stripe('live')} {status}"), **DEPLOY)

    assert outcome.status is Status.NOT_CHECKED
    assert str(status) in outcome.not_checked[0].reason


async def test_a_key_with_few_rights_is_a_good_key(judge: Judge) -> None:
    outcome = await judge(CHECK, keyed(stripe("live"), f"{stripe('live')} 403"), **DEPLOY)

    assert outcome.status is Status.PASSED


async def test_a_test_key_is_right_where_the_target_is_staging(judge: Judge) -> None:
    staging = {"deploy": {**DEPLOY["deploy"], "environment": "staging"}}
    environments = {"staging": {"env_file": ".env.production"}}

    outcome = await judge(CHECK, keyed(stripe("test"), stripe("test")), environments=environments, **staging)

    assert outcome.status is Status.PASSED


async def test_a_value_that_is_not_known_here_is_not_checked(judge: Judge) -> None:
    outcome = await judge(CHECK, keyed("", stripe("live")), **DEPLOY)

    assert outcome.status is Status.NOT_CHECKED
    assert "not known on this machine" in outcome.not_checked[0].reason


def test_every_service_is_asked_over_https_at_a_fixed_host_and_names_its_source() -> None:
    known = known_services()

    assert len(known) >= 20
    for service in known:
        assert service.source.startswith("https://")
        assert service.ask.startswith("https://") or service.why
        assert not service.ask or (urlsplit(service.ask).hostname and service.good and service.auth)
        assert (
            not service.region
            or urlsplit(service.region).hostname.split(".")[-2:]
            == (  # type: ignore[union-attr]
                urlsplit(service.ask).hostname.split(".")[-2:]  # type: ignore[union-attr]
            )
        )
        assert not set(service.good) & set(service.wrong)
        for pattern in (service.key, service.test, service.live, service.proof):
            re.compile(pattern)
    variables = [name for service in known for name in service.variables]
    assert len(set(variables)) == len(variables)


def _lines(lines: str) -> Change:
    """Production's file with these lines, and the services' APIs beside it."""
    names = [line.partition("=")[0] for line in lines.splitlines()]
    environments = {"production": {"variables": names, "env_file": FILE}}

    def keys(world: World) -> World:
        return replace(world, keys=("none",))

    return both(files(environments=environments), ignored({FILE: lines}), keys)


@pytest.mark.parametrize(
    ("lines", "lead"),
    [
        ("OPENAI_API_KEY=sk-or-v1-9f2c7a1b\nOPENAI_BASE_URL=https://openrouter.ai/api/v1\n", "OPENAI_BASE_URL"),
        ("TWILIO_AUTH_TOKEN=3f9a2b7c\nTWILIO_ACCOUNT_SID=AC1f\nTWILIO_REGION=ie1\n", "TWILIO_REGION"),
        (
            "AWS_SECRET_ACCESS_KEY=tsec_9f2c7a\nAWS_ACCESS_KEY_ID=tid_1\nAWS_ENDPOINT_URL_S3=https://fly.storage.tigris.dev\n",
            "AWS_ENDPOINT_URL_S3",
        ),
    ],
)
async def test_a_key_that_is_used_elsewhere_is_not_sent_to_the_vendor(audit: Audit, lines: str, lead: str) -> None:
    report = await audit(_lines(lines), checks=[CHECK], **DEPLOY)
    [outcome] = report.outcomes

    assert outcome.status is Status.NOT_CHECKED
    assert any(lead in row.reason for row in outcome.not_checked)
    assert report.looks.get("api", 0) == 0


async def test_an_address_of_the_vendor_itself_leads_nowhere_else(judge: Judge) -> None:
    outcome = await judge(
        CHECK, _lines("OPENAI_API_KEY=sk-9f2c7a1b0d\nOPENAI_BASE_URL=https://api.openai.com/v1\n"), **DEPLOY
    )

    assert [finding.problem for finding in outcome.findings] == ["OpenAI does not take the key in OPENAI_API_KEY."]


@pytest.mark.parametrize("wrong", ["sk_live_51Hé9f2c7a1b0d4e", "sk_live_51H’9f2c7a1b0d4e"])
async def test_a_key_with_letters_that_no_header_takes_is_found_and_not_shown(judge: Judge, wrong: str) -> None:
    outcome = await judge(CHECK, keyed(wrong, "none"), **DEPLOY)

    assert [finding.key for finding in outcome.findings] == ["form"]
    assert "9f2c7a1b0d4e" not in repr(outcome)


@pytest.mark.parametrize(
    ("name", "variable", "key"),
    [
        ("Stripe", "STRIPE_SECRET", "rk_live_51H"),
        ("Stripe", "STRIPE_SECRET", "sk_org_live_51H"),
        ("Slack", "SLACK_BOT_TOKEN", "xoxe.xoxb-1-ab"),
        ("Paddle", "PADDLE_API_KEY", "0f" * 25),
        ("Sentry", "SENTRY_DSN", f"https://{'0f' * 16}:{'a1' * 16}@sentry.example.com/sentry/3"),
        ("Sentry", "SENTRY_DSN", f"https://{'0f' * 16}@o1.ingest.de.sentry.io/450"),
        ("DigitalOcean", "DIGITALOCEAN_TOKEN", "0f" * 32),
    ],
)
def test_keys_of_every_age_look_like_keys(name: str, variable: str, key: str) -> None:
    [service] = [one for one in known_services() if one.name == name]

    assert variable in service.variables
    assert re.search(service.key, key)


def test_the_public_key_of_a_payment_form_is_not_taken_for_the_secret_one() -> None:
    assert "STRIPE_KEY" not in {name for service in known_services() for name in service.variables}


def _said(name: str, status: int, document: object) -> str:
    [service] = [one for one in known_services() if one.name == name]
    return type(_judged(service, "KEY", Reply(status, document))).__name__


@pytest.mark.parametrize(
    ("name", "status", "document", "row"),
    [
        ("Slack", 200, {"ok": False, "error": "ratelimited"}, "NotChecked"),
        ("Slack", 200, {"ok": False, "error": "invalid_auth"}, "Finding"),
        ("Slack", 200, {"ok": True}, "Passed"),
        ("Brevo", 401, {"message": "We have detected you are using an unrecognised IP address"}, "NotChecked"),
        ("Brevo", 401, {"message": "Key not found", "code": "unauthorized"}, "Finding"),
        ("Mailgun", 401, None, "NotChecked"),
        ("Amazon Web Services", 403, {"Error": {"Code": "RequestExpired"}}, "NotChecked"),
        ("Amazon Web Services", 403, {"Error": {"Code": "InvalidClientTokenId"}}, "Finding"),
    ],
)
def test_a_refusal_counts_only_where_it_is_about_the_key(name: str, status: int, document: object, row: str) -> None:
    assert _said(name, status, document) == row


@pytest.mark.parametrize(("key_id", "sent"), [("AKIA1", False), ("ASIA1", True)])
def test_a_token_of_this_process_goes_with_temporary_credentials_only(key_id: str, sent: bool) -> None:
    [aws] = [one for one in known_services() if one.name == "Amazon Web Services"]

    headers = _headers(aws, aws.ask, "secret", {"AWS_ACCESS_KEY_ID": key_id, "AWS_SESSION_TOKEN": "of-this-process"})

    assert ("X-Amz-Security-Token" in headers) is sent


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        ("https://example.amazonaws.com/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        (
            "https://example.amazonaws.com/?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
    ],
)
def test_signatures_are_those_of_the_published_vectors(url: str, signature: str) -> None:
    """`get-vanilla` and `get-vanilla-query-order-key-case` of AWS's Signature Version 4 test suite."""
    at = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

    headers = signed_headers(url, "AKIDEXAMPLE", secret, at, service="service")

    assert headers["X-Amz-Date"] == "20150830T123600Z"
    assert headers["Authorization"].endswith(f"SignedHeaders=host;x-amz-date, Signature={signature}")
    assert secret not in repr(headers)
