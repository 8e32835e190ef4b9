"""Planted mistakes: what a portal of this size does not need yet."""

from __future__ import annotations

from launchready.lab.source import edited, files
from launchready.lab.world import Fault
from launchready.model import Severity

_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: portal
spec:
  replicas: 3
"""
_MESHED = """\
apiVersion: v1
kind: Namespace
metadata:
  name: portal
  annotations:
    linkerd.io/inject: enabled
"""
_KAFKA = """\
services:
  portal:
    build: .
  kafka:
    image: apache/kafka:3.9.0
"""
_CELERY_ON_REDIS = (
    "Django==5.2.1\ngunicorn==23.0.0\npsycopg[binary]==3.2.4\nstripe==11.4.1\ncelery==5.4.0\nredis==5.2.1\n"
)
_ONE_IMAGE = """\
services:
  web:
    build: .
  worker:
    build: .
    command: celery -A portal worker
  beat:
    build: .
    command: celery -A portal beat
  mail:
    build: .
    command: python manage.py send_mail
"""
_PIECES = "services:\n" + "".join(
    f"  {name}:\n    build: ./services/{name}\n" for name in ("gateway", "accounts", "invoices", "uploads", "mail")
)

FAULTS = (
    Fault(
        "overbuilt-kubernetes",
        "The portal is deployed with Kubernetes manifests",
        "overbuilt.kubernetes",
        Severity.NICE,
        files({"k8s/portal.yaml": _DEPLOYMENT}),
        subject="k8s/portal.yaml:2",
        twin=files({"openapi.yaml": "openapi: 3.1.0\ninfo:\n  title: Portal\n  version: '1'\nkind: api\n"}),
    ),
    Fault(
        "overbuilt-mesh",
        "A service mesh is injected beside the portal",
        "overbuilt.service_mesh",
        Severity.NICE,
        files({"k8s/namespace.yaml": _MESHED}),
        subject="k8s/namespace.yaml:6",
    ),
    Fault(
        "overbuilt-kafka",
        "A Kafka server runs beside the portal",
        "overbuilt.message_bus",
        Severity.NICE,
        files({"docker-compose.yml": _KAFKA}),
        subject="docker-compose.yml:5",
        twin=files(
            {
                "requirements.txt": _CELERY_ON_REDIS,
                "docker-compose.yml": "services:\n  redis:\n    image: redis:7.4-alpine\n",
            }
        ),
    ),
    Fault(
        "overbuilt-regions",
        "The portal runs in Frankfurt and in Oregon",
        "overbuilt.regions",
        Severity.NICE,
        edited(
            "render.yaml", "    plan: basic-256mb\n    region: frankfurt", "    plan: basic-256mb\n    region: oregon"
        ),
        subject="render.yaml:28",
    ),
    Fault(
        "overbuilt-pieces",
        "The portal is cut into five services, each with its own image",
        "overbuilt.microservices",
        Severity.NICE,
        files({"docker-compose.yml": _PIECES}),
        subject="docker-compose.yml:3",
        twin=files({"docker-compose.yml": _ONE_IMAGE}),
    ),
)
"""What must be found, and what looks alike and is right."""
