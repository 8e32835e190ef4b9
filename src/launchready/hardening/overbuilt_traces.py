"""Traces of orchestration, meshes, buses, regions and small services in a repository: where they are, not whether they
fit.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from launchready.hardening.deployment_files import compose_kind, is_pipeline
from launchready.hardening.documents import Shelf, basename, folder_of, join, place, table, tables, words
from launchready.redaction import without_secrets

MANIFESTS = 400
"""YAML files that are looked at for Kubernetes objects."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One place that shows it."""

    where: str
    """`path:line`."""
    what: str


_KINDS = re.compile(
    r"^kind:\s*[\"']?(Deployment|StatefulSet|DaemonSet|CronJob|Ingress|Service|Pod|HorizontalPodAutoscaler|ReplicaSet|Job)\b",
    re.MULTILINE,
)
_CLUSTERS = re.compile(
    r'^\s*resource\s+"(aws_eks_cluster|google_container_cluster|azurerm_kubernetes_cluster|digitalocean_kubernetes_cluster|'
    r'linode_lke_cluster|civo_kubernetes_cluster|scaleway_k8s_cluster|kubernetes_deployment(?:_v1)?)"|'
    r'^\s*source\s*=\s*"terraform-aws-modules/eks/',
    re.MULTILINE,
)
_FILES = {
    "chart.yaml": "Helm chart", "kustomization.yaml": "kustomization", "kustomization.yml": "kustomization",
    "skaffold.yaml": "Skaffold", "helmfile.yaml": "Helmfile", "tiltfile": "Tilt",
}  # fmt: skip
_MESHES = re.compile(
    r"(?P<istio>\b(?:networking|security|telemetry|install)\.istio\.io/|istio-injection|sidecar\.istio\.io/)|"
    r"(?P<linkerd>\blinkerd\.io/inject|\bpolicy\.linkerd\.io/)|"
    r"(?P<consul>\bconsul\.hashicorp\.com/connect|connect-inject|\bsidecar_service\s*\{)|(?P<kuma>\bkuma\.io/)|"
    r"(?P<appmesh>\bappmesh\.k8s\.aws/|\"aws_appmesh_)|(?P<osm>openservicemesh\.io/)"
)
_MESH_NAMES = {
    "istio": "Istio", "linkerd": "Linkerd", "consul": "Consul Connect", "kuma": "Kuma", "appmesh": "AWS App Mesh",
    "osm": "Open Service Mesh",
}  # fmt: skip
_BUS_IMAGES = re.compile(
    r"(?:^|/)(?P<Kafka>(?:cp-)?kafka|kafka-native|redpanda)$|(?:^|/)(?P<RabbitMQ>rabbitmq)$|"
    r"(?:^|/)(?P<NATS>nats(?:-streaming)?)$|"
    r"(?:^|/)(?P<Pulsar>pulsar(?:-all)?)$|(?:^|/)(?P<ActiveMQ>activemq(?:-artemis|-classic)?)$"
)
_LIBRARIES = {
    "Kafka": "kafka-python kafka-python-ng confluent-kafka aiokafka faust faust-streaming kafkajs node-rdkafka "
    "ruby-kafka rdkafka karafka racecar mateusjunges/laravel-kafka github.com/segmentio/kafka-go github.com/ibm/sarama "
    "github.com/shopify/sarama github.com/confluentinc/confluent-kafka-go github.com/twmb/franz-go",
    "RabbitMQ": "pika aio-pika amqplib amqp-connection-manager rascal bunny sneakers php-amqplib/php-amqplib "
    "vladimir-yuldashev/laravel-queue-rabbitmq github.com/rabbitmq/amqp091-go github.com/streadway/amqp",
    "NATS": "nats-py asyncio-nats-client nats nats-pure github.com/nats-io/nats.go",
    "Pulsar": "pulsar-client github.com/apache/pulsar-client-go",
}
_PROVIDER = re.compile(r'^[ \t]*provider\s+"(aws|google|azurerm)"\s*\{(.{0,2000}?)^[ \t]*\}', re.MULTILINE | re.DOTALL)
_SCALED = re.compile(
    r"\bfly(?:ctl)?\s+(?:scale\s+count|deploy)\b[^\n]*--regions?[= ](\S+,\S+)|"
    r"\bfly(?:ctl)?\s+regions\s+(?:add|set)\s+(.+)"
)
_MANAGED = re.compile(
    r'^\s*resource\s+"(?:(?P<Kafka>aws_msk_\w*cluster|google_managed_kafka_cluster|confluent_kafka_cluster)|'
    r'(?P<ActiveMQ>aws_mq_broker)|(?P<RabbitMQ>cloudamqp_instance))"',
    re.MULTILINE,
)


