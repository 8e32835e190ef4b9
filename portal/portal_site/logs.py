"""One JSON object a log line on standard output, with the request it belongs to, and without secrets."""

import logging
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from portal_site.redaction import redact

request_id: ContextVar[str] = ContextVar("request_id", default="")


class RedactedJsonFormatter(JsonFormatter):
    """JSON lines; redaction happens last, on what would be printed, tracebacks too, so that no caller forgets it."""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Adds the request and takes the secrets out."""
        if current := request_id.get():
            log_data.setdefault("request_id", current)
        log_data.pop("request", None)
        return redact(super().process_log_record(log_data))


def logging_config(level: str) -> dict[str, Any]:
    """For LOGGING: everything to standard output, Django's own server quiet."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": RedactedJsonFormatter,
                "format": "{asctime}{levelname}{name}{message}",
                "style": "{",
                "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
            }
        },
        "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            # The request log says the same in one line.
            "django.server": {"handlers": [], "level": "ERROR", "propagate": False},
            "axes": {"level": "WARNING"},
            # Scanners ask for other hosts all day; the request log shows their 400.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
        },
    }


def portal_logger(name: str) -> logging.Logger:
    """The logger of one app: `portal.files`, `portal.outbox`."""
    return logging.getLogger(f"portal.{name}")
