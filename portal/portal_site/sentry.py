"""Errors to any Sentry-compatible collector, without the people's data in them."""

from typing import Any

import sentry_sdk
from sentry_sdk.integrations.django import DjangoIntegration

from portal_site.redaction import redact


def start_sentry(dsn: str, environment_name: str) -> None:
    """Sends unhandled errors to `dsn`; does nothing where it is empty."""
    if not dsn:
        return
    sentry_sdk.init(
        dsn=dsn,
        environment=environment_name,
        integrations=[DjangoIntegration()],
        max_request_body_size="never",
        include_local_variables=False,
        traces_sample_rate=0.0,
        before_send=lambda event, _hint: _clean(event),
    )


def _clean(event: Any) -> Any:
    return redact(event)
