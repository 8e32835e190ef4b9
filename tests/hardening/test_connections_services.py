"""Keys of third-party services tried against the lab's APIs; the list of services; signatures by AWS's own vectors."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from tests.conftest import Judge

from launchready.hardening.service_list import known_services
from launchready.lab.faults.services import DEPLOY, keyed, stripe
from launchready.model import Status
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
        assert not service.ask or (urlsplit(service.ask).hostname and service.good and service.wrong and service.auth)
        assert not set(service.good) & set(service.wrong)
        for pattern in (service.key, service.test, service.live):
            re.compile(pattern)
    variables = [name for service in known for name in service.variables]
    assert len(set(variables)) == len(variables)


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
