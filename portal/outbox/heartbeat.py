"""When the worker that delivers mail was last at work, for `/readyz`. Kept in the cache: losing it costs one round."""

from datetime import datetime

from django.core.cache import cache
from django.utils import timezone

from portal_site.logs import portal_logger

_KEY = "outbox.worker"


def beat() -> None:
    """The worker has looked for mail just now. A cache that is away does not end it."""
    try:
        cache.set(_KEY, timezone.now().isoformat(timespec="seconds"), timeout=None)
    except Exception:
        portal_logger("outbox").exception("the worker's time could not be kept")


def last_beat() -> str | None:
    """The time of the last round as ISO 8601 with its offset; None when there was none, or nobody knows."""
    try:
        kept = cache.get(_KEY)
        return datetime.fromisoformat(kept).isoformat() if kept else None
    except Exception:
        portal_logger("outbox").exception("the worker's time could not be read")
        return None