async def kubernetes(shelf: Shelf) -> list[Trace]:
    """Manifests, charts, kustomizations and clusters."""
    found = [Trace(f"{p}:1", _FILES[basename(p).lower()]) for p in shelf.files if basename(p).lower() in _FILES]
    async for path, text in _yaml_texts(shelf):
        kind = _KINDS.search(text)
        if kind and re.search(r"^apiVersion:\s*\S", text, re.MULTILINE):
            found.append(Trace(_at(path, text, kind.start(1)), kind.group(1)))
    async for path, text in _terraform(shelf):
        found += [
            Trace(_at(path, text, hit.start()), hit.group(1) or "an EKS cluster") for hit in _CLUSTERS.finditer(text)
        ]
    return found


async def meshes(shelf: Shelf) -> list[Trace]:
    """Istio, Linkerd and their like."""
    found: list[Trace] = []
    texts = [pair async for pair in _yaml_texts(shelf)] + [pair async for pair in _terraform(shelf)]
    for path, text in texts:
        if hit := _MESHES.search(text):
            found.append(Trace(_at(path, text, hit.start()), _MESH_NAMES[str(hit.lastgroup)]))
    return found


async def buses(shelf: Shelf) -> list[Trace]:
    """Kafka, RabbitMQ, NATS, Pulsar, ActiveMQ: services, client libraries, managed clusters."""
    found: list[Trace] = []
    async for path, text, name, service in _services(shelf):
        image = str(service.get("image", "")).partition("@")[0]
        head, slash, tail = image.rpartition("/")
        if hit := _BUS_IMAGES.search(f"{head}{slash}{tail.partition(':')[0]}"):
            found.append(Trace(place(path, text, f"{name}:", "image:"), str(hit.lastgroup)))
    for path, text, names in [row async for row in _dependencies(shelf)]:
        for bus, libraries in _LIBRARIES.items():
            mine = sorted(names & set(libraries.split()))
            found += [Trace(place(path, text.lower(), name), f"{bus} ({name})") for name in mine]
    async for path, text in _terraform(shelf):
        found += [Trace(_at(path, text, hit.start()), str(hit.lastgroup)) for hit in _MANAGED.finditer(text)]
    return found


async def is_only_celerys(shelf: Shelf) -> bool:
    """Whether RabbitMQ is the only bus, no library speaks to it but Celery."""
    traces = await buses(shelf)
    names = {name for _, _, mine in [row async for row in _dependencies(shelf)] for name in mine}
    return bool(traces) and all(trace.what == "RabbitMQ" for trace in traces) and "celery" in names


async def regions(shelf: Shelf) -> list[Trace]:
    """Every region beyond the first."""
    found: list[Trace] = []
    for path in shelf.named("render.yaml", "render.yml"):
        data, text = await shelf.table(path), await shelf.text(path) or ""
        every = [
            str(s["region"]) for s in (*tables(data.get("services")), *tables(data.get("databases"))) if s.get("region")
        ]
        found += _several(path, text, every)
    for path in shelf.named("vercel.json"):
        data, text = await shelf.table(path), await shelf.text(path) or ""
        found += _several(path, text, words(data.get("regions")))
    for path in shelf.named("railway.json", "railway.toml"):
        data, text = await shelf.table(path), await shelf.text(path) or ""
        found += _several(path, text, list(table(table(data.get("deploy")).get("multiRegionConfig"))))
    for path in shelf.listing.files:
        if is_pipeline(path) or re.search(r"(^|/)(Makefile|justfile)$|\.sh$|(^|/)fly[\w.-]*\.toml$", path):
            text = await shelf.text(path) or ""
            hits = _SCALED.finditer(text)
            found += [
                Trace(_at(path, text, hit.start()), without_secrets((hit[1] or hit[2]).strip())[:60]) for hit in hits
            ]
    return found + await _terraform_regions(shelf)


