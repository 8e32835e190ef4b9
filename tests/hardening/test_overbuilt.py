"""What a small portal does not need: found where it is, left alone where it only looks so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import pytest

from launchready.lab.source import with_source
from launchready.model import Outcome, Severity, Status

Judge = Callable[..., Awaitable[Outcome]]

_KUBERNETES = "apiVersion: apps/v1\nkind: Deployment\n"
_ISTIO = "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"
_REGIONS = """\
provider "aws" {{
  region = "eu-west-1"
}}
provider "aws" {{
  alias = "{alias}"
  region = "{region}"
}}
{rest}
"""


async def _found(judge: Judge, check: str, files: Mapping[str, str]) -> Outcome:
    return await judge(f"overbuilt.{check}", with_source(files=files, ignored={}))


@pytest.mark.parametrize(
    ("check", "files"),
    [
        ("kubernetes", {"deploy/web.yml": f"---\n{_KUBERNETES}"}),
        ("kubernetes", {"chart/Chart.yaml": "name: portal\n", "chart/templates/web.yaml": "{{ x }}\n"}),
        ("kubernetes", {"main.tf": 'resource "aws_eks_cluster" "portal" {\n}\n'}),
        ("service_mesh", {"k8s/route.yaml": _ISTIO}),
        ("service_mesh", {"portal.nomad": "connect {\n  sidecar_service {}\n}\n"}),
        ("message_bus", {"docker-compose.yml": "services:\n  q:\n    image: rabbitmq:4-management\n"}),
        ("message_bus", {"compose.yaml": "services:\n  q:\n    image: docker.io/bitnami/kafka:3.9\n"}),
        ("message_bus", {"package.json": '{"dependencies":{"kafkajs":"^2"}}'}),
        ("message_bus", {"go.mod": "module m\nrequire github.com/nats-io/nats.go v1.38.0\n"}),
        ("message_bus", {"Gemfile": 'gem "karafka"\n'}),
        ("message_bus", {"composer.json": '{"require":{"php-amqplib/php-amqplib":"^3"}}'}),
        ("message_bus", {"mq.tf": 'resource "aws_msk_cluster" "k" {\n}\n'}),
        ("regions", {"vercel.json": '{"regions":["fra1","iad1"]}'}),
        ("regions", {"render.yaml": "services: [{region: oregon}, {region: frankfurt}]"}),
        ("regions", {".github/workflows/d.yml": "run: fly scale count 3 --region fra,iad,syd\n"}),
        ("regions", {"main.tf": _REGIONS.format(alias="us", region="us-east-1", rest="")}),
        ("regions", {"railway.json": '{"deploy":{"multiRegionConfig":{"a":{},"b":{}}}}'}),
    ],
)
async def test_what_is_too_much_is_nice_to_fix(judge: Judge, check: str, files: Mapping[str, str]) -> None:
    outcome = await _found(judge, check, files)

    assert [f.severity for f in outcome.findings] == [Severity.NICE], outcome


@pytest.mark.parametrize(
    ("check", "files"),
    [
        ("kubernetes", {"openapi.yaml": "kind: Service\nopenapi: 3.1.0\n"}),
        ("kubernetes", {"main.tf": '# resource "aws_eks_cluster" "x" {}\n'}),
        ("kubernetes", {"docs/k8s.yaml": _KUBERNETES}),
        ("kubernetes", {"README.md": "kubectl apply\n"}),
        ("service_mesh", {"k8s/web.yaml": _KUBERNETES}),
        ("message_bus", {"requirements.txt": "celery[redis]==5.4\nredis==5\n"}),
        ("message_bus", {"package.json": '{"dependencies":{"bullmq":"^5"},"devDependencies":{"kafkajs":"^2"}}'}),
        ("message_bus", {"compose.yaml": "services:\n  q:\n    image: redis:7\n"}),
        ("message_bus", {"compose.yaml": "services:\n  ui:\n    image: provectuslabs/kafka-ui:1\n"}),
        ("regions", {"vercel.json": '{"regions":["fra1"]}'}),
        ("regions", {"render.yaml": "services: [{region: frankfurt}, {region: frankfurt}]"}),
        (
            "regions",
            {"main.tf": _REGIONS.format(alias="us", region="us-east-1", rest='resource "aws_acm_certificate" "a" {}')},
        ),
        ("regions", {"main.tf": _REGIONS.format(alias="backup", region="eu-central-1", rest="")}),
        ("regions", {"fly.toml": 'primary_region = "fra"\n'}),
        ("microservices", {"compose.yaml": "services: {a: {build: .}, b: {build: .}, c: {build: .}, d: {build: .}}"}),
        ("microservices", {"compose.yaml": "services: {a: {build: a}, b: {build: b}, c: {build: c}, d: {image: x}}"}),
    ],
)
async def test_what_only_looks_so_is_left_alone(judge: Judge, check: str, files: Mapping[str, str]) -> None:
    outcome = await _found(judge, check, files)

    assert outcome.status is Status.PASSED, outcome


async def test_rabbitmq_that_only_celery_uses_is_said_mildly(judge: Judge) -> None:
    files = {"compose.yaml": "services:\n  q:\n    image: rabbitmq:4\n", "requirements.txt": "celery==5.4\n"}
    outcome = await _found(judge, "message_bus", files)

    assert "Celery's broker" in outcome.findings[0].problem


@pytest.mark.parametrize(
    "more",
    [
        {f"src/m{n}.py": "" for n in range(2001)},
        {".github/CODEOWNERS": "/a @acme/one\n/b @acme/two @acme/three\n"},
    ],
)
async def test_a_large_repository_is_not_judged(judge: Judge, more: Mapping[str, str]) -> None:
    outcome = await _found(judge, "kubernetes", {"k8s.yaml": _KUBERNETES, **more})

    assert outcome.findings == ()
    assert "large" in outcome.passed[0].detail


@pytest.mark.parametrize("check", ["kubernetes", "service_mesh", "message_bus", "regions", "microservices"])
async def test_strange_files_do_no_harm(judge: Judge, check: str) -> None:
    outcome = await _found(
        judge,
        check,
        {
            "compose.yaml": "services: [1]",
            "docker-compose.yml": "a: &a {<<: *a}",
            "vercel.json": "[",
            "main.tf": "provider {" * 999,
        },
    )

    assert outcome.findings == ()
