"""The table of hosting services, and how a page is held against it."""

from __future__ import annotations

import re

import pytest

from launchready.edge.dangling import says_abandoned
from launchready.edge.takeover_services import SERVICES, Claim, service_of
from launchready.probes.http import Page


def page(status: int, body: str, *headers: tuple[str, str]) -> Page:
    return Page("https://old.brightside.example/", status, headers, body.encode())


@pytest.mark.parametrize(
    ("target", "name", "claim"),
    [
        ("brightside.github.io", "GitHub Pages", Claim.STRANGER),
        ("files.s3.amazonaws.com", "Amazon S3", Claim.STRANGER),
        ("files.example.com.s3-website-eu-west-1.amazonaws.com", "Amazon S3", Claim.STRANGER),
        ("files.s3-website.eu-central-1.amazonaws.com", "Amazon S3", Claim.STRANGER),
        ("files.s3.dualstack.us-east-1.amazonaws.com", "Amazon S3", Claim.STRANGER),
        ("s3.amazonaws.com", "Amazon S3", Claim.STRANGER),
        ("app.eu-west-1.elasticbeanstalk.com", "AWS Elastic Beanstalk", Claim.STRANGER),
        (
            "app.eba-mk3xr2nq.eu-west-1.elasticbeanstalk.com",
            "AWS Elastic Beanstalk, name with random part",
            Claim.OWNER,
        ),
        ("portal.azurewebsites.net", "Azure App Service", Claim.STRANGER),
        (
            "portal-gkdfhxb2bjasfzhr.westeurope-01.azurewebsites.net",
            "Azure App Service, name with random part",
            Claim.OWNER,
        ),
        ("portal.westeurope.cloudapp.azure.com", "Azure Virtual Machines and Cloud Services", Claim.STRANGER),
        ("lb-1.eu-west-1.elb.amazonaws.com", "AWS Elastic Load Balancing", Claim.OWNER),
        ("portal.herokuapp.com", "Heroku", Claim.OWNER),
        ("cname.vercel-dns-016.com", "Vercel", Claim.OWNER),
    ],
)
def test_a_target_leads_to_its_service(target: str, name: str, claim: Claim) -> None:
    service = service_of(target)

    assert service is not None
    assert (service.name, service.claim) == (name, claim)


@pytest.mark.parametrize(
    "target",
    ["brightside.notgithub.io", "github.io.example.com", "cdn.example.net", "s3amazonaws.com", "ec2.amazonaws.com", ""],
)
def test_a_name_that_only_resembles_a_service_is_none(target: str) -> None:
    assert service_of(target) is None


def test_every_service_has_a_sign_a_source_and_a_valid_pattern() -> None:
    assert len(SERVICES) >= 40
    assert len({service.name for service in SERVICES}) == len(SERVICES)
    for service in SERVICES:
        re.compile(service.targets)
        assert service.says or service.gone or service.header[0], service.name
        assert service.source.startswith("https://"), service.name
        assert all(len(words) >= 11 or service.claim is Claim.OWNER for words in service.says), service.name


def test_at_least_fifteen_services_let_strangers_in_and_as_many_do_not() -> None:
    claims = [service.claim for service in SERVICES]

    assert claims.count(Claim.STRANGER) >= 15
    assert claims.count(Claim.OWNER) >= 15


def test_the_words_count_only_with_an_error_status() -> None:
    pages = service_of("brightside.github.io")
    assert pages is not None

    assert says_abandoned(pages, page(404, "There isn't a GitHub Pages site here."))
    assert not says_abandoned(pages, page(200, "There isn't a GitHub Pages site here."))
    assert not says_abandoned(pages, page(404, "Not found"))


def test_a_header_is_a_sign_too() -> None:
    vercel = service_of("x.vercel.app")
    assert vercel is not None

    assert says_abandoned(vercel, page(404, "", ("x-vercel-error", "DEPLOYMENT_NOT_FOUND")))
    assert not says_abandoned(vercel, page(404, "", ("x-vercel-error", "NOT_FOUND")))


def test_a_page_that_is_no_text_is_read_without_harm() -> None:
    pages = service_of("brightside.github.io")
    assert pages is not None
    hostile = Page("https://x/", 404, (), b"\xff\x00\x1b[2J" * 50_000)

    assert says_abandoned(pages, hostile) == ""