async def _terraform_regions(shelf: Shelf) -> list[Trace]:
    texts = [pair async for pair in _terraform(shelf)]
    whole = "\n".join(text for _, text in texts)
    # CloudFront and WAF take their certificates and rules from us-east-1, wherever the portal runs.
    global_only = bool(re.search(r"aws_acm_certificate|aws_cloudfront|aws_wafv2", whole))
    seen: dict[str, str] = {}
    for path, text in texts:
        for block in _PROVIDER.finditer(text[:500_000]):
            named = re.search(r'^\s*region\s*=\s*"([\w-]+)"', block.group(2), re.MULTILINE)
            second = "alias" in block.group(2)
            backup = re.search(
                r'alias\s*=\s*"[\w-]*(backup|replica|dr|disaster|acm|cert|cloudfront|waf)', block.group(2)
            )
            if named and not backup and not (second and global_only and named.group(1) == "us-east-1"):
                seen.setdefault(named.group(1), _at(path, text, block.start()))
    return [Trace(where, " and ".join(seen)) for where in list(seen.values())[1:]]


def _several(path: str, text: str, every: list[str]) -> Iterator[Trace]:
    names = list(dict.fromkeys(every))
    if len(names) > 1:
        yield Trace(place(path, text, names[1]), " and ".join(names[:4]))


async def own_services(shelf: Shelf) -> list[Trace]:
    """Services of a compose file that are built from different folders or Dockerfiles of this repository."""
    best: list[Trace] = []
    files: dict[str, dict[str, Trace]] = {}
    async for path, text, name, service in _services(shelf):
        build = service.get("build")
        if build is None:
            continue
        context = build if isinstance(build, str) else str(table(build).get("context") or ".")
        file = (
            ""
            if isinstance(build, str)
            else f"{table(build).get('dockerfile') or ''}#{table(build).get('target') or ''}"
        )
        if "://" not in context and "$" not in context:
            key = join(folder_of(path), context) + file
            files.setdefault(path, {}).setdefault(key, Trace(place(path, text, f"{name}:", "build"), name))
    for found in files.values():
        best = max(best, list(found.values()), key=len)
    return best


async def _services(shelf: Shelf) -> AsyncIterator[tuple[str, str, str, dict[str, Any]]]:
    for path in shelf.files:
        if compose_kind(path):
            data, text = await shelf.table(path), await shelf.text(path) or ""
            for name, service in table(data.get("services")).items():
                if isinstance(service, dict):
                    yield path, text, name, service


async def _yaml_texts(shelf: Shelf) -> AsyncIterator[tuple[str, str]]:
    paths = [p for p in shelf.files if p.endswith((".yaml", ".yml")) and not p.startswith(".github/")]
    for path in paths[:MANIFESTS]:
        text = await shelf.repository.text(path)
        if isinstance(text, str):
            yield path, text


async def _terraform(shelf: Shelf) -> AsyncIterator[tuple[str, str]]:
    for path in [path for path in shelf.files if path.endswith((".tf", ".nomad"))][:MANIFESTS]:
        text = await shelf.repository.text(path)
        if isinstance(text, str):
            yield path, re.sub(r"(?m)^\s*(#|//).*$", "", text)


async def _dependencies(shelf: Shelf) -> AsyncIterator[tuple[str, str, set[str]]]:
    from launchready.hardening import dependencies

    readers = {
        "package.json": dependencies.node, "composer.json": dependencies.php, "gemfile": dependencies.ruby,
        "go.mod": dependencies.go, "pyproject.toml": dependencies.pyproject, "pipfile": dependencies.pipfile,
        "requirements.txt": dependencies.requirements,
    }  # fmt: skip
    for path in shelf.named(*readers):
        wanted = await readers[basename(path).lower()](shelf, path)
        yield path, await shelf.text(path) or "", {one.name.lower() for one in wanted if not one.development}


def _at(path: str, text: str, offset: int) -> str:
    return f"{path}:{text.count(chr(10), 0, offset) + 1}"
